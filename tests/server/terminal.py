"""Commands as a person types them, many in one process: ``python -m tests.server.terminal FILE`` runs the lines of a JSON file."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT

MARK = "\x00end of command\x00"


class Told(NamedTuple):
    """What a command answered: its exit status, standard output and standard error."""

    status: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


def run_all(
    workspace: Path, lines: Sequence[Sequence[str]], folder: Path, environment: Mapping[str, str] | None = None, **io_: str
) -> list[Told]:
    """Run commands one after another in one process, in a folder, without a terminal."""
    asked = folder / "asked.json"
    asked.write_text(json.dumps([["--workspace", str(workspace), *line] for line in lines]), encoding="utf-8")
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **(environment or {})}
    done = subprocess.run(
        [sys.executable, "-m", "tests.server.terminal", str(asked)],
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=900,
    )
    asked.unlink()
    encoding = variables["PYTHONIOENCODING"].partition(":")[0]
    out, err = (stream.decode(encoding).split(MARK) for stream in (done.stdout, done.stderr))
    statuses = [int(part.rsplit("status ", 1)[1]) for part in err[:-1]]
    assert len(statuses) == len(lines), err[-1]
    errors = [part.rsplit("status ", 1)[0] for part in err[:-1]]
    return [Told(*told) for told in zip(statuses, out[:-1], errors, strict=True)]


def main() -> None:
    from server.__main__ import main as start

    for line in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        sys.argv = ["rfcat", *line]
        try:
            start()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except BaseException as error:
            import traceback

            traceback.print_exc()
            status = -1 if isinstance(error, Exception) else -2
        assert isinstance(sys.stdout, io.TextIOWrapper)
        sys.stdout.write(MARK)
        sys.stdout.flush()
        sys.stderr.write(f"status {status}{MARK}")
        sys.stderr.flush()


if __name__ == "__main__":
    main()
