"""What the word lists see of a text: terms, and what they meet.

A term, a group of people, "you" and "not" are marks on the text's words. Which marks stand near each other, and
which words stand beside a term, tells "you are a §2" from "he called me a §2" for every term of a list at once, where
the words themselves are too rare to learn from. Each such meeting is hashed (CRC-32, so alike on every
machine) to one of ``BUCKETS``.
"""

import csv
import zlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engagement.screening import lexicon

BITS = 16
BUCKETS = 1 << BITS
# The columns of ``Evidence.measured``: nine features of each of the three lists.
MEASURES = tuple(f"{name}.{feature}" for name in ("plain", "wide", "weak") for feature in lexicon.FEATURES)
_NEAR = 6  # words; what stands farther apart does not meet
_ROLES = {"you": "Y", "not": "N", "group": "G"}
_ALONE = frozenset("YN")  # these two mean nothing without a term or a group


class Mark(NamedTuple):
    """Words ``start`` to ``end`` (exclusive) of a text, and what they are, one character."""

    start: int
    end: int
    kind: str


class Evidence(NamedTuple):
    """``buckets``: distinct, ascending, shape (k,); ``measured``: shape (len(MEASURES),)."""

    buckets: NDArray[np.int64]
    measured: NDArray[np.float64]


def evidence(words: Sequence[str]) -> Evidence:
    """What the lists see of a text's words, see ``features.words_of``."""
    found = [each.hits(words) for each in (lexicon.shipped(), lexicon.wide(), lexicon.weak())]
    measured = np.concatenate([lexicon.measured(hits, len(words)) for hits in found])
    hashed = {_bucket(each) for each, _ in _meetings(words, found[1:])}
    return Evidence(np.array(sorted(hashed), dtype=np.int64), measured)


def occurrences(words: Sequence[str]) -> list[tuple[int, tuple[int, ...]]]:
    """Every meeting: its bucket, and the words that meet in it. The distinct buckets are those of ``evidence``."""
    found = [each.hits(words) for each in (lexicon.wide(), lexicon.weak())]
    return [(_bucket(each), covered) for each, covered in _meetings(words, found)]


def credits(words: Sequence[str]) -> NDArray[np.float64]:
    """How much of each of ``MEASURES`` is owed to each word, shape (words, len(MEASURES))."""
    return np.hstack([each.credits(words) for each in (lexicon.shipped(), lexicon.wide(), lexicon.weak())])


def _bucket(meeting: str) -> int:
    return zlib.crc32(meeting.encode("utf-8", "surrogatepass")) >> (32 - BITS)


def marked(words: Sequence[str], wide: Sequence[lexicon.Hit], weak: Sequence[lexicon.Hit]) -> list[Mark]:
    """The marks of a text in order, none over another: terms first, weak words next, then roles."""
    found: list[Mark] = []
    taken: set[int] = set()
    for hits, ambiguous, name in ((wide, "a", None), (weak, "v", "w")):
        for at, length, term in hits:
            span = range(at, at + length)
            if taken.isdisjoint(span):
                found.append(Mark(at, at + length, ambiguous if term.ambiguous else name or str(term.severity)))
                taken.update(span)
    roles = _roles()
    found += [Mark(at, at + 1, roles[word]) for at, word in enumerate(words) if at not in taken and word in roles]
    return sorted(found)


def _meetings(words: Sequence[str], hits: Sequence[Sequence[lexicon.Hit]]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Each meeting as text, and the words that meet."""
    marks = marked(words, *hits)
    if all(mark.kind in _ALONE for mark in marks):
        return
    for index, mark in enumerate(marks):
        if mark.kind not in _ALONE:
            yield from _neighbours(words, mark)
        for other in marks[index + 1 :]:
            gap = other.start - mark.end
            if gap >= _NEAR:
                break
            if mark.kind in _ALONE and other.kind in _ALONE:
                continue
            covered = (*range(mark.start, mark.end), *range(other.start, other.end))
            yield f"{mark.kind}..{other.kind}", covered
            if gap <= 1:
                yield f"{mark.kind}_{other.kind}", covered


def _neighbours(words: Sequence[str], mark: Mark) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The word or two before and the word after; ``^`` and ``$`` are the text's ends."""
    start, end, kind = mark
    term = tuple(range(start, end))
    yield f"<{words[start - 1] if start else '^'}|{kind}", (start - 1, *term) if start else term
    yield f"{kind}|{words[end] if end < len(words) else '$'}>", (*term, end) if end < len(words) else term
    if start > 1:
        yield f"<{words[start - 2]} {words[start - 1]}|{kind}", (start - 2, start - 1, *term)


@cache
def _roles() -> dict[str, str]:
    path = Path(__file__).with_name("lexicon") / "roles.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["word"]: _ROLES[row["role"]] for row in csv.DictReader(file, delimiter="\t")}
