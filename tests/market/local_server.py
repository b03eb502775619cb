"""Serves what a test publishes at a local address, for the servers that answer as a provider does."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlparse


class Handler(BaseHTTPRequestHandler, ABC):
    """Answers requests without a log."""

    def do_GET(self) -> None:
        url = urlparse(self.path)
        self.answer(url.path, {name: values[0] for name, values in parse_qs(url.query).items()})

    @abstractmethod
    def answer(self, path: str, asked: dict[str, str]) -> None:
        """Answer what is at a path, with the parameters asked for, the first of each name."""

    def log_message(self, *_: object) -> None:
        pass

    def send(self, content: bytes, status: int = 200, headers: Mapping[str, str] | None = None, cut: int | None = None) -> None:
        """Answer with some content, or with as much of it as `cut` lets through before the connection ends."""
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | dict(headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content if cut is None else content[:cut])


@contextmanager
def run_server(handler: type[Handler]) -> Iterator[str]:
    """Let a handler answer; gives the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
