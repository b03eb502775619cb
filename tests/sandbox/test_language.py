"""What people write must run, and errors must say how to go on."""

from collections.abc import Callable

import pytest

from sandbox import Outcome

PROGRAMS = {
    "a last bare expression is shown": ("x = 2\nx + 1", "3\n"),
    "nothing is shown for None": ("[].append(1)", ""),
    "a frame prints compactly": ("len(str(train).splitlines()) < 30", "True\n"),
    "the index survives the way in": ("train.index[0], train.index.name", "(Timestamp('2024-01-01 00:00:00'), 'time')\n"),
    "print knows sep and end": ('print("a", 1, sep="-", end="!")\nprint()', "a-1!\n"),
    "augmented assignment reads once and first": (
        "class A:\n    def __init__(self):\n        self.n = 1\n    def bump(self):\n        self.n = 100\n        return 1\n"
        "a = A()\na.n += a.bump()\na.n",
        "2\n",
    ),
    "private names": (
        "class A:\n    def __init__(self):\n        self._x = 1\n    def _get(self):\n        return self._x\n"
        "def _helper(a):\n    return a._get()\n_helper(A())",
        "1\n",
    ),
    "inheritance and super": (
        "class A:\n    def __init__(self, x):\n        self.x = x\n"
        "class B(A):\n    def __init__(self):\n        super().__init__(3)\nB().x",
        "3\n",
    ),
    "dataclasses": (
        "from dataclasses import dataclass, field\n@dataclass(order=True)\nclass P:\n"
        "    x: int\n    y: list = field(default_factory=list)\n"
        "p = P(1)\np.y.append(2)\nprint(p, P(1, [2]) == p)",
        "P(x=1, y=[2]) True\n",
    ),
    "nonlocal": ("def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n    g()\n    return n\nf()", "1\n"),
    "properties": ("class A:\n    @property\n    def x(self):\n        return 5\nA().x", "5\n"),
    "own exceptions": (
        "class E(ValueError):\n    def __init__(self, code):\n        super().__init__('no')\n        self.code = code\n"
        "try:\n    raise E(7)\nexcept E as e:\n    print(e, e.code, type(e).__name__)",
        "no 7 E\n",
    ),
    "columns are renamed": (
        "df = train.copy()\ndf.columns = [c.upper() for c in df.columns]\nlist(df.columns)[:2]",
        "['OPEN', 'HIGH']\n",
    ),
    "display options": ('pd.set_option("display.precision", 1)\nprint(pd.DataFrame({"x": [1.23456]}))', "     x\n0  1.2\n"),
    "a frame of some rows is printed whole": (
        "text = str(train.head(60))\nlen(text.splitlines()), '...' in text",
        "(62, False)\n",
    ),
    "many columns are neither wrapped nor left out": (
        "wide = pd.DataFrame([[1.5] * 36], columns=['c' * 20 + str(i) for i in range(36)])\nprint(wide)\nlen(str(wide).splitlines())",
        "   " + "  ".join("c" * 20 + str(i) for i in range(36)) + "\n0  " + "  ".join(["1.5"] * 36) + "\n2\n",
    ),
    "long names are not padded": (
        "pd.DataFrame({'zscore(btc.close, 24)': [1.5], 'x': [2]})",
        "   zscore(btc.close, 24)  x\n0  1.5  2\n",
    ),
    "groups keep their labels": (
        "pd.Series([1, 2], pd.MultiIndex.from_tuples([('a', 'b'), ('a', 'c')]))",
        "a  b    1\na  c    2\ndtype: int64\n",
    ),
    "dispatch by name": ('sorted(train.agg(["mean", "std"]).index)', "['mean', 'std']\n"),
    "named aggregation": (
        'list(train.groupby(train.index.hour).agg(m=("close", "mean"), n=("close", "size")).columns)',
        "['m', 'n']\n",
    ),
    "aggregation by object": ('list(train.groupby(train.index.hour).agg(m=pd.NamedAgg("close", "mean")).columns)', "['m']\n"),
    "pivots": ('pd.pivot_table(train, values="close", index=train.index.hour, aggfunc="mean").shape', "(24, 1)\n"),
    "forests on any number of jobs": (
        "from sklearn.ensemble import RandomForestClassifier\nm = RandomForestClassifier(4, n_jobs=-1, random_state=0)\n"
        "m.fit(train[['open']], train.close > train.open.shift()).n_features_in_",
        "1\n",
    ),
    "scipy": ("from scipy import stats\nround(stats.norm.cdf(0), 3)", "np.float64(0.5)\n"),
    "instance checks of arrays": (
        "isinstance(train.close.to_numpy(), np.ndarray), isinstance(1, np.ndarray)",
        "(True, False)\n",
    ),
    "time zones": ('train.index.tz_localize("UTC").tz_convert("Asia/Tokyo")[0].hour', "9\n"),
    "future annotations": ("from __future__ import annotations\ndef f(x: Unknown) -> None: ...\nf(1)", ""),
    "a window over a duration": ('int(train.close.rolling("3h").mean().isna().sum())', "0\n"),
}
MISTAKES = {
    "missing column": ("x = 1\ntrain['nope']", "line 2: KeyError: 'nope'"),
    "typo in a module": ("np.meen(1)", "line 1: AttributeError: numpy has no 'meen' in the sandbox; did you mean 'mean'?"),
    "missing builtin": ("open('x')", "line 1: NameError: 'open' is not available in the sandbox"),
    "unknown name": ("foo", "line 1: NameError: name 'foo' is not defined"),
    "syntax": ("x = (1", "line 1: SyntaxError: '(' was never closed"),
    "error inside a function": ("def f():\n    return 1 / 0\n\nf()", "line 2: ZeroDivisionError: division by zero"),
    "file": (
        "train.to_csv('x')",
        "line 1: 'to_csv' is not allowed in the sandbox; print what you need, or use to_numpy, to_dict or to_string",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_run(name: str, call: Callable[[str], Outcome]) -> None:
    code, output = PROGRAMS[name]
    outcome = call(code)
    assert (outcome.error, outcome.output) == (None, output)


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_say_where_and_what(name: str, call: Callable[[str], Outcome]) -> None:
    code, error = MISTAKES[name]
    assert call(code).error == error


def test_output_before_a_mistake_is_kept(call: Callable[[str], Outcome]) -> None:
    outcome = call("print('first')\n1 / 0")
    assert outcome.output == "first\n"
    assert outcome.error == "line 2: ZeroDivisionError: division by zero"


def test_errors_stay_short(call: Callable[[str], Outcome]) -> None:
    for code in ("raise ValueError('x' * 100_000)", "import os", "train['y' * 10_000]"):
        outcome = call(code)
        assert outcome.error
        assert len(outcome.error) < 480
        assert "\n" not in outcome.error
