"""Settings, budgets and advice around the sandbox."""

import pytest

from factory.errors import FactoryError, FlowError
from sandbox import Level
from sandbox.limits import MIB
from server.sandboxing import HOUR, VARIABLES, WEAK, WEAK_IN_WORDS, Budget, Settings, read_settings, told
from server.steering import advice


def test_every_setting_is_read() -> None:
    found = read_settings({name: str(least + 7) for name, (_, least, _) in VARIABLES.items()})
    assert (found.shown, found.calls, found.tokens) == (1_007, 7, 7)
    assert (found.limits.code, found.limits.output, found.limits.wall, found.limits.cpu) == (8, 1_007, 8, 8)
    assert found.limits.memory == 71 * MIB
    assert read_settings({}) == Settings()


@pytest.mark.parametrize("value", ["many", "-1", "1.5", "0"])
def test_a_wrong_setting_is_named_with_its_mend(value: str) -> None:
    with pytest.raises(FactoryError, match=rf"RFCAT_SANDBOX_WALL: '{value}' is no whole number of at least 1; write"):
        read_settings({"RFCAT_SANDBOX_WALL": value})


def test_code_without_a_wall_must_be_allowed_in_words() -> None:
    with pytest.raises(FactoryError, match=f"write '{WEAK_IN_WORDS}'"):
        read_settings({WEAK: "1"})
    assert read_settings({WEAK: WEAK_IN_WORDS}).allow_weak
    assert "execute_python is off" in told(Level.WEAK, Settings())
    assert "allowed all the same" in told(Level.WEAK, Settings(allow_weak=True))
    assert told(Level.STRONG, Settings()).startswith("strong: ")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("server.sandboxing.time.monotonic", lambda: now[0])
    return now


def test_a_connection_has_its_calls_an_hour(clock: list[float]) -> None:
    budget = Budget(Settings(calls=2))
    budget.admit("a")
    clock[0] += 600
    budget.admit("a")
    budget.admit("b")
    with pytest.raises(FlowError, match=r"2 calls within the hour \(limit 2\); more in 50 min"):
        budget.admit("a")
    clock[0] += HOUR - 599
    budget.admit("a")


def test_a_connection_has_its_tokens_an_hour(clock: list[float]) -> None:
    budget = Budget(Settings(tokens=100))
    budget.admit("a")
    assert budget.spend("a", "x" * 401) == 101
    with pytest.raises(FlowError, match=r"101 tokens came back within the hour \(limit 100\); more in 60 min"):
        budget.admit("a")
    budget.admit("b")
    clock[0] += HOUR + 1
    budget.admit("a")


def test_pages_of_earlier_output_cost_tokens_and_no_call(clock: list[float]) -> None:
    budget = Budget(Settings(calls=1, tokens=100))
    budget.admit("a")
    budget.admit("a", calls=0)
    assert budget.spend("a", "x" * 400) == 100
    with pytest.raises(FlowError, match="100 tokens came back"):
        budget.admit("a", calls=0)


@pytest.mark.parametrize(
    ("code", "tool"),
    [
        ("train.close.rolling(20).mean()", "features="),
        ("from sklearn.linear_model import Ridge\nRidge().fit(train, y)", "backtest"),
        ("train.corr()", "rank_features"),
        ("roc_auc_score(y, p)", "rank_features"),
        ("m.fit(x)\ntrain.corr()", "backtest"),
    ],
)
def test_advice_names_the_tool_that_does_it_for_less(code: str, tool: str) -> None:
    assert tool in str(advice(code))


@pytest.mark.parametrize("code", ["train.describe()", "print(1)", "x = (", "\0"])
def test_no_advice_where_code_is_the_way(code: str) -> None:
    assert advice(code) is None


@pytest.mark.parametrize("done", ["train", "backtest", "tune", "rank_features", "features", "show"])
@pytest.mark.parametrize(
    ("code", "tools"),
    [
        ("train.close.rolling(20).mean()", {"features"}),
        ("m.fit(x)", {"train", "backtest", "tune"}),
        ("train.corr()", {"rank_features"}),
    ],
)
def test_advice_is_of_what_was_not_done_already(code: str, tools: set[str], done: str) -> None:
    assert (advice(code, {done}) is None) == (done in tools)


def test_advice_goes_on_to_what_is_left() -> None:
    assert "rank_features" in str(advice("m.fit(x)\ntrain.corr()", {"backtest"}))
    assert advice("m.fit(x)\ntrain.corr()", {"backtest", "rank_features"}) is None
