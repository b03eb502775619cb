import json
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from sandbox import Limits, Outcome, run
from sandbox.broker import READY, _judge
from tests.sandbox.corpus import LIMITS


def test_code_is_measured_before_anything_starts() -> None:
    outcome = run("#" * 20_001, {"train": Path("/nowhere")})
    assert outcome.limit == "code"
    assert "20,001 bytes; at most 20,000" in str(outcome.error)


def test_long_output_shows_head_and_tail(call: Callable[..., Outcome]) -> None:
    outcome = call("for i in range(5000):\n    print(i)", replace(LIMITS, output=200_000, shown=4_000))
    assert outcome.error is None
    assert outcome.truncated
    assert len(outcome.output) <= 4_000
    assert outcome.output.startswith("0\n1\n")
    assert outcome.output.endswith("\n4999\n")
    assert "characters left out" in outcome.output


def test_the_output_limit_holds_even_when_swallowed(call: Callable[..., Outcome]) -> None:
    outcome = call(
        "for i in range(50):\n    try:\n        print('x' * 1000)\n    except:\n        pass", replace(LIMITS, output=5_000)
    )
    assert outcome.limit == "output"


def test_the_wall_stops_what_has_cpu_time_left(frames: dict[str, Path]) -> None:
    outcome = run("while True:\n    pass", frames, Limits(wall=1.0, cpu=30))
    assert outcome.limit == "wall"
    assert outcome.seconds < 2


def test_cpu_counts_from_the_start_of_the_code(frames: dict[str, Path]) -> None:
    outcome = run("while True:\n    pass", frames, Limits(wall=20, cpu=1))
    assert outcome.limit == "cpu"
    assert outcome.seconds < 10


def test_nothing_of_the_caller_is_left_behind(call: Callable[..., Outcome]) -> None:
    call("print(1)")
    me = psutil.Process()
    descriptors, children = me.num_fds(), set(me.children())
    for code in ("print(1)", "1 / 0", "while True:\n    pass"):
        call(code, replace(LIMITS, cpu=1))
    assert me.num_fds() <= descriptors
    assert set(me.children()) <= children


def test_calls_at_the_same_time_do_not_meet(call: Callable[..., Outcome]) -> None:
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda i: call(f"print({i})"), range(8)))
    assert [outcome.output for outcome in outcomes] == [f"{i}\n" for i in range(8)]


def test_a_missing_frame_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run("print(1)", {"train": tmp_path / "absent.arrow"})


def test_a_frame_that_is_no_frame_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "broken.arrow"
    path.write_bytes(b"no arrow file")
    assert "could not be set up, nothing was run" in str(run("print(1)", {"train": path}).error)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 0),
        (b"{}", 0),
        (b"[1]", 0),
        (b"[" * 100_000, 0),
        (b'{"output": 1, "error": null, "limit": null}', 0),
        (b'{"output": "", "error": null, "limit": "wall"}', 0),
        (b"", -signal.SIGSEGV),
        (b"", -signal.SIGKILL),
    ],
)
def test_law_10_an_answer_from_outside_is_not_believed(data: bytes, status: int) -> None:
    outcome = _judge(READY + data, status, late=False, limits=LIMITS)
    assert "the worker crashed" in str(outcome.error)


def test_a_forged_answer_is_cut_and_made_harmless() -> None:
    forged = json.dumps({"output": "\x1b[2J" + "a" * 100_000, "error": "e" * 10_000, "limit": None}).encode()
    outcome = _judge(READY + forged, 0, late=False, limits=Limits())
    assert len(outcome.output) <= 4_000
    assert len(str(outcome.error)) <= 600
    assert "\x1b" not in outcome.output
