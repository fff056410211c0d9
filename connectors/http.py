"""HTTP with JSON, to the origins that the administrator allows and nowhere else.

A name is resolved once and every address is checked before one of them is connected to, so that a name cannot lead
into the house or change its mind between the check and the connection. No redirects, no proxies, no compression.
"""

import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from ssl import SSLContext
from typing import Any
from urllib.parse import urlsplit

import httpcore
import orjson

from connectors import inputs
from engine.ports import Call, Failed

SECONDS = 10.0
BYTES = 1_000_000

Network = IPv4Network | IPv6Network

DENIED: tuple[Network, ...] = tuple(
    ip_network(each)
    for each in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
PUBLIC_V6 = IPv6Network("2000::/3")
"""Outside of it nothing is public: loopback, link-local, mapped and translated IPv4, multicast and the rest."""


def is_public(address: str) -> bool:
    """Whether an address lies on the open internet. Stricter than `ipaddress`, which is wrong about some."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address) and found not in PUBLIC_V6:
        return False
    return not any(found in network for network in DENIED if network.version == found.version)


@dataclass(frozen=True, slots=True)
class Origin:
    """A scheme, host and port that may be called; ``inside`` the network it must lie in when it is not public."""

    scheme: str
    host: str
    port: int
    inside: Network | None = None

    @classmethod
    def read(cls, text: str) -> "Origin":
        """``https://api.example.com`` or ``http://erp.firm.example:8080=10.1.0.0/16``. Raises ValueError."""
        address, _, inside = text.strip().partition("=")
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
            raise ValueError(f"not an origin such as https://api.example.com: {address}")
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        return cls(parts.scheme, parts.hostname.lower(), port, ip_network(inside) if inside else None)

    def admits(self, address: str) -> bool:
        """Whether the host may have this address."""
        if self.inside is None:
            return is_public(address)
        found = ip_address(address.partition("%")[0])
        return found.version == self.inside.version and found in self.inside


class Http:
    """*get*, *post*, *put*, *delete*: ``url``, ``body`` (JSON), ``headers``. Answers ``status`` and ``body``."""

    name = "http"

    def __init__(
        self, origins: Iterable[str] = (), *, seconds: float = SECONDS, tls: SSLContext | None = None
    ) -> None:
        """``origins`` as `Origin.read` takes them; without one every call is refused. ``tls``: whom to trust."""
        self._origins = [Origin.read(each) for each in origins if each.strip()]
        self._seconds, self._tls = seconds, tls

    def run(self, call: Call) -> dict[str, Any]:
        """Make one request. A retry carries the same ``Idempotency-Key``."""
        method = (call.operation or "").upper()
        if method not in {"GET", "POST", "PUT", "DELETE"}:
            raise inputs.unknown(call)
        url = inputs.text(call.inputs, "url", longest=2000)
        origin, target = self._allowed(url)
        headers = _headers(call)
        body = None
        if call.inputs.get("body") is not None:
            body, headers["Content-Type"] = orjson.dumps(call.inputs["body"], default=str), "application/json"
        status, content = self._request(method, url, headers, body, origin)
        return _answer(status, content, target)

    def _allowed(self, url: str) -> tuple[Origin, str]:
        try:
            parts = urlsplit(url)
            port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
        except ValueError as error:
            raise inputs.wrong("url", "is not an address") from error
        for origin in self._origins:
            host = (parts.hostname or "").lower()
            if (origin.scheme, origin.host, origin.port) == (parts.scheme, host, port) and not parts.username:
                return origin, f"{host}{parts.path}"
        raise Failed("this address is not on the list of allowed ones", code="NOT_ALLOWED", permanent=True)

    def _request(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, origin: Origin
    ) -> tuple[int, bytes]:
        network = _Network(origin, time.monotonic() + self._seconds)
        try:
            with (
                httpcore.ConnectionPool(self._tls, network_backend=network, max_connections=1) as pool,
                pool.stream(method, url, headers=list(headers.items()), content=body) as response,
            ):
                return response.status, _read(response)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise Failed(f"{origin.host} does not answer: {type(error).__name__}") from error


class _Network(httpcore.NetworkBackend):
    """Connects to checked addresses of one origin, and gives every wait only what is left of the deadline."""

    def __init__(self, origin: Origin, deadline: float) -> None:
        self._origin, self._deadline, self._backend = origin, deadline, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(each[4][0]) for each in found]
        if not addresses or not all(self._origin.admits(each) for each in addresses):
            raise Failed(
                f"{host} leads to an address that is not allowed", code="NOT_ALLOWED", permanent=True
            )
        stream = self._backend.connect_tcp(addresses[0], port, _left(self._deadline))
        return _Stream(stream, self._deadline)


class _Stream(httpcore.NetworkStream):
    """A stream that ends at a moment, however slowly the other side drips."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left


def _read(response: httpcore.Response) -> bytes:
    content = bytearray()
    for part in response.iter_stream():
        content += part
        if len(content) > BYTES:
            raise Failed(f"the answer is larger than {BYTES} bytes", code="TOO_LARGE", permanent=True)
    return bytes(content)


def _headers(call: Call) -> dict[str, str]:
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "contentum",
        "Idempotency-Key": call.key,
    }
    given = call.inputs.get("headers") or {}
    if not isinstance(given, Mapping):
        raise inputs.wrong("headers", "is not a record")
    for name, value in given.items():
        if str(name).lower() in {
            "host",
            "content-length",
            "transfer-encoding",
            "connection",
            "idempotency-key",
        }:
            raise inputs.wrong("headers", f"may not hold {name}")
        if (
            not str(name).replace("-", "").isalnum()
            or not str(value).isascii()
            or not str(value).isprintable()
        ):
            raise inputs.wrong("headers", "holds something that is no header")
        headers[str(name)] = str(value)
    return headers


def _answer(status: int, content: bytes, target: str) -> dict[str, Any]:
    if status >= 500 or status in {408, 425, 429}:
        raise Failed(f"{target} answered {status}", code=f"HTTP_{status}")
    if status >= 300:
        raise Failed(f"{target} answered {status}", code=f"HTTP_{status}", permanent=True)
    try:
        body = orjson.loads(content) if content else None
    except orjson.JSONDecodeError as error:
        raise Failed(f"{target} did not answer JSON", code="NOT_JSON", permanent=True) from error
    return {"status": status, "body": body}
