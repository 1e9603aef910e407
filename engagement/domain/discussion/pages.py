"""Addresses of articles: one article, one address, and always one of the site's own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

MAX_URL = 2_000  # characters; browsers and proxies agree on about this much

# Parameters that say how a reader came, not which article it is.
_TRACKING = frozenset(
    [
        "fbclid",
        "gclid",
        "dclid",
        "gbraid",
        "wbraid",
        "msclkid",
        "yclid",
        "twclid",
        "igshid",
        "mc_cid",
        "mc_eid",
        "_ga",
        "_gl",
        "ref_src",
        "mkt_tok",
        "vero_id",
        "oly_anon_id",
        "oly_enc_id",
        "wickedid",
        "hsctatracking",
        "commento",
        "replytocom",
    ]
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
# What RFC 3986 lets stand in a path; the rest is percent-encoded, so one article has one spelling.
_PATH_SAFE = "/%:@!$&'()*+,;=-._~"
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_HOST_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


@dataclass(frozen=True)
class Page:
    """One article. ``version`` counts every change of what its thread shows; ``count`` is published comments."""

    id: int
    site_id: int
    url: str
    title: str = ""
    open: bool = True
    version: int = 0
    count: int = 0

    @property
    def shown_title(self) -> str:
        """A title is a reader's word too: until something is published under it, it is for moderators alone."""
        return self.title if self.count else ""


class BadAddress(ValueError):
    """The text is no absolute http or https address."""


def origin_of(url: str) -> str:
    """``scheme://host[:port]`` of an absolute address, lower case, default port left out.

    Raises ``BadAddress`` for anything that is not plain http or https: credentials, control characters,
    backslashes (browsers read them as slashes) and missing hosts included.
    """
    return _origin(_split(url))


def normalise(url: str) -> str:
    """The one spelling under which an article is kept.

    Lower-case scheme and host, no default port, no fragment, no tracking parameters, the other parameters in
    the order given, ``/`` for an empty path, percent-escapes in upper case. Raises ``BadAddress``.
    """
    parts = _split(url)
    path = _ESCAPE.sub(lambda escape: escape[0].upper(), quote(parts.path, safe=_PATH_SAFE)) or "/"
    kept = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _is_tracking(k)]
    query = f"?{urlencode(kept)}" if kept else ""
    result = f"{_origin(parts)}{path}{query}"
    if len(result) > MAX_URL:
        raise BadAddress("too long")
    return result


def belongs(url: str, origins: Sequence[str]) -> bool:
    """Whether ``url`` lives under one of ``origins``; compared as origins, never as text prefixes."""
    try:
        return origin_of(url) in origins
    except BadAddress:
        return False


def _is_tracking(name: str) -> bool:
    lowered = name.lower()
    return lowered.startswith("utm_") or lowered in _TRACKING


def _split(url: str) -> SplitResult:
    if not url or len(url) > 2 * MAX_URL or "\\" in url or any(ord(c) <= 32 or ord(c) == 127 for c in url):
        raise BadAddress("not an address")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadAddress(str(error)) from error
    if parts.scheme.lower() not in _DEFAULT_PORTS or not host or "@" in parts.netloc or port == 0:
        raise BadAddress("not a plain http or https address")
    if "%" in host or ("[" in parts.netloc and ":" not in host):
        raise BadAddress("not a host name")
    try:
        url.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadAddress("lone surrogates") from error
    return parts


def _origin(parts: SplitResult) -> str:
    scheme = parts.scheme.lower()
    host = _ascii_host(parts.hostname or "")
    if ":" in host:
        host = f"[{host}]"
    if parts.port is None or parts.port == _DEFAULT_PORTS[scheme]:
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{parts.port}"


def _ascii_host(host: str) -> str:
    if ":" in host:
        return host.lower()  # an IPv6 address, checked by urlsplit
    try:
        # The standard library's IDNA 2003 agrees with browsers on every name a blog is likely to have.
        name = (host if host.isascii() else host.encode("idna").decode("ascii")).rstrip(".").lower()
    except UnicodeError as error:
        raise BadAddress("not a host name") from error
    if not _HOST_NAME.fullmatch(name):
        raise BadAddress("not a host name")
    return name
