"""Isso's own data: the SQLite file it writes, or the JSON that it imports itself ("generic")."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from engagement.archives.entries import UNREADABLE, Article, Entry, Found, LeftOut, NotReadable, moment, opened
from engagement.domain.comments import Status

_SQLITE = b"SQLite format 3\x00"
_MODES = {1: Status.PUBLISHED, 2: Status.HELD, 4: Status.DELETED}
_QUERY = """SELECT t.uri, t.title, c.id, c.parent, c.created, c.mode, c.text, c.author, c.email, c.website
    FROM comments c JOIN threads t ON t.id = c.tid ORDER BY c.id"""


def read(path: Path) -> Iterator[Found]:
    """Raises ``NotReadable``."""
    with opened(path) as file:
        try:
            head = file.read(len(_SQLITE))
        except UNREADABLE as error:
            raise NotReadable(str(error)) from error
    return _from_database(path) if head == _SQLITE else _from_json(path)


def _from_database(path: Path) -> Iterator[Found]:
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            for uri, title, number, parent, created, mode, text, author, email, website in connection.execute(_QUERY):
                if mode not in _MODES:
                    yield LeftOut(f"comment {number}", f"its mode {mode} is unknown")
                    continue
                yield Entry(
                    source=str(number),
                    page_url=uri or "",
                    page_title=title or "",
                    body=text or "",
                    author=author or "",
                    email=email or "",
                    website=website or "",
                    parent=str(parent) if parent else "",
                    at=_instant(created),
                    status=_MODES[mode],
                )
    except sqlite3.Error as error:
        raise NotReadable(f"this is no Isso database: {error}") from error


def _instant(seconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _from_json(path: Path) -> Iterator[Found]:
    try:
        with opened(path) as file:
            threads = json.load(file)
    except UNREADABLE as error:
        raise NotReadable(f"this is neither an Isso database nor JSON: {error}") from error
    if not isinstance(threads, list) or not all(isinstance(thread, dict) for thread in threads):
        raise NotReadable("Isso's JSON is a list of threads")
    for thread in threads:
        title = unquote_plus(str(thread.get("title") or ""))
        yield Article(str(thread.get("id") or ""), title)
        for comment in thread.get("comments") or []:
            yield _comment(comment, thread, title) if isinstance(comment, dict) else LeftOut("a comment", "no object")


def _comment(given: Mapping[str, Any], thread: Mapping[str, Any], title: str) -> Entry:
    def text(name: str) -> str:
        value = given.get(name)
        return "" if value is None else str(value)

    return Entry(
        source=text("id"),
        page_url=str(thread.get("id") or ""),
        page_title=title,
        body=text("text"),
        author=text("author"),
        email=text("email"),
        website=text("website"),
        parent=text("parent"),
        at=moment(text("created")),
    )
