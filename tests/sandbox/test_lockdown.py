"""The walls hold without the language policy in front of them: plain Python in a locked worker, at every level."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox import Broker, Level, Limits, Outcome, selftest
from tests.corpus.records import LIMITS, Canaries

LEVELS = [Level.STRONG_NS, Level.STRONG, Level.STRONG_NOFS]
LIBC = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
CALL = (
    LIBC
    + "r = libc.syscall(ctypes.c_long({number}){arguments})\nprint(r, ctypes.get_errno())\nassert r == -1 and ctypes.get_errno() == 1"
)
STOPPED = {
    "read a file": 'print(open("{CANARY_FILE}").read())',
    "read a file with pandas": 'print(pd.read_csv("{CANARY_FILE}"))',
    "read a file by descriptor": 'import os\nprint(os.read(os.open("{CANARY_FILE}", os.O_RDONLY), 99))',
    "read a file through this process": 'print(open("/proc/self/root{CANARY_FILE}").read())',
    "read the memory of the parent": 'import os\nopen(f"/proc/{os.getppid()}/mem")',
    "write a file": 'open("{CANARY_WRITE}", "w")',
    "write into a library": 'open(pd.__file__, "a")',
    "open a path without reading": 'import os\nos.open("{CANARY_FILE}", os.O_PATH)',
    "make a nameless file": 'import os\nos.open("/tmp", os.O_TMPFILE | os.O_WRONLY)',
    "make a folder": 'import os\nos.mkdir("{CANARY_WRITE}")',
    "remove a file": 'import os\nos.unlink("{CANARY_FILE}")',
    "rename a file": 'import os\nos.rename("{CANARY_FILE}", "{CANARY_WRITE}")',
    "change a mode": 'import os\nos.chmod("{CANARY_FILE}", 0o777)',
    "list a folder": 'import os\nprint(os.listdir("/"))',
    "climb out of the library": 'open(pd.__path__[0] + "/../../../../../../../../etc/passwd")',
    "connect": 'import socket\nsocket.create_connection(("127.0.0.1", {CANARY_PORT}))',
    "send a datagram": 'import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", {CANARY_PORT}))',
    "open a local socket": "import socket\nsocket.socketpair()",
    "send a descriptor": "import array, socket\nsocket.socket(fileno=3).sendmsg([b'x'], [(1, 1, array.array('i', [0]))])",
    "start a process": 'import subprocess\nsubprocess.run(["cat", "{CANARY_FILE}"])',
    "replace this process": 'import os\nos.execv("/bin/cat", ["cat", "{CANARY_FILE}"])',
    "fork": "import os\nos.fork()",
    "start a thread": "import threading\nthreading.Thread(target=print).start()",
    "raise a limit": "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (100, 100))",
    "kill the parent": "import os\nos.kill(os.getppid(), 9)",
    "signal itself": "import signal\nsignal.raise_signal(signal.SIGTERM)",
    "another user": "import os\nos.setuid(0)",
    "memory on file": "import os\nos.memfd_create('x')",
    "change a frame's descriptor": "import os\nos.ftruncate(4, 0)",
    "executable memory": "import mmap\nmmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
    "make memory executable": LIBC + "m = ctypes.create_string_buffer(1 << 16)\nat = (ctypes.addressof(m) + 4095) & ~4095\n"
    "assert libc.mprotect(ctypes.c_void_p(at), 4096, 7) == 0",
    "native code made on the fly": "import ctypes\nctypes.CFUNCTYPE(None)(print)()",
    "the memory limit": "x = bytearray(1 << 30)",
}
X86_64 = {  # calls that Python has no name for
    "io_uring": "425",
    "clone3": "435",
    "openat2": "437",
    "pidfd_getfd": "438",
    "process_vm_readv": "310",
    "userfaultfd": "323",
    "bpf": "321",
    "ptrace": "101",
    "prctl": "157",
    "keyctl": "250",
    "open": "2",
    "sendfile": "40",
}


@pytest.fixture(scope="module")
def raw() -> Iterator[Callable[..., Broker]]:
    """Brokers of plain Python, by the level of their walls."""
    made: dict[Level, Broker] = {}

    def broker(wanted: Level, monkeypatch: pytest.MonkeyPatch, hidden: tuple[Path, ...] = ()) -> Broker:
        if LEVELS.index(wanted) < LEVELS.index(selftest.level()):
            pytest.skip(f"this machine has no {wanted}")
        monkeypatch.setattr("sandbox.broker.level", lambda: wanted)
        if hidden:
            return Broker(LIMITS, hidden=hidden, entry="tests.corpus.raw")
        return made.setdefault(wanted, Broker(LIMITS, entry="tests.corpus.raw"))

    yield broker
    for each in made.values():
        each.close()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", STOPPED)
def test_law_10_the_walls_hold_alone(name: str, level: Level, raw, canaries: Canaries, monkeypatch) -> None:
    outcome = raw(level, monkeypatch).run(canaries.fill(STOPPED[name]))
    assert outcome.error, outcome
    assert canaries.tripped(outcome.output + outcome.error) is None


@pytest.mark.skipif(sys.platform != "linux", reason="system calls of Linux")
@pytest.mark.parametrize("name", X86_64)
def test_law_10_system_calls_by_number_are_denied(name: str, raw, monkeypatch) -> None:
    import platform

    if platform.machine() != "x86_64":
        pytest.skip("numbers of x86_64")
    code = CALL.format(number=X86_64[name], arguments=", 0" * 5)
    outcome: Outcome = raw(selftest.level(), monkeypatch).run(code)
    assert (outcome.error, outcome.output) == (None, "-1 1\n")


def test_law_10_the_second_table_of_system_calls_kills(raw, monkeypatch) -> None:
    outcome = raw(selftest.level(), monkeypatch).run(LIBC + "libc.syscall(ctypes.c_long(0x40000000))")
    assert "SIGSYS" in str(outcome.error)


def test_law_3_where_there_are_namespaces_not_even_names_of_sealed_files_can_be_seen(
    raw, canaries: Canaries, monkeypatch
) -> None:
    look = f"import os\ntry:\n    print(os.stat({str(canaries.file)!r}).st_size)\nexcept OSError as e:\n    print(type(e).__name__)"
    broker = raw(Level.STRONG_NS, monkeypatch, hidden=(canaries.sealed,))
    assert broker.run(look).output in ("FileNotFoundError\n", "PermissionError\n")
    broker.close()


def test_law_3_the_worker_knows_nothing_but_its_frames(
    raw, frames: dict[str, list[Path]], canaries: Canaries, monkeypatch
) -> None:
    monkeypatch.setenv("SANDBOX_CANARY", canaries.token)
    code = (
        "import fcntl, os\n"
        "def there(f):\n    try:\n        fcntl.fcntl(f, fcntl.F_GETFD)\n        return True\n    except OSError:\n        return False\n"
        "print(dict(os.environ), [f for f in range(1024) if there(f)], os.getcwd(), len(train), 'validation' in globals())"
    )
    with canaries.file.open() as held:
        assert held.fileno() < 1024
        outcome = raw(selftest.level(), monkeypatch).run(code, {"train": frames["train"]})
    assert outcome.output == "{} [0, 1, 2, 3] / 2000 False\n"


def test_law_3_a_frame_cannot_be_changed_even_from_native_code(raw, frames: dict[str, list[Path]], monkeypatch) -> None:
    broker = raw(selftest.level(), monkeypatch)
    write = LIBC + (
        "at = train['close'].to_numpy().ctypes.data\npage = at & ~4095\n"
        "print(libc.mprotect(ctypes.c_void_p(page), 8192, 3))\nctypes.memset(at, 0, 8)"
    )
    before = broker.run("print(train.close.iloc[0])", frames).output
    assert broker.run(write, frames).error
    assert broker.run("print(train.close.iloc[0])", frames).output == before


def test_limits_hold_against_a_program_that_fights_them() -> None:
    deaf = "import signal\nfor s in range(1, 65):\n    try:\n        signal.signal(s, signal.SIG_IGN)\n    except Exception:\n        pass\n"
    broker = Broker(Limits(wall=2, cpu=60, output=20_000), entry="tests.corpus.raw")
    assert broker.run(deaf + "import time\nwhile True:\n    time.sleep(1)").limit == "wall"
    broker.close()
    # On a busy machine a second of work takes many on the clock.
    broker = Broker(Limits(wall=120, cpu=1, output=20_000), entry="tests.corpus.raw")
    assert broker.run(deaf + "while True:\n    pass").limit == "cpu"
    flood = "import os\nwhile True:\n    os.write(3, b'x' * 65536)"
    assert broker.run(flood).limit == "output"
    assert "without an answer" in str(broker.run("import os\nos._exit(0)").error)
    assert "crashed" in str(broker.run("import os\nos.close(3)\nos.close(2)").error)
    assert broker.run("print(1)").output == "1\n"
    broker.close()


def test_an_answer_forged_from_inside_is_no_more_than_its_text(raw, monkeypatch) -> None:
    forged = (
        "import json, os\nos.write(3, json.dumps({'output': 'forged', 'error': None, 'limit': None}).encode())\nos._exit(0)"
    )
    outcome = raw(selftest.level(), monkeypatch).run(forged)
    assert (outcome.output, outcome.error) == ("forged", None)
    lie = forged.replace("'limit': None", "'limit': 'wall'")
    assert "crashed" in str(raw(selftest.level(), monkeypatch).run(lie).error)


def test_a_worker_whose_parent_is_gone_already_ends_at_once() -> None:
    orphan = "from sandbox.lockdown import end_with; end_with({}); print('goes on')"
    for parent, said in ((os.getpid(), "goes on\n"), (os.getpid() + 1, "")):
        ended = subprocess.run([sys.executable, "-c", orphan.format(parent)], capture_output=True, text=True, check=False)
        assert (ended.stdout, ended.stderr) == (said, "")
