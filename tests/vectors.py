"""Hold the statistics against a file of reference vectors: ``python -m tests.vectors FILE``.

A vector is known by what it is asked: its name says the kind, its inputs the case. An input that is a text
names another vector of the file, whose data it takes. Prints the names of those that differ and, last, "N of M".
"""

import argparse
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tests.vector_kinds import HANDLERS, Values

FOREIGN = re.compile("pypbo|purgedcv|quantstats|bias_corrected|paper_value|across_seeds|_lib_")
"""What other libraries give under conventions that are not the house's."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.vectors")
    parser.add_argument("file", type=Path)
    vectors = json.loads(parser.parse_args().file.read_text(encoding="utf-8"))["vectors"]
    failed = failures(vectors)
    for name, why in failed.items():
        print(f"{name}: {why}"[:300])
    print(f"{len(vectors) - len(failed)} of {len(vectors)}")
    sys.exit(bool(failed))


def failures(vectors: list[dict[str, Any]]) -> dict[str, str]:
    """Why vectors differ, by name."""
    known = {vector["name"]: vector for vector in vectors}
    return {vector["name"]: why for vector in vectors if (why := _why(vector, known))}


def _why(vector: Values, known: Mapping[str, Values]) -> str | None:
    handler = next((one for pattern, one in HANDLERS.items() if re.match(pattern, vector["name"])), None)
    if handler is None:
        return "no statistic of this kind"
    try:
        computed = handler(resolved(vector, known))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    for key, expected in vector["expected"].items():
        if FOREIGN.search(key):
            continue
        if key not in computed:
            return f"{key}: not computed"
        if not close(computed[key], expected, vector["tolerance"]):
            return f"{key}: {str(computed[key])[:80]}, expected {str(expected)[:80]}"
    return None


def resolved(vector: Values, known: Mapping[str, Values]) -> dict[str, Any]:
    """The inputs, with texts that name another vector replaced by its data; expected keys under `wanted`."""
    inputs = {key: _taken(key, value, vector["name"], known) for key, value in vector["inputs"].items()}
    return {**inputs, "wanted": list(vector["expected"])}


def _taken(key: str, value: Any, own: str, known: Mapping[str, Values]) -> Any:
    if not isinstance(value, str):
        return value
    named = [name for name in known if name != own and name in value]
    if not named:
        return value
    data = known[max(named, key=len)]["inputs"]
    stem = key.removesuffix("s").split("_")[0]
    same = data.get(key) or next((each for name, each in data.items() if name.startswith(stem)), None)
    return same or next(each for each in data.values() if isinstance(each, list))


def close(actual: Any, expected: Any, tolerance: float) -> bool:
    """Whether two values agree, all the way down; None stands for a missing number."""
    if isinstance(expected, dict):
        return all(key in actual and close(actual[key], each, tolerance) for key, each in expected.items())
    if isinstance(expected, list):
        values = list(actual)
        return len(values) == len(expected) and all(close(a, b, tolerance) for a, b in zip(values, expected, strict=True))
    if expected is None:
        return actual is None or bool(np.isnan(actual))
    if isinstance(expected, bool | str):
        return bool(actual == expected)
    return bool(abs(float(actual) - expected) <= max(tolerance, 1e-12))


if __name__ == "__main__":
    main()
