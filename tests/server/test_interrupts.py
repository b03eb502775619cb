"""Ctrl-C, and prompts where there is nobody to ask."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.server.test_lean_start import REQUEST

INTERRUPTED = 130


@contextmanager
def server(workspace: Path, stdin: int = subprocess.PIPE) -> Iterator[subprocess.Popen[bytes]]:
    """A stdio server that has answered, or stands at its terminal; it is gone when the block ends."""
    command = [sys.executable, "-m", "server", "--workspace", str(workspace)]
    pipes = {"stdin": stdin, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:  # type: ignore[call-overload]
        try:
            yield process
        finally:
            process.kill()


def initialize(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(REQUEST).encode() + b"\n")
    process.stdin.flush()
    assert b"serverInfo" in process.stdout.readline()


def test_ctrl_c_ends_the_stdio_server_quietly(tmp_path: Path) -> None:
    with server(tmp_path / "workspace") as process:
        initialize(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == INTERRUPTED
        assert process.stderr
        assert process.stderr.read() == b""


def test_ctrl_c_ends_the_workers_of_the_stdio_server_too(tmp_path: Path) -> None:
    children = Path("/proc/self/task")
    if not children.is_dir():
        pytest.skip("needs /proc")
    with server(tmp_path / "workspace") as process:
        initialize(process)
        assert process.stdin
        assert process.stdout
        call = {"name": "describe_market", "arguments": {}}
        for message in (
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call},
        ):
            process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()
        process.stdout.readline()
        mine = below(process.pid)
        assert mine, "a worker is warmed"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == INTERRUPTED
        for _ in range(600):
            if not any(Path(f"/proc/{pid}/exe").exists() for pid in mine):
                return
            time.sleep(0.1)
        pytest.fail(f"left running: {mine}")


def below(pid: int) -> set[int]:
    """Processes that a process started, and theirs."""
    children: set[int] = set()
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, path.read_text().split()):
            children |= {child} | below(child)
    return children


def test_at_a_terminal_the_stdio_server_says_what_it_is_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    main, other = pty.openpty()
    with server(tmp_path / "workspace", other) as process:
        assert process.stderr
        assert b"rfcat help" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == INTERRUPTED
        assert process.stderr.read() == b""
    os.close(main)
    os.close(other)


def test_ctrl_c_during_a_command_is_quiet(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "server", "--workspace", str(tmp_path / "workspace"), "start"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        for _ in range(600):  # Its workspace is made before the market is drawn.
            if (tmp_path / "workspace" / "vault").is_dir():
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=120)
    assert process.returncode == INTERRUPTED
    assert b"Traceback" not in out + err


def test_ctrl_c_ends_a_command_that_does_not_hear_it(tmp_path: Path) -> None:
    deaf = (
        "import time\nfrom server.__main__ import end_on_interrupt\nend_on_interrupt()\n"
        "while True:\n    try:\n        print('on', flush=True)\n        time.sleep(60)\n    except KeyboardInterrupt:\n        pass"
    )
    with subprocess.Popen([sys.executable, "-c", deaf], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"on\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == INTERRUPTED


@pytest.mark.parametrize("piped", [None, b"", b"a passphrase of some length\n"])
def test_prompts_without_a_terminal_print_no_warnings(tmp_path: Path, piped: bytes | None) -> None:
    command = [sys.executable, "-W", "default", "-m", "server", "--workspace", str(tmp_path / "workspace"), "vault", "reviewer"]
    given = {"stdin": subprocess.DEVNULL} if piped is None else {"input": piped}
    # A new session has no terminal to fall back on, as under cron.
    run = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, start_new_session=True, **given)  # type: ignore[call-overload]
    assert b"Warning" not in run.stderr
    assert b"Traceback" not in run.stderr
    assert run.returncode == (0 if piped else 1)
    assert (b"--passphrase-file" in run.stderr) == (not piped)


def test_at_a_terminal_the_passphrase_is_asked_for_and_not_shown(tmp_path: Path) -> None:
    terminal, other = pty.openpty()
    command = [sys.executable, "-m", "server", "--workspace", str(tmp_path / "workspace"), "vault", "reviewer"]
    ends = {"stdin": other, "stdout": other, "stderr": other}
    with subprocess.Popen(command, cwd=ROOT, start_new_session=True, **ends) as process:  # type: ignore[call-overload]
        shown = b""
        for question in (b"passphrase", b"repeat"):
            while question not in shown.lower():
                assert select.select([terminal], [], [], 60)[0], shown
                shown += os.read(terminal, 1024)
            time.sleep(0.2)  # The echo is off a moment after the question stands there.
            os.write(terminal, b"a secret of some length\n")
        assert process.wait(60) == 0
    shown += os.read(terminal, 4096)
    assert b"a secret" not in shown
    os.close(terminal)
    os.close(other)
