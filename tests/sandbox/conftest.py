from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sandbox import Limits, Outcome, run
from sandbox.frames import write
from tests.sandbox.corpus import LIMITS, Canaries


def bars(start: str, rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    close = 100 * np.exp(random.normal(0, 0.01, rows).cumsum())
    columns = {"open": close, "high": close * 1.01, "low": close * 0.99, "close": close, "volume": random.uniform(1, 9, rows)}
    return pd.DataFrame(columns, index=pd.date_range(start, periods=rows, freq="h", name="time"))


@pytest.fixture(scope="session")
def frames(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("frames")
    paths = {name: folder / f"{name}.arrow" for name in ("train", "validation")}
    write(bars("2024-01-01", 2000, 1), paths["train"])
    write(bars("2024-06-01", 700, 2), paths["validation"])
    return paths


@pytest.fixture(scope="session")
def call(frames: dict[str, Path]) -> Callable[..., Outcome]:
    def call(code: str, limits: Limits = LIMITS) -> Outcome:
        return run(code, frames, limits)

    return call


@pytest.fixture
def canaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Canaries]:
    canaries = Canaries(tmp_path)
    monkeypatch.setenv("SANDBOX_CANARY", canaries.token)
    yield canaries
    canaries.close()
