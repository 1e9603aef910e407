"""Reasons of a decision as the JSON of a column."""

from collections.abc import Iterable, Mapping
from typing import Any

from engagement.domain.policy import Outcome, Reason


def written(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    return [{"code": r.code, "outcome": r.outcome.value, "facts": dict(r.facts)} for r in reasons]


def read(stored: Iterable[Mapping[str, Any]]) -> tuple[Reason, ...]:
    return tuple(Reason(r["code"], Outcome(r["outcome"]), r["facts"]) for r in stored)
