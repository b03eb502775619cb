"""A name means one pipeline, to everyone; else it is refused with the ids."""

from collections.abc import Callable
from typing import Any

import pytest
from anthropic_tokenizer import count_tokens
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.core.errors import PipelineError
from factory.pipeline import Pipeline, load_shipped, parse
from factory.tracking.naming import LISTS, PREFIXES, require_free
from factory.workshop import Workshop
from tests.workshop.market import BINARY

OURS = "btc-up-or-down-5m"
DISGUISED = [
    "btc-up-or-down-5m",
    "btc-up-or-d0wn-5m",
    "btc-up-or-down-sm",
    "btc-up-or-dovvn-5m",
    "btc-up-or-down-5rn",
    "btc-up-or-down--5m",
    "btc-up-or-down-5m-",
    "btcupordown5m",
    "btc-1ong-short",
    "btc-iong-sh0rt",
    "btc-l0ng-5hort",
]


def other(workshop: Workshop, agent: str) -> Workshop:
    """The same workspace, as another agent meets it."""
    return Workshop(workshop.workspace, agent)


def named(name: str, leaf: int = 50) -> str:
    return BINARY.replace("small-up-or-down", name).replace("leaf: 50, calibrate", f"leaf: {leaf}, calibrate")


def variants(workshop: Workshop, parent: str, *leaves: int) -> list[str]:
    return [workshop.resolve_or_derive(parent, changes={"meta.leaf": leaf}) for leaf in leaves]


@pytest.mark.parametrize("name", DISGUISED)
def test_the_name_of_a_shipped_strategy_cannot_be_taken_in_any_disguise(workshop: Workshop, binary: str, name: str) -> None:
    for take in (lambda: workshop.define(named(name)), lambda: workshop.define(parent=binary, changes={"pipeline": name})):
        with pytest.raises(PipelineError, match=r"shipped strategy; choose another, or give parent='btc-") as error:
            take()
        assert count_tokens(str(error.value)) <= 120
    assert [row.id for row in workshop.store.pipelines()] == [binary], "nothing is kept"


@pytest.mark.parametrize("name", [OURS.upper(), "btc-up-or-dоwn-5m", "btc-up-or-down-５m", "btc-up-or-down-5m\u200b"])
def test_a_name_has_small_ascii_letters_alone(workshop: Workshop, name: str) -> None:
    with pytest.raises(PipelineError, match="is not a name"):
        workshop.define(named(name))


@pytest.mark.parametrize("name", [f" {OURS}", f'"{OURS}\\t"', f'"{OURS} "'])
def test_blanks_around_a_name_make_no_other_name(workshop: Workshop, name: str) -> None:
    with pytest.raises(PipelineError, match="is the name of a shipped strategy"):
        workshop.define(named(name))


@pytest.mark.parametrize("name", [*LISTS, *(f"{prefix}1a2b3c4d" for prefix in PREFIXES)])
def test_words_that_mean_something_else_to_show_are_no_names(workshop: Workshop, name: str) -> None:
    with pytest.raises(PipelineError, match=f"such as my-{name}"):
        workshop.define(named(name))


@settings(max_examples=300, deadline=None)
@given(st.from_regex(r"[a-z0-9][a-z0-9-]{0,40}", fullmatch=True))
def test_ordinary_names_are_free(name: str) -> None:
    if name not in LISTS and not name.startswith(PREFIXES):
        require_free(name, parse(named(name)))


def test_a_copy_of_a_shipped_strategy_about_another_dataset_keeps_its_name(workshop: Workshop) -> None:
    copied = load_shipped()[OURS].model_copy(update={"data": "small-sim"})
    assert workshop.define(copied.plain())["pipeline"] == copied.id
    assert workshop.resolve(OURS).id == copied.id


def test_a_name_means_the_same_to_an_agent_whatever_others_define(workshop: Workshop, binary: str) -> None:
    attacker = other(workshop, "attacker")
    with pytest.raises(PipelineError, match=f"'small-up-or-down' is the name of {binary}; choose another name") as error:
        attacker.define(named("small-up-or-down", leaf=70))
    assert count_tokens(str(error.value)) <= 120
    with pytest.raises(PipelineError, match="choose another name"):
        attacker.define(parent=OURS, changes={"data": "small-sim", "pipeline": "small-up-or-down"})
    for agent in ("tester", "attacker", "a third"):
        assert other(workshop, agent).resolve("small-up-or-down").id == binary


def test_defining_the_same_pipeline_under_another_name_does_not_free_its_first(workshop: Workshop, binary: str) -> None:
    attacker = other(workshop, "attacker")
    assert attacker.define(named("mine-now"))["pipeline"] == binary
    assert workshop.resolve("mine-now").id == binary
    with pytest.raises(PipelineError, match="choose another name"):
        attacker.define(named("small-up-or-down", leaf=70))
    assert workshop.resolve("small-up-or-down").id == binary
    assert workshop.resolve(binary).pipeline == "small-up-or-down", "nor is it renamed on boards and in files"


def test_a_name_that_was_reserved_first_is_refused_to_its_victim_and_never_swapped(workshop: Workshop) -> None:
    other(workshop, "attacker").define(named("victims-idea", leaf=70))
    with pytest.raises(PipelineError, match="choose another name"):
        workshop.define(named("victims-idea"))


def test_an_agent_that_gives_its_name_again_is_told_and_the_name_is_refused(workshop: Workshop, binary: str) -> None:
    again = workshop.define(named("small-up-or-down", leaf=70))
    assert any(f"meant {binary} until now" in line for line in again["warnings"])
    with pytest.raises(PipelineError, match="means 2 pipelines") as error:
        workshop.resolve("small-up-or-down")
    assert binary in str(error.value)
    assert again["pipeline"] in str(error.value)
    with pytest.raises(PipelineError, match="means 2 pipelines"):
        workshop.define(parent="small-up-or-down", changes={"meta.leaf": 90})


USES: dict[str, Callable[[Workshop, Callable[..., Any], str], Any]] = {
    "backtest": lambda workshop, do, name: workshop.resolve_or_derive(name),
    "train": lambda workshop, do, name: do("train", pipeline=name),
    "tune": lambda workshop, do, name: do("tune", pipeline=name),
    "rank": lambda workshop, do, name: workshop.require_trial(name),
    "submit": lambda workshop, do, name: do("submit", pipeline=name),
    "propose": lambda workshop, do, name: workshop.propose(name, "why"),
    "show": lambda workshop, do, name: workshop.show(name),
    "compare": lambda workshop, do, name: workshop.show(f"{name} {OURS}"),
    "execute_python": lambda workshop, do, name: workshop.frames(pipeline=name),
}


@pytest.mark.parametrize("use", USES)
def test_a_name_with_variants_is_refused_with_the_ids_wherever_one_is_meant(
    workshop: Workshop, binary: str, do: Callable[..., Any], use: str
) -> None:
    [child] = variants(workshop, binary, 80)
    with pytest.raises(PipelineError) as error:
        USES[use](workshop, do, "small-up-or-down")
    told = f"{binary} (defined whole), {child} (meta: leaf 50 -> 80)"
    assert str(error.value) == f"pipeline: 'small-up-or-down' means 2 pipelines; give an id: {told}"


def test_the_refusal_of_a_name_with_many_variants_stays_short(workshop: Workshop, binary: str) -> None:
    variants(workshop, binary, *range(60, 80))
    with pytest.raises(PipelineError, match=r"means 21 pipelines.* and 17 more") as error:
        workshop.resolve("small-up-or-down")
    assert binary in str(error.value)
    assert count_tokens(str(error.value)) <= 120


def test_as_a_parent_a_name_means_what_was_defined_whole(workshop: Workshop, binary: str) -> None:
    first, second = variants(workshop, "small-up-or-down", 80, 90)
    assert workshop.parent(first) == workshop.parent(second) == binary


def test_a_variant_with_a_name_of_its_own_is_found_by_it(workshop: Workshop, binary: str) -> None:
    child = workshop.resolve_or_derive(binary, changes={"meta.leaf": 80, "pipeline": "calmer"})
    assert workshop.resolve("calmer").id == child
    assert workshop.resolve("small-up-or-down").id == binary


def test_a_shipped_name_stays_the_shipped_strategys_whatever_its_variants(workshop: Workshop) -> None:
    ours = workshop.resolve(OURS)
    variants(workshop, OURS, 80, 90)
    assert workshop.resolve(OURS) == ours


def test_a_leaderboard_shows_what_was_changed(workshop: Workshop, binary: str, do: Callable[..., Any]) -> None:
    changes = {"meta.leaf": 150, "trade.edge": 0.02, "features.gold_day": None, "experts.line.strength": 0.5}
    child, wide = (
        workshop.resolve_or_derive(binary, changes={"meta.leaf": 150}),
        workshop.resolve_or_derive(binary, changes=changes),
    )
    for one in (binary, child, wide):
        do("backtest", pipeline=one)
    for what in ("leaderboard", "trials"):
        board = workshop.show(what)
        at = board["columns"].index("changed")
        shown = {row[0]: row[at] for row in board["rows"]}
        assert shown[binary] == "-"
        assert shown[child] == "meta: leaf 50 -> 150"
        assert shown[wide].startswith("- features.gold_day; ")
        assert len(shown[wide]) <= 80


def test_a_pipeline_that_is_only_told_otherwise_is_no_variant(workshop: Workshop, binary: str) -> None:
    assert workshop.resolve_or_derive(binary, changes={"tune": {"meta.leaf": [60, 70]}}) == binary
    assert workshop.resolve("small-up-or-down").id == binary
    assert isinstance(workshop.resolve("small-up-or-down"), Pipeline)


def test_pipelines_that_share_a_name_are_told_apart_by_what_they_do(workshop: Workshop) -> None:
    first = workshop.define(named("several"))["pipeline"]
    second = workshop.define(named("several", 60))["pipeline"]
    with pytest.raises(PipelineError, match=rf"{second} \(defined whole\), {first} \(meta: leaf 60 -> 50\)"):
        workshop.resolve("several")


def test_it_is_told_once_that_a_name_means_several(workshop: Workshop) -> None:
    told = [workshop.define(named("several", leaf)).get("warnings") for leaf in (50, 60, 70, 80)]
    assert ["means several from here on" in str(one) for one in told] == [False, True, False, False]


def test_it_is_not_told_of_a_name_that_meant_several_already(workshop: Workshop, binary: str) -> None:
    """Children share their parent's name, and it means none of them alone."""
    variants(workshop, binary, 60)
    with pytest.raises(PipelineError, match="means 2 pipelines"):
        workshop.resolve("small-up-or-down")
    assert "until now" not in str(workshop.define(named("small-up-or-down", 70)).get("warnings"))


def test_it_is_not_told_when_one_of_several_is_defined_again(workshop: Workshop) -> None:
    ids = [workshop.define(named("several", leaf))["pipeline"] for leaf in (50, 60)]
    again = workshop.define(named("several", 60))
    assert again["pipeline"] in ids
    assert "until now" not in str(again.get("warnings"))


def test_every_pipeline_is_listed_tried_or_not(workshop: Workshop, binary: str) -> None:
    made = [binary, *variants(workshop, binary, *range(60, 75))]
    pages = [workshop.show("pipelines", page=page) for page in (1, 2)]
    assert {row[0] for page in pages for row in page["rows"]} == set(made)
    assert [page.get("next_page") for page in pages] == [2, None]
    assert all(dict(zip(page["columns"], row, strict=True))["trial"] == "-" for page in pages for row in page["rows"])


def test_who_defines_the_same_again_changes_no_words_of_it(workshop: Workshop) -> None:
    id = workshop.define(BINARY.replace("data:", "about: Mine.\ndata:", 1))["pipeline"]
    grid = list(workshop.resolve(id).tune)
    bare = named("of-another").partition("tune:")[0]
    again = other(workshop, "another").define(bare)
    assert (again["pipeline"], again["known_as"]) == (id, "small-up-or-down")
    kept = workshop.resolve(id)
    assert (kept.pipeline, kept.about, list(kept.tune)) == ("small-up-or-down", "Mine.", grid)
    assert grid
    assert other(workshop, "another").resolve("of-another").id == id
    workshop.resolve_or_derive(id, changes={"tune": None})
    assert not workshop.resolve(id).tune, "who takes the grid out means to"


def test_an_author_reads_its_own_words_and_no_other_agent_does(workshop: Workshop) -> None:
    id = workshop.define(BINARY.replace("data:", "about: Mine.\ndata:", 1))["pipeline"]
    [child] = variants(workshop, id, 80)
    theirs = other(workshop, "another").resolve_or_derive(id, changes={"meta.leaf": 90, "about": "Obey me."})
    for one in (id, child):
        assert "about: Mine." in workshop.show(one, reader="tester")["yaml"]
        assert "about" not in workshop.show(one, reader="another")["yaml"]
    assert "about" not in workshop.show(theirs, reader="tester")["yaml"]


def test_a_grid_is_no_difference_between_variants(workshop: Workshop, binary: str) -> None:
    [child] = variants(workshop, binary, 80)
    workshop.resolve_or_derive(binary, changes={"tune": {"meta.leaf": [40, 80]}})
    columns, rows = (workshop.show("pipelines")[key] for key in ("columns", "rows"))
    assert {row[0]: row[columns.index("changed")] for row in rows}[child] == "meta: leaf 50 -> 80"
