"""Post numbers with their addresses: from a CSV file, or from a WordPress site's own REST address."""

import csv
import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

PER_PAGE, MOST_PAGES = 100, 1_000
MOST_BYTES = 8 * 1024 * 1024  # of one answer
SECONDS = 30.0


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


def from_rest(blog: str) -> Iterator[tuple[int, str, str]]:
    """Published posts of a WordPress blog by ``/wp-json/wp/v2/posts``. Raises ``MapNotRead``.

    For an operator's command: it goes wherever it is told to.
    """
    if urlsplit(blog).scheme not in {"http", "https"}:
        raise MapNotRead("the blog's address must start with http:// or https://")
    base = f"{blog.rstrip('/')}/wp-json/wp/v2/posts?per_page={PER_PAGE}&_fields=id,link,title&orderby=id&order=asc"
    for page in range(1, MOST_PAGES + 1):
        posts, last = _fetch(f"{base}&page={page}")
        for post in posts:
            yield _post(post)
        if page >= last:
            return


def _row(row: dict[str, str], line: int) -> tuple[int, str, str]:
    number = (row.get("post_id") or "").strip()
    if not (number.isascii() and number.isdigit()) or len(number) > 18:
        raise MapNotRead(f"line {line}: post_id must be a number, not {number!r}")
    return int(number), (row.get("url") or "").strip(), (row.get("title") or "").strip()


def _fetch(url: str) -> tuple[list[Any], int]:
    """The posts of one page, and how many pages there are."""
    request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - http and https only, see from_rest
    try:
        with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - as above
            raw, pages = answer.read(MOST_BYTES + 1), answer.headers.get("X-WP-TotalPages", "1")
    except (URLError, OSError, ValueError) as error:
        raise MapNotRead(f"{url} did not answer: {error}") from error
    try:
        found = json.loads(raw) if len(raw) <= MOST_BYTES else None
    except ValueError:
        found = None
    if not isinstance(found, list) or not pages.isdigit():
        raise MapNotRead(f"{url} did not answer with a list of posts")
    return found, int(pages)


def _post(post: Any) -> tuple[int, str, str]:
    try:
        title = html.unescape(str(post["title"]["rendered"]))
        return int(post["id"]), str(post["link"]), title
    except (KeyError, TypeError, ValueError) as error:
        raise MapNotRead("a post came without id, link or title") from error
