from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox import Broker, Limits, Outcome
from tests.corpus.frames import write_both
from tests.corpus.records import LIMITS, Canaries


@pytest.fixture(scope="session")
def frames(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    return write_both(tmp_path_factory.mktemp("frames"))


@pytest.fixture(scope="session")
def brokers() -> Iterator[Callable[..., Broker]]:
    """Brokers by their options, each started once."""
    made: dict[str, Broker] = {}

    def broker(limits: Limits = LIMITS, **options) -> Broker:
        return made.setdefault(repr((limits, options)), Broker(limits, **options))

    yield broker
    for each in made.values():
        each.close()


@pytest.fixture(scope="session")
def call(frames: dict[str, list[Path]], brokers: Callable[..., Broker]) -> Callable[..., Outcome]:
    def call(code: str, **limits: int) -> Outcome:
        return brokers(replace(LIMITS, **limits)).run(code, frames)

    return call


@pytest.fixture
def canaries(tmp_path: Path) -> Iterator[Canaries]:
    sealed = tmp_path / "sealed"
    sealed.mkdir()
    canaries = Canaries(sealed, tmp_path)
    yield canaries
    canaries.close()
