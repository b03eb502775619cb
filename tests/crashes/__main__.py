"""Print what killed commands leave and what the next one makes of it: ``python -m tests.crashes [COMMAND ...]``.

Each kill is checked as by the tests; kills after which the same was said are one row.
"""

import argparse
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.crashes.test_walk import BEFORE, EXHAUSTED, Bases, walk, walk_looks
from tests.crashes.walker import Step

VARYING = {
    r"\.part-[\w.-]+\.\w{8}": ".part-*",
    r"look-\d+": "look-*",
    r"\d{4}-\d\d-\d\dT[\d:]+Z": "its time",
    r"\b[0-9a-f]{12,}\b": "*",
}
"""What differs from kill to kill though it says the same."""
WIDTH = 90


def kill_at_steps(command: str, bases: Bases, folder: Path) -> list[tuple[Step, str, str]]:
    if command == "look":
        return walk_looks(bases, folder)
    return walk(command, bases, folder, every=command in EXHAUSTED)


def group_alike(table: list[tuple[Step, str, str]]) -> dict[tuple[str, str], list[Step]]:
    """Group steps by what doctor said then, and by the last line of the command when it was run again."""
    groups: dict[tuple[str, str], list[Step]] = {}
    for step, named, said in table:
        last = said.strip().splitlines()[-1:] or ["done"]
        groups.setdefault((shorten(named), shorten(last[0])), []).append(step)
    return groups


def shorten(text: str) -> str:
    for pattern, same in VARYING.items():
        text = re.sub(pattern, same, text)
    text = " ".join(text.replace("|", "/").split())
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."


def name_step(step: Step) -> str:
    return shorten(f"{step.number}{' torn' if step.torn else ''} {step.what}, {step.where.partition(' < ')[0]}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.crashes", description=__doc__)
    parser.add_argument("commands", nargs="*", choices=[[], *BEFORE], help=f"of {', '.join(BEFORE)}; default: all")
    with TemporaryDirectory() as temporary:
        bases = Bases(Path(temporary) / "bases")
        bases.folder.mkdir()
        print("| command | kills | from | to | doctor says | run again |\n| --- | --- | --- | --- | --- | --- |", flush=True)
        for command in parser.parse_args().commands or BEFORE:
            folder = Path(temporary) / command
            folder.mkdir()
            for (named, said), steps in group_alike(kill_at_steps(command, bases, folder)).items():
                ends = f"{name_step(steps[0])} | {name_step(steps[-1])}"
                print(f"| {command} | {len(steps)} | {ends} | {named} | {said} |", flush=True)
