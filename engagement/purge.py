"""The hook of a cache in front of the service, over HTTP. Where it is comes from the settings alone."""

import json
import logging
from collections.abc import Sequence
from urllib.error import URLError
from urllib.request import Request, urlopen

from engagement.settings import Cache

_log = logging.getLogger(__name__)
PATIENCE = 5.0  # seconds for an answer


class HttpPurge:
    """``POST`` of ``{"site", "page_url", "urls"}`` as JSON. Any 2xx means taken."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __call__(self, site: str, page_url: str, urls: Sequence[str]) -> bool:
        """Whether the hook took it. Never raises; the log names no address, for it may hold a key."""
        body = json.dumps({"site": site, "page_url": page_url, "urls": list(urls)}).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "engagement"}
        request = Request(self._url, body, headers, method="POST")  # noqa: S310 - http or https, by the settings
        try:
            with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - as above
                return bool(200 <= answer.status < 300)
        except (URLError, OSError, ValueError) as error:
            _log.warning("the cache's purge hook does not answer: %s", type(error).__name__)
            return False


def open_purge(cache: Cache) -> HttpPurge | None:
    """The hook of the settings; None where none is named."""
    return HttpPurge(cache.purge_url) if cache.purge_url else None
