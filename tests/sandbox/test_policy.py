"""Holes looked for beyond the corpus: each line would get past a guard that forgot it."""

from collections.abc import Callable

import pytest

from sandbox import Outcome
from tests.corpus.records import Canaries

REFUSED = {
    "dunder of a facade by getattr": 'getattr(np, "__cla" + "ss__")',
    "inner dict of a facade": 'getattr(np, "_members")',
    "inner dict of a facade by import": "from numpy import _members",
    "the kind of kinds": 'T = type(int)\nT("X", (), {"__del__": 1})',
    "the kind of functions": "type(lambda: 0)",
    "array constructor": "np.ndarray((3,), strides=(1 << 40,))",
    "array constructor by type": "type(np.zeros(1))((3,))",
    "file of to_string": 'train.head().to_string("{CANARY_WRITE}")',
    "file of to_string by name": 'train.head().to_string(buf="{CANARY_WRITE}")',
    "file of unbound to_string": 'pd.DataFrame.to_string(train, "{CANARY_WRITE}")',
    "unbound agg": 'pd.DataFrame.agg(train, "to_csv")',
    "agg by named tuple": 'train.groupby(train.index.hour).agg(x=("close", "to_csv"))',
    "agg by NamedAgg": 'train.groupby(train.index.hour).agg(x=pd.NamedAgg("close", "to_pickle"))',
    "agg by array": 'train.agg(np.array(["to_csv"], dtype=object))',
    "agg by extension array": 'train.agg(pd.array(["to_csv"]))',
    "agg by series": 'train.agg(pd.Series(["to_csv"], index=["close"]))',
    "agg by generator": 'train.agg(x for x in ["to_csv"])',
    "agg list changed under way": (
        'names = [None, "mean"]\ndef swap(s):\n    names[1] = "to_json"\n    return 0.0\nnames[0] = swap\n'
        'r = train.agg(names)\nassert "to_json" not in r.index\nraise ValueError("kept: " + str(list(r.index)))'
    ),
    "pivot by name": 'train.pivot_table(values="close", index="open", aggfunc="to_csv")',
    "pivot function by name": 'pd.pivot_table(train, values="close", index="open", aggfunc="to_csv")',
    "crosstab by name": 'pd.crosstab(train.open, train.close, values=train.low, aggfunc="to_csv")',
    "window by name": 'train.close.rolling(3, win_type="__dir__")',
    "query with a matrix product": 'train.query("close @pd")',
    "nested format spec": '"{:{0.real}}".format(3)',
    "subclass of a frame": "class D(pd.DataFrame):\n    pass",
    "subclass of a string": "class S(str):\n    pass",
    "base by call": "class A(type(train)):\n    pass",
    "super of a foreign class": 'super(pd.DataFrame, train).to_csv("{CANARY_WRITE}")',
    "wraps": "import functools\nfunctools.wraps",
    "attribute of a function": "def f():\n    pass\nf.x = 1",
    "augmented attribute of a foreign object": "pd.DataFrame.shape += 1",
    "annotated attribute of a foreign object": "pd.DataFrame.shape: int = 1",
    "loop into a foreign attribute": "for np.pi in [3]:\n    pass",
    "with into a foreign attribute": "with np.errstate() as math.pi:\n    pass",
    "delete a foreign attribute": "del pd.DataFrame.mean",
    "lambda shadows a guard": "(lambda _getattr_: 1)(2)",
    "except shadows a guard": "try:\n    1 / 0\nexcept ZeroDivisionError as _write_:\n    pass",
    "comprehension shadows a guard": "[1 for _slot_ in [1]]",
    "metaclass shadowed": "def __metaclass__(*a):\n    pass",
    "array protocol": "class A:\n    def __array__(self):\n        return 1",
    "exception class attribute": "try:\n    raise AttributeError(name='x', obj=train)\nexcept AttributeError as e:\n    e.obj",
    "cache of a pipeline": (
        "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler\n"
        'p = make_pipeline(StandardScaler(), StandardScaler(), memory="{CANARY_WRITE}")\np.fit(train)'
    ),
    "time zone file": 'train.index.tz_localize("dateutil/{CANARY_FILE}")',
    "print to a file": "print(1, file=train)",
    "print redefined": "def print(x):\n    pass",
    "bit generator": "np.random.default_rng(1).bit_generator",
    "throw into a generator": "def g():\n    yield 1\ng().throw(ValueError)",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_law_10_holes_stay_closed(name: str, call: Callable[[str], Outcome], canaries: Canaries) -> None:
    outcome = call(canaries.fill(REFUSED[name]))
    assert outcome.error, outcome
    assert outcome.limit is None
    assert "crashed" not in outcome.error
    assert canaries.tripped(outcome.output + outcome.error) is None
