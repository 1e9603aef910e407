"""Partial answers: ``fields=languages,attributeScores(TOXICITY/summaryScore)``, or the header ``X-Goog-FieldMask``.

The grammar is Google's: paths with ``/`` or ``.`` between names, lists in parentheses, ``*`` for any name.
"""

import re
from collections.abc import Iterator
from typing import Any

from flask import request

from engagement.web.perspective.shapes import SHAPES, camel

HEADER = "X-Goog-FieldMask"
Paths = tuple[tuple[str, ...], ...]

_LONGEST = 2_000  # characters of a mask
_STEP = re.compile(r"([^,./()]*)([,./()])")


class InvalidMask(Exception):
    """``mask`` as it was sent, and the first ``path`` of it that leads nowhere."""

    def __init__(self, mask: str, path: str) -> None:
        self.mask, self.path = mask, path
        super().__init__(path)


def wanted(message: str) -> Paths:
    """The paths that this request wants of an answer of that shape; none means all. Raises ``InvalidMask``."""
    mask = request.args.get("fields") or request.args.get("$fields") or request.headers.get(HEADER, "")
    paths = tuple(_paths(mask[:_LONGEST])) if len(mask) <= _LONGEST else ((mask[:80],),)
    for path in paths:
        if not _leads(message, path):
            raise InvalidMask(mask[:_LONGEST], ".".join(path))
    return paths


def picked(value: Any, paths: Paths) -> Any:
    """What the paths lead to, in its place."""
    if not paths or any(path in {(), ("*",)} for path in paths):
        return value
    if isinstance(value, list):
        return [picked(each, paths) for each in value]
    below = {name: tuple(path[1:] for path in paths if path[0] in {name, "*"}) for name in value}
    return {name: picked(value[name], further) for name, further in below.items() if further}


def _paths(mask: str) -> Iterator[tuple[str, ...]]:
    """Each path of a mask. Raises ``InvalidMask`` where parentheses do not fit."""
    begun: list[tuple[str, ...]] = [()]  # before each parenthesis that is open
    path: tuple[str, ...] = ()
    for name, mark in _STEP.findall(f"{mask},"):
        path = (*path, camel(name.strip())) if name.strip() else path
        if mark == "(":
            begun.append(path)
        elif mark in ",)":
            if path != begun[-1]:
                yield path
            if mark == ")":
                begun.pop()
            if not begun:
                raise InvalidMask(mask, mask)
            path = begun[-1]
    if len(begun) > 1:
        raise InvalidMask(mask, mask)


def _leads(message: str, path: tuple[str, ...]) -> bool:
    """Whether the shape of an answer has such a path; ``*`` fits any name of a map, and everything at the end."""
    kind: Any = message
    for at, name in enumerate(path):
        kind = kind[0] if isinstance(kind, list) else kind
        if name == "*" and at == len(path) - 1:
            return isinstance(kind, set) or kind in SHAPES
        kind = next(iter(kind)) if isinstance(kind, set) else SHAPES.get(str(kind), {}).get(name)
        if kind is None:
            return False
    return True
