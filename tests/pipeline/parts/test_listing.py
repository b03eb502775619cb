"""What `list_features` answers: the best match first, and short."""

import json

import pytest
from anthropic_tokenizer import count_tokens

from factory.core.answers import round_answer
from factory.expressions.operators import OPERATORS
from factory.expressions.recipes import RECIPES
from factory.pipeline.parts.catalog import KINDS, list_parts
from factory.pipeline.parts.synonyms import SYNONYMS as PART_SYNONYMS
from factory.views.listing import features_answer


def found(search: str, family: str | None = None) -> list[str]:
    """Names in the order of the answer."""
    lines, number = [], 1
    while True:
        answer = features_answer(family, search, None, number)
        lines += answer["features"]
        if "next_page" not in answer:
            return [line.split(":")[0].removeprefix("recipe ").split("(")[0] for line in lines]
        number += 1


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operators_own_name_finds_it_first(name: str) -> None:
    assert found(name)[0] == name
    assert found(f" {name.upper()} ")[0] == name


def test_whole_words_are_found_before_parts_of_words() -> None:
    names = found("rsi")
    assert names[:2] == ["rsi", "stoch_rsi"]
    assert "rsi_14" in names
    assert not any("zscore" in name for name in names)
    assert set(found("mean reversion")) == {one.name for one in RECIPES.values() if one.family == "mean reversion"}


def test_parts_of_words_are_found_where_no_whole_word_is() -> None:
    assert {"parkinson", "parkinson_60"} <= set(found("parkins"))
    assert found("zzz") == []
    assert found("%") == ["stochastic_k", "stochastic_d", "williams_r", "williams"]


@pytest.mark.parametrize(
    ("search", "first"),
    [
        ("moving average", "mean"),
        ("stochastic oscillator", "stochastic_k"),
        ("volume spike", "volume_burst"),
        ("overbought", "rsi"),
        ("hurst", "autocorr"),
        ("rate of change", "ret"),
        ("SMA", "mean"),
        ("pct_change", "ret"),
        ("order book imbalance", "imbalance"),
        ("decay linear", "wma"),
    ],
)
def test_the_fields_own_words_find_what_is_meant(search: str, first: str) -> None:
    assert found(search)[0] == first


def test_all_words_are_wanted_before_any_and_each_counts() -> None:
    assert set(found("stochastic oscillator")) == {"stochastic_k", "stochastic_d"}
    some = found("Chande stochastic of the zzz")
    assert {"cmo", "stochastic_k"} <= set(some)
    assert "mean" not in some, "'of' and 'the' are no words to look for"
    assert found("upper bollinger zzz")[0] == "bollinger_upper", "it has more of them than others"


@pytest.mark.parametrize(("search", "family"), [("zzz", None), ("rsi", "book"), ("ichimoku cloud", None)])
def test_where_nothing_fits_the_families_are_told(search: str, family: str | None) -> None:
    answer = features_answer(family, search, None, 1)
    assert answer["features"] == []
    assert answer["none"].startswith(f"nothing{' of book' if family else ''} answers '{search}'; ")
    assert all(one.family in answer["none"] for one in (*OPERATORS.values(), *RECIPES.values()))
    assert count_tokens(json.dumps(round_answer(answer))) <= 120
    hint = "but a part of a pipeline does: deeplob in list_features(part='networks')"
    assert features_answer(None, "deeplob", None, 1)["none"].endswith(hint)
    assert "did you mean 'stochastic_k'?" in features_answer(None, "stochastik", None, 1)["none"]


PARTS = {
    **dict.fromkeys(("xgboost", "LightGBM", "gradient boosting"), "gradient_boosting in list_features(part='experts')"),
    "random forest": "forest in list_features(part='meta')",
    **dict.fromkeys(("stop loss", "take-profit"), "triple_barrier in list_features(part='label'); barriers in"),
    "neural network": "deeplob, bin_ctabl in list_features(part='networks')",
    "walk forward": "refit in list_features(part='refit')",
}


@pytest.mark.parametrize("search", PARTS)
def test_the_fields_own_words_find_the_part_that_does_it(search: str) -> None:
    assert PARTS[search] in features_answer(None, search, None, 1)["none"]


def test_a_part_is_named_beside_the_features_that_answer_too() -> None:
    answer = features_answer(None, "logistic regression", None, 1)
    assert answer["features"]
    assert answer["also"] == "parts of a pipeline: logistic in list_features(part='experts')"
    assert features_answer(None, "rsi", None, 1)["also"] is None


def test_every_synonym_is_of_a_part() -> None:
    assert {*PART_SYNONYMS} == {one.kind or one.stage for one in list_parts()}


@pytest.mark.parametrize("stage", KINDS)
def test_a_search_for_a_stages_name_shows_that_stage(stage: str) -> None:
    answer = features_answer(None, f" {stage.upper()}", None, 1)
    assert {key: value for key, value in answer.items() if key != "features"} == features_answer(None, None, stage, 1)
    named = [line for line in answer["features"] or () if stage not in line.partition("(")[0]]
    assert named == [], "features of that name stand beside it"


@pytest.mark.parametrize("search", ["orderbook", "order book", "Order-Book", "LOB"])
def test_a_search_for_order_books_lists_all_operators_on_them(search: str) -> None:
    assert found(search) == [one.name for one in OPERATORS.values() if one.family == "book"]


def test_families_and_stages_are_named_in_any_case() -> None:
    assert features_answer(" Mean Reversion", None, None, 1) == features_answer("mean reversion", None, None, 1)
    assert features_answer(None, None, "TRADE ", 1) == features_answer(None, None, "trade", 1)


def test_a_search_stays_within_its_family() -> None:
    assert found("rsi", "indicator") == ["rsi", "stoch_rsi"]
    assert found("", "book") == [one.name for one in OPERATORS.values() if one.family == "book"]


def test_the_book_family_is_marked() -> None:
    marked = "(needs an order-book series)"
    assert [
        family for family, names in features_answer(None, None, None, 1)["operators"].items() if names.endswith(marked)
    ] == ["book"]
    alone = features_answer("book", None, None, 1)
    assert alone["all"] == marked.strip("()")
    assert not any(marked in line for line in alone["features"]), "once is enough"
    assert any(line.endswith(marked) for line in features_answer(None, "imbalance", None, 1)["features"])
    assert not any(marked in line for line in features_answer("flow", None, None, 1)["features"])


@pytest.mark.parametrize("stage", KINDS)
def test_each_stage_is_told_in_full_within_its_budget(stage: str) -> None:
    answer = round_answer(features_answer(None, None, stage, 1))
    assert count_tokens(json.dumps(answer, separators=(",", ":"))) <= 400
    for part, entry in zip(answer["parts"], list_parts(stage), strict=True):
        for key in entry.parameters:
            assert key.name in part.get("keys", "")
            assert key.allowed in part["keys"] + answer.get("shared", "")
            assert key.means in part["keys"] + answer.get("shared", "")


def test_the_rows_of_a_forest_are_explained() -> None:
    (forest,) = features_answer(None, None, "meta", 1)["parts"]
    assert "rows (drawn for each tree; none: the mean uniqueness share, at most 20000): a whole number" in forest["keys"]
