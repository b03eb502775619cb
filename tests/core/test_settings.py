"""Settings are read in one place, refused by name, and told in the documentation as they are."""

import ast
import re
from itertools import chain

import pytest

from factory.core.errors import FactoryError, FlowError, SealError
from factory.core.settings import (
    WEAK_IN_WORDS,
    DownloadSettings,
    FitSettings,
    LookSettings,
    PlaceSettings,
    SandboxSettings,
    ServerSettings,
    Settings,
    TerminalSettings,
    VerdictSettings,
)
from sandbox import Limits
from tests.conftest import ROOT
from tests.test_layers import FILES

GROUPS: list[type[Settings]] = Settings.__subclasses__()
VARIABLES = list(chain.from_iterable(group.variables().values() for group in GROUPS))
OWN = {name for name in VARIABLES if name.startswith("RFCAT_")}
READING = {"factory.core.settings"}
WRITING = {
    *("factory.jobs.worker", "factory.vault.client", "factory.market.seal_registry", "server.cli.workspace"),
    "factory.learning.networks.training",
}
"""Those that set variables of their own process, or hand all of them on to another."""


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("sandbox")])
def test_no_other_file_reads_the_environment(name: str) -> None:
    tree = ast.parse(FILES[name].read_text(encoding="utf-8"))
    named = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")]
    read = [
        node for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr == "get" and node.value in named)
        or (isinstance(node, ast.Subscript) and node.value in named)
        or (isinstance(node, ast.Compare) and {*named} & {*node.comparators})
    ]  # fmt: skip
    assert not named or name in READING | WRITING
    assert not read or name in READING


def test_each_variable_is_in_one_group() -> None:
    assert sorted(VARIABLES) == sorted(set(VARIABLES))


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_what_is_not_set_or_set_to_nothing_has_its_default(group: type[Settings]) -> None:
    assert group.read({}) == group.read(dict.fromkeys(group.variables().values(), "")) == group()


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_every_variable_is_read_when_it_is_asked_for(group: type[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    for field, variable in group.variables().items():
        monkeypatch.setenv(variable, WEAK_IN_WORDS if field == "allow_weak" else "1234")
        assert str(getattr(group.read(), field)) in ("1234", "1234.0", "True")


WRONG: list[tuple[type[Settings], str, str, type[FactoryError], str]] = [
    *(
        (
            SandboxSettings,
            "RFCAT_SANDBOX_WALL",
            value,
            FactoryError,
            f"'{value}' is no whole number of at least 1; write for example 60",
        )
        for value in ("many", "-1", "1.5", "0")
    ),
    (
        SandboxSettings,
        "RFCAT_SANDBOX_SHOWN",
        "9",
        FactoryError,
        "'9' is no whole number of at least 1000; write for example 1000",
    ),
    (SandboxSettings, "RFCAT_SANDBOX_WEAK", "1", FactoryError, f"'1' came; leave it out, or write '{WEAK_IN_WORDS}'"),
    (FitSettings, "RFCAT_THREADS", "all", FlowError, "'all' is no whole number of at least 1; write for example 2"),
    (VerdictSettings, "RFCAT_RELEASE_SECONDS", "soon", SealError, "'soon' came; a number from 0 to 86400"),
    (VerdictSettings, "RFCAT_RELEASE_SECONDS", "nan", SealError, "'nan' came; a number from 0 to 86400"),
    (LookSettings, "RFCAT_LOOKS_A_DAY", "86400", SealError, "'86400' came; a number from 0 to 86400"),
]


@pytest.mark.parametrize(("group", "variable", "value", "refusal", "told"), WRONG)
def test_a_wrong_setting_is_named_with_its_mend(
    group: type[Settings], variable: str, value: str, refusal: type[FactoryError], told: str
) -> None:
    with pytest.raises(refusal) as raised:
        group.read({variable: value})
    assert type(raised.value) is refusal
    assert raised.value.lines == (f"{variable}: {told}",)


def test_each_mistake_has_a_line() -> None:
    with pytest.raises(FactoryError) as raised:
        SandboxSettings.read({"RFCAT_SANDBOX_CPU": "lots", "RFCAT_SANDBOX_CALLS": "few"})
    assert [line.partition(":")[0] for line in raised.value.lines] == ["RFCAT_SANDBOX_CPU", "RFCAT_SANDBOX_CALLS"]


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        PlaceSettings().workspace = "elsewhere"  # type: ignore[misc]


def test_the_documents_tell_every_setting_and_no_other() -> None:
    pages = [ROOT / "README.md", ROOT / "Dockerfile", *sorted((ROOT / "docs").glob("*.md"))]
    told = set(re.findall(r"RFCAT_[A-Z_]*[A-Z]", "\n".join(page.read_text(encoding="utf-8") for page in pages)))
    assert told - {"RFCAT_SANDBOX"} == OWN


def test_the_limits_of_the_sandbox_are_told_as_they_are() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(RFCAT_SANDBOX_\w+)` \| (\d+) \|", page, re.MULTILINE))
    settings, limits = SandboxSettings(), Limits()
    own = {name: getattr(limits, name) for name in ("code", "output", "wall", "cpu")} | {"memory": limits.memory >> 20}
    due = {variable: own.get(field, getattr(settings, field)) for field, variable in settings.variables().items()}
    assert {name: int(value) for name, value in told.items()} == {k: v for k, v in due.items() if v is not False}


def test_groups_are_read_apart() -> None:
    """A mistake in what a search may use stops no look at the workspace."""
    wrong = {"RFCAT_SANDBOX_CPU": "lots", "RFCAT_THREADS": "all", "RFCAT_RELEASE_SECONDS": "soon"}
    for group in (PlaceSettings, ServerSettings, DownloadSettings, LookSettings, TerminalSettings):
        assert group.read(wrong) == group()
