"""The locks hold without the language policy in front of them: plain Python after `lock_down`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.corpus import Canaries

LOCK = "import os, socket, subprocess, threading, ctypes, resource, pandas as pd\n"
LOCK += (
    "from sandbox.limits import Limits\nfrom sandbox.lockdown import lock_down\nlock_down(Limits(cpu=5, memory=256 << 20))\n"
)
STOPPED = {
    "read a file": 'print(open("{CANARY_FILE}").read())',
    "read a file with pandas": 'print(pd.read_csv("{CANARY_FILE}"))',
    "read a file by descriptor": 'print(os.read(os.open("{CANARY_FILE}", os.O_RDONLY), 99))',
    "write a file": 'open("{CANARY_WRITE}", "w")',
    "make a folder": 'os.mkdir("{CANARY_WRITE}")',
    "remove a file": 'os.unlink("{CANARY_FILE}")',
    "list a folder": 'print(os.listdir("/"))',
    "climb out of the library": 'open(pd.__path__[0] + "/../../../../../../../../etc/passwd")',
    "connect": 'socket.create_connection(("127.0.0.1", {CANARY_PORT}))',
    "start a process": 'subprocess.run(["cat", "{CANARY_FILE}"])',
    "fork": "os.fork()",
    "load a library": "ctypes.CDLL(None)",
    "raise a limit": "resource.setrlimit(resource.RLIMIT_CPU, (100, 100))",
    "kill": "os.kill(os.getppid(), 0)",
    "hook": "import sys\nsys.addaudithook(print)\nassert False",
    "memory": "x = bytearray(1 << 30)",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STOPPED)
def test_law_10_the_locks_hold_alone(name: str, canaries: Canaries) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", LOCK + canaries.fill(STOPPED[name])],
        capture_output=True,
        text=True,
        cwd=root,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(("PermissionError", "MemoryError", "AssertionError")), done.stderr
    assert canaries.token not in done.stdout
    assert not canaries.write.exists()
    assert canaries.file.exists()
    assert canaries.reached == 0


def test_law_3_the_worker_knows_nothing_but_its_frames(frames: dict[str, Path], canaries: Canaries) -> None:
    probe = (
        "import json, os, sys\nfrom sandbox import frames, worker\n"
        "given = frames.read(int(sys.argv[1]))\nchannel = worker._close_all_but(int(sys.argv[2]))\n"
        "links = [f'/proc/self/fd/{f}' for f in os.listdir('/proc/self/fd')]\n"
        "fds = [os.readlink(link) for link in links if os.path.lexists(link)]\n"
        "channel.write(json.dumps([dict(os.environ), sorted(set(fds)), len(given)]).encode())\n"
    )
    answer, end = os.pipe()
    with (frames["train"]).open("rb") as train, canaries.file.open("rb") as secret:
        fds = (train.fileno(), secret.fileno(), end)
        command = [sys.executable, "-c", probe, str(train.fileno()), str(end)]
        subprocess.run(command, pass_fds=fds, cwd=Path(__file__).parents[2], timeout=60, check=True)
    os.close(end)
    environment, descriptors, rows = json.loads(os.read(answer, 1 << 16))
    os.close(answer)
    assert environment == {}
    assert rows == 2000
    assert not any(str(canaries.folder) in each for each in descriptors)
    assert all(each == "/dev/null" or each.startswith(("pipe:", "/proc/")) for each in descriptors)
