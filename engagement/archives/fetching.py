"""One safe way to read an address that somebody named: only public servers, bounded in time and size.

Every address that a name stands for must be public, the connection goes to the very address that was checked (a name
that answers differently a moment later gains nothing), and each redirect is looked at anew. Proxies of the environment
are not used: they would resolve the name once more. ``allow_private`` lifts the first rule, for intranets and tests.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message as Headers
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from engagement import __version__
from engagement.domain.discussion.pages import BadAddress, origin_of

MOST_BYTES = 5 * 1024 * 1024  # of a body, as it comes and as it is unpacked
MOST_REDIRECTS = 5
SECONDS = 20.0  # for all of it, redirects included; asking for a name is bounded by the resolver
_FEEDS = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1"
_CHUNK = 64 * 1024
_TRAVELS = "/?%:@!$&'()*+,;=-._~[]"  # what stays as it is in path and query
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = {301, 302, 303, 307, 308}
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.ip_network("::/96")

Resolve = Callable[..., list[Any]]


class NotFetched(Exception):
    """The address could not be read; the words say why, and hold nothing that the server sent."""


@dataclass(frozen=True)
class Answer:
    """``status`` is what the last server said; ``body`` is unpacked, and empty unless the status is 200."""

    status: int
    url: str
    body: bytes = b""
    charset: str = ""
    etag: str = ""
    last_modified: str = ""
    retry_after: int | None = None


def fetch(
    url: str,
    *,
    etag: str = "",
    last_modified: str = "",
    allow_private: bool = False,
    seconds: float = SECONDS,
    accept: str = _FEEDS,
    resolve: Resolve = socket.getaddrinfo,
) -> Answer:
    """GET an address, with its validators where we have some. Raises ``NotFetched``."""
    known = {"If-None-Match": etag, "If-Modified-Since": last_modified}
    headers = {
        "User-Agent": f"Engagement/{__version__} (feed reader)",
        "Accept": accept,
        "Accept-Encoding": "gzip",
        "Connection": "close",
    } | {name: value for name, value in known.items() if value}
    with _Deadline(seconds) as deadline:
        for _ in range(MOST_REDIRECTS + 1):
            answer = _ask(url, headers, deadline, allow_private=allow_private, resolve=resolve)
            if isinstance(answer, Answer):
                return answer
            if url.startswith("https:") and not answer.startswith("https:"):
                raise NotFetched("it leads from https to http")
            url = answer
    raise NotFetched(f"more than {MOST_REDIRECTS} redirects")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet, and so is the IPv4 address that it may hold inside."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = _inside(ip)
        if inner is not None:
            return is_public(str(inner))
        if ip.sixtofour is not None or ip.teredo is not None:
            return False  # tunnels that ended long ago; nobody's blog is there
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _inside(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip in _NAT64[0] or (ip in _COMPATIBLE and int(ip) > 1):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ipaddress.IPv4Address(0) if ip in _NAT64[1] else None


class _Deadline:
    """Cuts the connection in hand when the time is over: a server that sends a byte now and then cannot outlast it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._socket: socket.socket | None = None
        self.over = False

    def __enter__(self) -> "_Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    @property
    def seconds(self) -> float:
        """For a single step; no step may be longer than the whole."""
        return self._seconds

    def watch(self, sock: socket.socket) -> None:
        self._socket = sock
        if self.over:
            self._cut()

    def _cut(self) -> None:
        self.over = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it has ended by itself
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # TLS sockets forget their state in theirs


class _Pinned(http.client.HTTPConnection):
    """A connection for a host name, to an address that was chosen before."""

    def __init__(self, parts: SplitResult, addresses: list[str], deadline: _Deadline) -> None:
        super().__init__(parts.hostname or "", parts.port or _PORTS[parts.scheme], timeout=deadline.seconds)
        self._addresses, self._deadline, self._secure = addresses, deadline, parts.scheme == "https"
        self.default_port = _PORTS[parts.scheme]  # which the Host header leaves out

    def connect(self) -> None:
        self.sock = self._reach()
        if self._secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
        self._deadline.watch(self.sock)
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.do_handshake()

    def _reach(self) -> socket.socket:
        """The first of the addresses that takes us."""
        failed: OSError = OSError("no address")
        for address in self._addresses:
            if self._deadline.over:
                break
            try:
                return socket.create_connection((address, self.port), self._deadline.seconds)
            except OSError as error:
                failed = error
        raise failed


def _ask(
    url: str, headers: Mapping[str, str], deadline: _Deadline, *, allow_private: bool, resolve: Resolve
) -> Answer | str:
    """One request: its answer, or the address that it leads to."""
    parts = _checked(url)
    addresses = _resolved(parts, allow_private=allow_private, resolve=resolve)
    connection = _Pinned(parts, addresses, deadline)
    target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    try:
        connection.request("GET", target, headers=dict(headers))
        response = connection.getresponse()
        if response.status in _REDIRECTS and response.headers.get("Location"):
            return urljoin(url, str(response.headers["Location"]))
        return _answer(url, response)
    except ssl.SSLCertVerificationError as error:
        raise NotFetched("the certificate is not valid") from error
    except (OSError, http.client.HTTPException, ValueError, zlib.error) as error:
        why = "it took too long" if deadline.over or isinstance(error, TimeoutError) else type(error).__name__
        raise NotFetched(f"no answer: {why}") from error
    finally:
        connection.close()
        if deadline.over:
            raise NotFetched("no answer: it took too long")


def _checked(url: str) -> SplitResult:
    """Raises ``NotFetched`` for what is no plain http or https address."""
    try:
        origin_of(url)
        parts = urlsplit(url)
        host = parts.hostname or ""
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except (BadAddress, UnicodeError) as error:
        raise NotFetched("not a plain http or https address") from error
    place = f"[{host}]" if ":" in host else host
    return parts._replace(
        scheme=parts.scheme.lower(),
        netloc=place if parts.port is None else f"{place}:{parts.port}",
        path=quote(parts.path, safe=_TRAVELS),
        query=quote(parts.query, safe=_TRAVELS),
    )


def _resolved(parts: SplitResult, *, allow_private: bool, resolve: Resolve) -> list[str]:
    """The addresses of a host, every one of them fit to be asked. Raises ``NotFetched``."""
    try:
        found = resolve(parts.hostname, parts.port or _PORTS[parts.scheme], type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotFetched("its name is not known") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not addresses:
        raise NotFetched("its name is not known")
    if not allow_private and not all(is_public(address) for address in addresses):
        raise NotFetched("it is not a public address (feeds.allow_private lets private ones be asked)")
    return addresses


def _answer(url: str, response: http.client.HTTPResponse) -> Answer:
    headers: Headers = response.headers
    wait = headers.get("Retry-After", "")
    return Answer(
        status=response.status,
        url=url,
        body=_body(response) if response.status == 200 else b"",
        charset=headers.get_content_charset("") if "charset" in headers.get("Content-Type", "").lower() else "",
        etag=_short(headers.get("ETag", "")),
        last_modified=_short(headers.get("Last-Modified", "")),
        retry_after=int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 8 else None,
    )


def _body(response: http.client.HTTPResponse) -> bytes:
    """Read and unpack, and stop as soon as it is too much. Raises ``NotFetched``."""
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in {"identity", "gzip", "x-gzip", ""}:
        raise NotFetched("packed in a way that was not asked for")
    unpack = zlib.decompressobj(wbits=31) if "gzip" in coding else None
    body, came = bytearray(), 0
    while chunk := response.read(_CHUNK):
        came += len(chunk)
        body += unpack.decompress(chunk, MOST_BYTES + 1 - len(body)) if unpack else chunk
        if came > MOST_BYTES or len(body) > MOST_BYTES:
            raise NotFetched(f"larger than {MOST_BYTES // 1024 // 1024} MB")
    if response.length or (unpack and not unpack.eof):
        raise NotFetched("it ended in the middle")
    return bytes(body)


def _short(value: str) -> str:
    """A validator to send back later; one that is too long or odd is as good as none."""
    return value if len(value) <= 200 and value.isascii() and value.isprintable() else ""
