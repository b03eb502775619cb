"""What the offered libraries offer for numbers runs, and what they import for themselves is theirs."""

import inspect
from collections.abc import Callable

import pytest

from sandbox import Outcome
from tests.sandbox.learner_parts import DATA, LEARNERS, OFFERED, functions
from tests.sandbox.numeric import Part, programs
from tests.sandbox.numeric_parts import PARTS

Call = Callable[..., Outcome]


def _runs(call: Call, prelude: str, lines: list[str]) -> None:
    for code in programs(prelude, lines):
        outcome = call(code, wall=60, cpu=60)
        assert (outcome.error, outcome.output) == (None, "")


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS, ids=[part.name for part in PARTS])
def test_the_numeric_api_runs(part: Part, call: Call) -> None:
    _runs(call, part.prelude, part.calls)


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNERS)
def test_every_offered_learner_runs(name: str, call: Call) -> None:
    _runs(call, LEARNERS[name].prelude, LEARNERS[name].calls)


@pytest.mark.slow
def test_every_offered_function_of_learners_runs(call: Call) -> None:
    for module, offered in OFFERED.items():
        names = [name for name, each in offered.items() if not inspect.isclass(each)]
        if names:
            _runs(call, f"{DATA}from {module} import {', '.join(names)}\n", functions(module, names))


COMPILED = {
    "a mean of what was chosen": ("np.where(np.arange(4) > 1, 1.0, 2.0).mean()", "np.float64(1.5)\n"),
    "moments": ("a = np.arange(3.0)\nfloat(a.var()), float(a.std() ** 2), float((a + 1).prod())", "(0.6666666666666666, 0.6666666666666666, 6.0)\n"),
    "kinds of records": ("np.dtype('f8,i4').names", "('f0', 'f1')\n"),
    "the text of an array": ("str(np.arange(3))", "'[0 1 2]'\n"),
    "a date read": ("from datetime import datetime\ndatetime.strptime('2024-01-02', '%Y-%m-%d').day", "2\n"),
    "frames of a scaler": (
        "from sklearn.preprocessing import StandardScaler\nStandardScaler().set_output(transform='pandas').fit_transform(train).shape",
        "(2000, 5)\n",
    ),
    "a missing axis": ("np.zeros(3)[:, np.newaxis].shape", "(3, 1)\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPILED)
def test_what_compiled_code_imports_is_its_own(name: str, call: Call) -> None:
    code, output = COMPILED[name]
    outcome = call(code)
    assert (outcome.error, outcome.output) == (None, output)


@pytest.mark.parametrize(
    "code",
    [
        "import numpy._core._methods",
        "from numpy._core import _methods",
        "from numpy import _core",
        "import os",
        "np.arange(3.0).mean()\nimport numpy._core._methods",
        "np._core",
        "__import__('os')",
        "__builtins__['__import__']",
    ],
)
def test_law_10_what_compiled_code_imports_is_not_the_programs(code: str, call: Call) -> None:
    assert "not allowed in the sandbox" in str(call(code).error)
