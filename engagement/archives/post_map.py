"""Post numbers with their addresses: from a CSV file, or from a WordPress site's own REST address."""

import csv
import html
import json
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engagement.archives.fetching import NotFetched, Resolve, fetch, is_public

PER_PAGE, MOST_PAGES = 100, 1_000
SECONDS = 30.0  # for one answer
_JSON = "application/json"
_MOST = 2**63  # what the column holds
_HERE = ("localhost", ".localhost", ".local", ".lan", ".internal")


class MapNotRead(ValueError):
    """The file or the address did not give what was expected; the message says what."""


def from_csv(path: Path) -> Iterator[tuple[int, str, str]]:
    """Rows ``post_id,url,title`` with that heading line (``title`` may be missing). Raises ``MapNotRead``."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"post_id", "url"} <= set(rows.fieldnames or ()):
                raise MapNotRead("the first line must name the columns post_id and url")
            for row in rows:
                yield _row(row, rows.line_num)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise MapNotRead(str(error)) from error


def from_rest(
    blog: str, *, allow_private: bool = False, resolve: Resolve = socket.getaddrinfo
) -> Iterator[tuple[int, str, str]]:
    """Published posts of a WordPress blog by ``/wp-json/wp/v2/posts``. Raises ``MapNotRead``.

    A private address is asked where the operator named one, or with ``allow_private``; a blog of the internet leads to
    none, by no name and no redirect.
    """
    if urlsplit(blog).scheme not in {"http", "https"}:
        raise MapNotRead("the blog's address must start with http:// or https://")
    private = allow_private or _is_here(urlsplit(blog).hostname or "")
    base = f"{blog.rstrip('/')}/wp-json/wp/v2/posts?per_page={PER_PAGE}&_fields=id,link,title&orderby=id&order=asc"
    for page in range(1, MOST_PAGES + 1):
        posts = _fetch(f"{base}&page={page}", first=page == 1, private=private, resolve=resolve)
        if not posts:
            return
        yield from map(_post, posts)


def _is_here(host: str) -> bool:
    """Whether the name alone says that it is a machine of this network."""
    try:
        return not is_public(str(ip_address(host)))
    except ValueError:
        return "." not in host or host.endswith(_HERE)


def _row(row: dict[str, str], line: int) -> tuple[int, str, str]:
    number = (row.get("post_id") or "").strip()
    if not (number.isascii() and number.isdigit()) or len(number) > 18:
        raise MapNotRead(f"line {line}: post_id must be a number, not {number!r}")
    return int(number), (row.get("url") or "").strip(), (row.get("title") or "").strip()


def _fetch(url: str, *, first: bool, private: bool, resolve: Resolve) -> list[Any]:
    """The posts of one page; none behind the last one, which WordPress calls a bad request."""
    try:
        answer = fetch(url, allow_private=private, seconds=SECONDS, accept=_JSON, resolve=resolve)
    except NotFetched as error:
        raise MapNotRead(f"{url} did not answer: {error}") from error
    if answer.status == 400 and not first:
        return []
    try:
        found = json.loads(answer.body) if answer.status == 200 else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise MapNotRead(f"{url} did not answer with a list of posts")
    return found


def _post(post: Any) -> tuple[int, str, str]:
    try:
        number, title = int(post["id"]), html.unescape(str(post["title"]["rendered"]))
        if not 0 <= number < _MOST:
            raise ValueError(number)
        return number, str(post["link"]), title
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise MapNotRead("a post came without id, link or title") from error
