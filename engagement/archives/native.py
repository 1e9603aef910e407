"""What ``engagement export --site`` writes: JSON lines, each with its ``kind``."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engagement.archives.entries import Article, Entry, Found, LeftOut, NotReadable, lines, moment
from engagement.domain.comments import Status


def read(path: Path) -> Iterator[Found]:
    """Pages and comments; other kinds are passed over. Raises ``NotReadable`` where no line names its kind."""
    known = False
    for number, line in enumerate(lines(path), 1):
        try:
            given = json.loads(line)
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, dict):
            yield LeftOut(f"line {number}", "no JSON object")
            continue
        known = known or "kind" in given
        if given.get("kind") == "page":
            yield Article(str(given.get("url")), str(given.get("title") or ""), open=bool(given.get("open", True)))
        elif given.get("kind") == "comment":
            yield _comment(given, number)
    if not known:
        raise NotReadable("this is no export of ours: no line names its kind")


def _comment(given: Mapping[str, Any], number: int) -> Found:
    try:
        status = Status(given["status"])
        return Entry(
            source=str(given["id"]),
            page_url=str(given["page_url"]),
            body=str(given["body"]),
            author=str(given["author"]),
            email=str(given.get("email") or ""),
            website=str(given.get("website") or ""),
            parent=str(given.get("parent") or ""),
            at=moment(str(given["created_at"])),
            status=Status.HELD if status is Status.RECEIVED else status,
            own_id=str(given["id"]),
        )
    except (KeyError, ValueError) as error:
        return LeftOut(f"line {number}", f"a comment without what every comment has: {error}")
