"""Settings, budgets and advice around the sandbox."""

import pytest

from factory.core.errors import FlowError
from factory.core.settings import WEAK_IN_WORDS, SandboxSettings
from factory.expressions.operators import OPERATORS
from sandbox import Level, Limits
from sandbox.limits import MIB
from server.python_tool.budget import HOUR, Budget
from server.python_tool.cheaper_tools import find_cheaper_tool
from server.python_tool.hints import find_hint
from server.python_tool.sandbox import describe_isolation, limits_of


def test_what_was_set_limits_a_call_and_the_rest_is_the_sandboxes_own() -> None:
    limits = limits_of(SandboxSettings.read({"RFCAT_SANDBOX_WALL": "8", "RFCAT_SANDBOX_MEMORY": "71"}))
    assert (limits.wall, limits.memory, limits.cpu) == (8, 71 * MIB, Limits().cpu)
    assert limits_of(SandboxSettings()) == Limits()


def test_how_well_code_is_walled_in_is_told() -> None:
    allowed = SandboxSettings.read({"RFCAT_SANDBOX_WEAK": WEAK_IN_WORDS})
    assert "execute_python is off" in describe_isolation(Level.WEAK, SandboxSettings())
    assert "allowed all the same" in describe_isolation(Level.WEAK, allowed)
    assert describe_isolation(Level.STRONG, SandboxSettings()).startswith("strong: ")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("server.python_tool.budget.time.monotonic", lambda: now[0])
    return now


def budget_of(**most: int) -> Budget:
    return Budget(SandboxSettings.read({f"RFCAT_SANDBOX_{name.upper()}": str(number) for name, number in most.items()}))


def test_a_connection_has_its_calls_an_hour(clock: list[float]) -> None:
    budget = budget_of(calls=2)
    budget.admit("a")
    clock[0] += 600
    budget.admit("a")
    budget.admit("b")
    with pytest.raises(FlowError, match=r"2 calls within the hour \(limit 2\); more in 50 min"):
        budget.admit("a")
    clock[0] += HOUR - 599
    budget.admit("a")


def test_a_connection_has_its_tokens_an_hour(clock: list[float]) -> None:
    budget = budget_of(tokens=100)
    budget.admit("a")
    assert budget.spend("a", "x" * 401) == 101
    with pytest.raises(FlowError, match=r"101 tokens came back within the hour \(limit 100\); more in 60 min"):
        budget.admit("a")
    budget.admit("b")
    clock[0] += HOUR + 1
    budget.admit("a")


def test_pages_of_earlier_output_cost_tokens_and_no_call(clock: list[float]) -> None:
    budget = budget_of(calls=1, tokens=100)
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
    assert tool in str(find_cheaper_tool(code))


@pytest.mark.parametrize(
    ("code", "operator"),
    [
        ("train.close.pct_change(5).tail()", "ret"),
        ("train['close'].diff(periods=3)", "diff"),
        ("x = train.close / train.close.shift(1)", "lag"),
        ("train.close.rolling(20).mean()", "mean"),
        ("train[['open', 'close']].rolling(window=20).std()", "std"),
        ("train.close.ewm(span=20).mean()", "ema"),
        ("train.volume.rolling(60).rank(pct=True)", "rank"),
    ],
)
def test_advice_names_the_operator_that_computes_what_the_code_does(code: str, operator: str) -> None:
    said = str(find_cheaper_tool(code, series="gold"))
    example = said.split("'")[1]
    assert example == OPERATORS[operator].example.replace("btc", "gold")
    assert find_cheaper_tool(code, {said}, "gold") is None, "once is enough"
    other = "train.close.rolling(9).median()"
    assert "median(" in str(find_cheaper_tool(f"{code}\n{other}", {said}, "gold"))


@pytest.mark.parametrize(
    "code",
    [
        "train.close.pct_change().autocorr(5)",
        "train.close.pct_change().groupby(train.index.hour).mean()",
        "train.close.resample('1D').last().pct_change()",
        "later = train.close.shift(-5) / train.close - 1",
        "train.close.rolling(20).apply(f)",
        "train.close.expanding().mean()",
        "x.mean()",
    ],
)
def test_no_feature_is_advised_where_the_code_makes_none(code: str) -> None:
    assert find_cheaper_tool(code) is None


@pytest.mark.parametrize("code", ["train.describe()", "print(1)", "x = (", "\0"])
def test_no_advice_where_code_is_the_way(code: str) -> None:
    assert find_cheaper_tool(code) is None


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
    assert (find_cheaper_tool(code, {done}) is None) == (done in tools)


def test_advice_goes_on_to_what_is_left() -> None:
    assert "rank_features" in str(find_cheaper_tool("m.fit(x)\ntrain.corr()", {"backtest"}))
    assert find_cheaper_tool("m.fit(x)\ntrain.corr()", {"backtest", "rank_features"}) is None


SERIES = {
    "pm": {"kind": "values", "columns": ["up"]},
    "btc": {"kind": "bars", "columns": ["open", "close", "volume"]},
    "eth": {"kind": "bars", "columns": ["close"]},
}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            "KeyError: 'btc_close'",
            "write train['close']: columns of btc are named as they are, of other series as series_column",
        ),
        ("line 3: KeyError: \"['btc.volume'] not in index\"", "write train['volume']"),
        ("line 1: AttributeError: 'DataFrame' object has no attribute 'eth_closes'", "write train['eth_close']"),
        ("KeyError: 'Close'", "write train['close']"),
        ("KeyError: 'pm.up'", "write train['pm_up']"),
        ("NameError: name 'close' is not defined", "write train['close']"),
        ("NameError: name 'btc' is not defined", "write train['open']"),
        ("KeyError: 'r15'", "features=['r15'] makes it a column"),
        ("NameError: name 'validation' is not defined", "data='validation'"),
        ("NameError: name 'predictions' is not defined", "pipeline='...'"),
        ("NameError: name 'trades' is not defined", "pipeline='...', a trial's, and data='validation'"),
    ],
)
def test_an_error_for_want_of_a_name_says_what_to_pass_or_write(error: str, said: str) -> None:
    assert said in str(find_hint(error, {"train"}, SERIES, ["r15"]))


@pytest.mark.parametrize("error", ["KeyError: 'close'", "KeyError: 'zzz'", "KeyError: 3", "ZeroDivisionError: x", "no trades"])
def test_an_error_of_another_kind_gets_no_hint(error: str) -> None:
    assert find_hint(error, {"train"}, SERIES, ["r15"]) is None


def test_a_frame_that_was_there_is_not_asked_for_again() -> None:
    assert find_hint("NameError: name 'trades' is not defined", {"train", "trades"}, SERIES, []) is None
