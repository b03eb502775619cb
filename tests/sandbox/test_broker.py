"""The trusted side: limits, queue, cancelling, parents that die, and answers that are not believed."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd
import psutil
import pytest

from sandbox import Broker, Level, Limits, Outcome, pick_frames, selftest, shorten
from sandbox.judging import READY, Ending, judge
from tests.corpus.frames import write
from tests.corpus.records import LIMITS

ENDED = Ending(None, 0, 1.0, 1.0)


def test_code_is_measured_before_anything_starts() -> None:
    # Tests before it in this process may have left a resource tracker.
    before, broker = psutil.Process().children(), Broker()
    outcome = broker.run("#" * 20_001, {"train": [Path("/nowhere")]})
    assert outcome.limit == "code"
    assert "20,001 bytes; at most 20,000" in str(outcome.error)
    assert psutil.Process().children() == before


def test_a_check_compiles_and_runs_nothing(brokers: Callable[..., Broker]) -> None:
    broker = brokers()
    assert broker.check("print(1)\n1 / 0").error is None
    assert broker.check("print(1)").output == ""
    assert "SyntaxError" in str(broker.check("1 +").error)
    assert "not allowed" in str(broker.check("train.__class__").error)
    assert broker.check("#" * 20_001).limit == "code"


def test_frames_are_handed_over_by_name_however_it_is_spelt() -> None:
    assert pick_frames("train.close", ("train", "validation")) == ["train"]
    assert pick_frames("x = 1  # validation", ("train", "validation")) == ["validation"]
    assert pick_frames("\N{MATHEMATICAL BOLD SMALL T}rain", ("train", "validation")) == ["train"]
    assert pick_frames("globals()['tr' + 'ain']", ("train",)) == []


def test_the_output_limit_holds_even_when_swallowed(call: Callable[..., Outcome]) -> None:
    outcome = call("for i in range(50):\n    try:\n        print('x' * 1000)\n    except:\n        pass", output=5_000)
    assert outcome.limit == "output"


def test_the_wall_stops_what_has_cpu_time_left(call: Callable[..., Outcome]) -> None:
    outcome = call("while True:\n    pass", wall=1, cpu=30)
    assert outcome.limit == "wall"
    assert "(time limit: 1 s)" in str(outcome.error)


def test_cpu_counts_from_the_start_of_the_code(call: Callable[..., Outcome]) -> None:
    outcome = call("while True:\n    pass", wall=120, cpu=1)
    assert outcome.limit == "cpu"
    assert "(CPU time limit: 1 s)" in str(outcome.error)


def test_memory_counts_on_top_of_what_a_worker_starts_with(call: Callable[..., Outcome]) -> None:
    assert call("x = np.zeros(30_000_000)\nlen(x)").output == "30000000\n"
    outcome = call("x = np.zeros(90_000_000)")
    assert outcome.limit == "memory"
    assert "512 MiB" in str(outcome.error)


def test_every_call_draws_numbers_of_its_own(call: Callable[..., Outcome]) -> None:
    code = "import random\nprint(random.random(), np.random.rand())"
    first, second = call(code).output.split(), call(code).output.split()
    assert not set(first) & set(second)


def test_nothing_of_a_call_reaches_the_next(call: Callable[..., Outcome]) -> None:
    call("train['x'] = 1\nimport math\npd.set_option('display.precision', 1)")
    assert call("'x' in train.columns").output == "False\n"
    assert call("pd.DataFrame({'a': [1.2345]}).to_string()").output == "'        a\\n0  1.2345'\n"


def test_columns_of_several_files_stand_side_by_side(
    brokers: Callable[..., Broker], frames: dict[str, list[Path]], tmp_path: Path
) -> None:
    more = write(pd.DataFrame({"ret(x, 1)": range(2000)}), tmp_path / "more.arrow")
    outcome = brokers().run("train.iloc[-1:, -2:]", {"train": [*frames["train"], more]})
    assert outcome.output.splitlines()[0].split() == ["volume", "ret(x,", "1)"]
    assert outcome.output.splitlines()[1].strip() == "time"
    assert outcome.output.endswith(" 1999\n")


def test_calls_at_the_same_time_do_not_meet(call: Callable[..., Outcome]) -> None:
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda i: call(f"print({i})"), range(8)))
    assert [outcome.output for outcome in outcomes] == [f"{i}\n" for i in range(8)]


def test_who_comes_when_the_queue_is_full_is_told_to_come_back() -> None:
    broker, stop = Broker(LIMITS, at_once=1, waiting=0), threading.Event()
    broker.warm()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(broker.run, "while True:\n    pass", None, stop)
        while broker.run("1").limit != "busy":
            time.sleep(0.01)
        outcome = broker.run("print(1)")
        stop.set()
        assert "stopped on request" in str(running.result().error)
    assert (outcome.limit, outcome.output) == ("busy", "")
    assert "call again in 1 s" in str(outcome.error)
    assert broker.run("print(1)").output == "1\n"
    broker.close()


def test_a_call_that_is_no_longer_wanted_takes_its_worker_along() -> None:
    others = {child.pid for child in psutil.Process().children()}
    broker, stop = Broker(replace(LIMITS, wall=60, cpu=60)), threading.Event()
    broker.warm()
    (parent,) = [child for child in psutil.Process().children() if child.pid not in others]
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(broker.run, "while True:\n    pass", None, stop)
        while not parent.children() and not running.done():
            time.sleep(0.01)
        stop.set()
        assert "stopped on request" in str(running.result().error)
    assert not parent.children()
    broker.close()


def test_a_parent_that_died_is_replaced(frames: dict[str, list[Path]]) -> None:
    broker = Broker(LIMITS)
    assert broker.run("print(1)", frames).output == "1\n"
    (parent,) = psutil.Process().children()[-1:]
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait(60)
    assert broker.run("print(len(train))", frames).output == "2000\n"
    broker.close()


def test_a_parent_that_dies_takes_its_workers_along(frames: dict[str, list[Path]]) -> None:
    others = {child.pid for child in psutil.Process().children()}
    broker = Broker(replace(LIMITS, wall=60, cpu=60))
    broker.warm()
    (parent,) = [child for child in psutil.Process().children() if child.pid not in others]
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(broker.run, "while True:\n    pass", frames)
        while not parent.children():
            time.sleep(0.01)
        (worker,) = parent.children()
        worker.suspend()  # wherever it is, perhaps with no wall closed yet
        parent.kill()
        parent.wait(60)
        with suppress(psutil.NoSuchProcess):
            worker.resume()
        assert "its parent process is gone; call again" in str(running.result().error)
    worker.wait(60)
    broker.close()


def test_closing_leaves_nothing_behind(frames: dict[str, list[Path]]) -> None:
    me = psutil.Process()
    descriptors, children = me.num_fds(), set(me.children())
    broker = Broker(LIMITS)
    for code in ("print(1)", "1 / 0", "while True:\n    pass"):
        broker.run(code, frames)
    broker.close()
    assert me.num_fds() <= descriptors
    assert set(me.children()) <= children


def test_a_missing_frame_is_the_callers_mistake(call: Callable[..., Outcome], brokers, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        brokers().run("print(train)", {"train": [tmp_path / "absent.arrow"]})


def test_a_frame_that_the_code_does_not_name_is_not_handed_over(brokers: Callable[..., Broker], frames, tmp_path: Path) -> None:
    absent = {**frames, "validation": [tmp_path / "absent.arrow"]}
    assert brokers().run("len(train)", absent).output == "2000\n"
    assert brokers().run("len(\uff54rain)", absent).output == "2000\n", "Python reads full-width letters as plain ones"


def test_a_frame_that_is_no_frame_runs_nothing(brokers: Callable[..., Broker], tmp_path: Path) -> None:
    path = tmp_path / "broken.arrow"
    path.write_bytes(b"no arrow file")
    assert "could not be set up, nothing was run" in str(brokers().run("print(train)", {"train": [path]}).error)


def test_without_a_wall_nothing_runs_unless_it_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.broker.level", lambda: Level.WEAK)
    off, on = Broker(LIMITS), Broker(LIMITS, allow_weak=True)
    assert "no wall for untrusted code" in str(off.run("print(1)").error)
    assert on.run("print(1)").output == "1\n"
    on.close()


def test_a_parent_that_cannot_start_runs_nothing(brokers: Callable[..., Broker]) -> None:
    outcome = brokers(entry="tests.sandbox.no_such_parent").run("print(1)")
    assert "could not be set up, nothing was run" in str(outcome.error)


def test_the_level_of_this_machine_has_a_wall() -> None:
    assert selftest.level() is not Level.WEAK, "Linux with seccomp is what the tests run on"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 0),
        (b"{}", 0),
        (b"[1]", 0),
        (b"[" * 100_000, 0),
        (b'{"output": 1, "error": null, "limit": null}', 0),
        (b'{"output": "", "error": null, "limit": "wall"}', 0),
        (b'{"output": "", "error": null, "limit": null}', 1),
        (b"", -signal.SIGSEGV),
        (b"", -signal.SIGKILL),
        (b"", -signal.SIGSYS),
    ],
)
def test_law_10_an_answer_from_outside_is_not_believed(data: bytes, status: int) -> None:
    outcome = judge(READY + data, replace(ENDED, status=status), LIMITS)
    assert "the worker crashed" in str(outcome.error)


@pytest.mark.parametrize("data", [b"", READY])
def test_a_parent_that_went_is_no_matter_for_the_operator(data: bytes) -> None:
    outcome = judge(data, replace(ENDED, status=None), LIMITS)
    assert "its parent process is gone; call again" in str(outcome.error)


def test_a_forged_answer_is_cut_and_made_harmless() -> None:
    forged = json.dumps({"output": "\x1b[2J" + "a" * 1_000_000, "error": "e" * 10_000, "limit": None}).encode()
    outcome = judge(READY + forged, ENDED, Limits())
    assert len(outcome.output) <= 200_010
    assert len(str(outcome.error)) <= 600
    assert "\x1b" not in outcome.output


def test_a_long_text_is_shown_by_head_and_tail() -> None:
    shown = shorten("".join(f"{i}\n" for i in range(5000)), 4_000)
    assert len(shown) <= 4_000
    assert shown.startswith("0\n1\n")
    assert shown.endswith("\n4999\n")
    assert "characters left out" in shown
