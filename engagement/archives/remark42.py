"""Remark42's backup: a line about itself, then a comment on each line, packed or not."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engagement.archives.entries import Entry, Found, LeftOut, NotReadable, lines, moment
from engagement.domain.comments import Status


def read(path: Path) -> Iterator[Found]:
    """Raises ``NotReadable`` where the first line is not Remark42's."""
    number = 0
    for number, line in enumerate(lines(path), 1):
        try:
            given = json.loads(line)
        except (ValueError, RecursionError):
            given = None
        if number == 1:
            if not isinstance(given, dict) or "version" not in given:
                raise NotReadable("this is no Remark42 backup: the first line names no version")
        elif line.strip():
            yield _comment(given, number) if isinstance(given, dict) else LeftOut(f"line {number}", "no JSON object")
    if not number:
        raise NotReadable("this is no Remark42 backup: it is empty")


def _comment(given: Mapping[str, Any], number: int) -> Found:
    locator, user = given.get("locator"), given.get("user")
    if not isinstance(locator, dict) or not isinstance(user, dict) or not given.get("id"):
        return LeftOut(f"line {number}", "it has no id, page or author")
    written = str(given.get("orig") or "")  # Markdown, where the author's own text was kept
    return Entry(
        source=str(given["id"]),
        page_url=str(locator.get("url") or ""),
        page_title=str(given.get("title") or ""),
        body=written or str(given.get("text") or ""),
        author=str(user.get("name") or ""),
        parent=str(given.get("pid") or ""),
        at=moment(str(given.get("time") or "")),
        status=Status.DELETED if given.get("delete") else Status.PUBLISHED,
        markup=not written,
    )
