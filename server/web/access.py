"""Whose requests may come in over HTTP: by host, by origin, and agents by their token."""

import hmac
import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mcp.server.auth.provider import AccessToken, TokenVerifier
from mcp.server.auth.settings import AuthSettings
from starlette.requests import HTTPConnection

from factory.core.errors import FactoryError

SCOPE = "factory"
LEAST = 16
"""Characters of a token where others than this machine can reach the server."""
PORTS = {"http": 80, "https": 443}
"""Those that an origin leaves out."""
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:/@\s]+)(?::([0-9]{1,5}))?")


class AccessError(FactoryError):
    """The server would be open to strangers."""


@dataclass(frozen=True)
class Access:
    """Where the server listens, and what it asks of callers.

    Parameters
    ----------
    host : str
        Address to bind.
    port : int
        Port to bind.
    token : str or None
        The bearer token that every caller must show; compulsory, and of 16 characters at
        least, unless `host` is a loopback address.
    names : sequence of str
        Further host names by which clients reach this server.

    Raises
    ------
    AccessError
        If others could reach it without a token, or with one that is soon guessed.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    names: Sequence[str] = ()

    def __post_init__(self) -> None:
        if is_loopback(self.host):
            return
        if not self.token:
            raise AccessError(f"host: {self.host} is open to others; set RFCAT_TOKEN to a long secret, or bind 127.0.0.1")
        if len(self.token) < LEAST:
            came = f"{len(self.token)} characters came, and {self.host} is open to others"
            raise AccessError(f"RFCAT_TOKEN: {came}; use {LEAST} or more, such as those of: openssl rand -hex 16")

    @property
    def url(self) -> str:
        """Address of the start page, as seen from this machine."""
        return self._url({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host))

    @property
    def is_wild(self) -> bool:
        """Whether it listens on every address of this machine."""
        return self.host in ("0.0.0.0", "::")

    @property
    def elsewhere(self) -> list[str]:
        """Addresses of the start page as seen from other machines."""
        if self.is_wild:
            return [self._url(name) for name in self.names]
        return [] if is_loopback(self.host) else [self.url]

    def _url(self, host: str) -> str:
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def hosts(self) -> frozenset[str]:
        """Host names that requests may carry, in one spelling: without ports and brackets."""
        return frozenset(spell_host(host) for host in ("127.0.0.1", "localhost", "::1", self.host, *self.names))

    def knows_host(self, request: HTTPConnection) -> bool:
        """Check whether a request was addressed to a name of this server, and to one alone."""
        named = [split_host(text) for text in request.headers.getlist("host")]
        return len(named) == 1 and named[0] is not None and named[0][0] in self.hosts

    def knows_origin(self, request: HTTPConnection) -> bool:
        """Check whether a request comes from a page of this server, or from no page at all.

        Scheme, host and port must all be those under which the server was addressed: another port of this machine is
        another program's.
        """
        scheme = scheme_of(request)
        addressed = split_host(request.headers.get("host", ""))
        port = (addressed and addressed[1]) or PORTS.get(scheme)
        for origin in request.headers.getlist("origin"):
            told, _, authority = origin.lower().partition("://")
            host_and_port = split_host(authority)
            if (
                host_and_port is None
                or told != scheme
                or host_and_port[0] not in self.hosts
                or (host_and_port[1] or PORTS[scheme]) != port
            ):
                return False
        return True

    def knows_page(self, request: HTTPConnection) -> bool:
        """Check whether a request is made by no page of another site or port, or by one that only leads a person here.

        Cookies go to all ports of a host, and what loads a picture or a frame sends no ``Origin``; but browsers say so in
        ``Sec-Fetch-Site``, which no page can set. Where a connection is not trustworthy, they do not.
        """
        if request.headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
            return True
        leads = (request.headers.get("sec-fetch-mode"), request.headers.get("sec-fetch-dest")) == ("navigate", "document")
        return leads and request.scope["method"] in ("GET", "HEAD")

    def mcp_options(self) -> dict[str, Any]:
        """Return the options by which the MCP server checks tokens; empty when it asks for none."""
        if not self.token:
            return {}
        # Without a resource server URL no OAuth metadata are published, so hosts do not look for a login that is not there.
        settings = AuthSettings.model_validate(
            {"issuer_url": self.url, "resource_server_url": None, "required_scopes": [SCOPE]}
        )
        return {"auth": settings, "token_verifier": OneToken(self.token)}

    def accepts(self, request: HTTPConnection) -> bool:
        """Check whether a request shows the agents' token as bearer, or none is asked for."""
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        return not self.token or (scheme.lower() == "bearer" and same(shown, self.token))


class OneToken(TokenVerifier):
    """Accept exactly one bearer token."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def verify_token(self, token: str) -> AccessToken | None:
        """Compare in constant time."""
        return AccessToken(token=token, client_id="owner", scopes=[SCOPE]) if same(token, self._token) else None


def same(left: str, right: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())


def split_host(text: str) -> tuple[str, int | None] | None:
    """Split what a ``Host`` header or an origin says into the host, in one spelling, and the port; None if it is neither."""
    match = _AUTHORITY.fullmatch(text.lower())
    return None if match is None else (spell_host(match[1]), int(match[2]) if match[2] else None)


def spell_host(host: str) -> str:
    """Spell an address or a name in its one canonical form: ``[0:0::1]`` is ``::1``."""
    bare = host.lower().strip("[]")
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return bare


def scheme_of(request: HTTPConnection) -> str:
    """Return the scheme that a client used; a proxy in front of the server tells it, and no page of a browser can."""
    told = request.headers.get("x-forwarded-proto", request.url.scheme)
    return "https" if told == "https" else "http"


def is_loopback(host: str) -> bool:
    """Check whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
