"""Commento's and Comentario's export, version 1: one JSON object, packed or not."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from engagement.archives.entries import UNREADABLE, Entry, Found, LeftOut, NotReadable, moment, opened
from engagement.domain.comments import Status

_STATES = {"approved": Status.PUBLISHED, "unapproved": Status.HELD, "flagged": Status.HELD}


def read(path: Path) -> Iterator[Found]:
    """Raises ``NotReadable``. The whole file is read at once: comments and people stand in any order in it."""
    try:
        with opened(path) as file:
            given = json.load(file)
    except UNREADABLE as error:
        raise NotReadable(f"this is no JSON: {error}") from error
    if not isinstance(given, dict) or not isinstance(given.get("comments"), list):
        raise NotReadable("this is no Commento export: it has no list of comments")
    if given.get("version") != 1:
        raise NotReadable(f"version {given.get('version')!r} of Commento's export is not known here, version 1 is")
    people = {
        p["commenterHex"]: p for p in given.get("commenters") or [] if isinstance(p, dict) and "commenterHex" in p
    }
    for comment in given["comments"]:
        yield _comment(comment, people) if isinstance(comment, dict) else LeftOut("a comment", "no object")


def _comment(given: Mapping[str, Any], people: Mapping[str, Mapping[str, Any]]) -> Found:
    number, state = str(given.get("commentHex") or ""), str(given.get("state") or "")
    if not number or state not in _STATES:
        return LeftOut(f"comment {number}", f"its state {state!r} is unknown" if number else "it has no id")
    person = people.get(str(given.get("commenterHex")), {})
    website = str(person.get("link") or "")
    parent = str(given.get("parentHex") or "")
    return Entry(
        source=number,
        page_url=f"https://{given.get('domain')}{given.get('url') or given.get('path') or '/'}",
        body=str(given.get("markdown") or ""),
        author=str(person.get("name") or ""),
        email=str(person.get("email") or ""),
        website="" if website == "undefined" else website,
        parent="" if parent == "root" else parent,
        at=moment(str(given.get("creationDate") or "")),
        status=Status.DELETED if given.get("deleted") else _STATES[state],
    )
