"""A local server that answers as the publishers of primary dealer statistics do (data/formats/FORMATS.md)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.market.local_server import Handler, run_server

Values = dict[str, float | None]
"""By their dates; None where one is suppressed."""


class Publishers:
    """What both publish, and what was asked: dollars by mnemonic, millions by key."""

    def __init__(self) -> None:
        self.dollars: dict[str, Values] = {}
        self.millions: dict[str, Values] = {}
        self.asked: list[str] = []
        self.statuses: list[int] = []
        self.instead: bytes | None = None
        self.cut: int | None = None

    def answer(self, path: str, mnemonic: str) -> bytes | None:
        """The answer to an address, or nothing."""
        if path.endswith("/series/timeseries") and mnemonic in self.dollars:
            return json.dumps([[day, value] for day, value in self.dollars[mnemonic].items()]).encode()
        key = path.rsplit("/", 1)[-1].removesuffix(".json")
        if path.endswith(f"/pd/get/{key}.json") and key in self.millions:
            rows = [
                {"asofdate": day, "keyid": key, "value": "*" if value is None else f"{value:g}"}
                for day, value in self.millions[key].items()
            ]
            return json.dumps({"pd": {"timeseries": rows}}).encode()
        return None


@contextmanager
def publishing(publishers: Publishers) -> Iterator[str]:
    """Serve what is published; gives the address."""

    class Answers(Handler):
        def answer(self, path: str, asked: dict[str, str]) -> None:
            publishers.asked.append(self.path)
            if publishers.statuses:
                self.send_error(publishers.statuses.pop(0))
                return
            content = publishers.instead or publishers.answer(path, asked.get("mnemonic", ""))
            if content is None:
                self.send_error(404)
                return
            self.send(content, cut=publishers.cut)

    with run_server(Answers) as address:
        yield address
