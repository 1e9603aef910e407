"""The words of Perspective: attributes, what is asked about a text, what is answered, and its refusals."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from engagement.domain.screening import Thresholds

MAX_BYTES = 20_480  # of UTF-8 in one text
MOST_SPANS = 200  # what is left over after them is part of the last

# Attribute → the label of a model that is its honest source.
LABEL_OF: Mapping[str, str] = {
    "TOXICITY": "toxicity",
    "SEVERE_TOXICITY": "severe_toxicity",
    "IDENTITY_ATTACK": "identity_attack",
    "INSULT": "insult",
    "PROFANITY": "obscene",
    "OBSCENE": "obscene",
    "THREAT": "threat",
    "SEXUALLY_EXPLICIT": "sexual_explicit",
}
# Names that Perspective knew and no model here measures: refused, never guessed.
WITHOUT_SOURCE = frozenset(
    {
        "AFFINITY",
        "ALIENATION",
        "ATTACK_ON_AUTHOR",
        "ATTACK_ON_COMMENTER",
        "COMPASSION",
        "CONSTRUCTIVE",
        "CURIOSITY",
        "FEARMONGERING",
        "FLIRTATION",
        "GENERALIZATION",
        "INCOHERENT",
        "INFLAMMATORY",
        "LIKELY_TO_REJECT",
        "MORAL_OUTRAGE",
        "NUANCE",
        "PERSONAL_STORY",
        "POWER_APPEAL",
        "REASONING",
        "RESPECT",
        "SCAPEGOATING",
        "SPAM",
        "UNSUBSTANTIAL",
    }
)
_NAME = re.compile(r"([A-Z][A-Z_]{0,60}?)(?:_EXPERIMENTAL)?(?:@[0-9]{1,4})?")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'»”’)\]]*(?=\s)|\n+")

ErrorType = Literal[
    "COMMENT_EMPTY",
    "COMMENT_TOO_LONG",
    "NO_REQUESTED_ATTRIBUTES",
    "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
    "LANGUAGE_DETECTION_FAILED",
    "INVALID_REQUEST",
]


class AnalysisRefused(Exception):
    """A refusal in Perspective's own words, which clients compare; ``attribute`` names the one that is to blame."""

    def __init__(
        self,
        error_type: ErrorType,
        text: str,
        *,
        attribute: str = "",
        detected: Sequence[str] = (),
        requested: Sequence[str] = (),
    ) -> None:
        self.error_type: ErrorType = error_type
        self.text = text
        self.attribute = attribute
        self.detected = tuple(detected)
        self.requested = tuple(requested)
        super().__init__(text)


@dataclass(frozen=True)
class Question:
    """What is asked about a text. ``attributes``: name as sent → score below which nothing is answered.

    ``beside``: texts of the same comment that are scored with it; only our own web tier sends them (``raw``), and
    for it neither language nor missing attributes are refused.
    """

    text: str
    attributes: Mapping[str, float]
    languages: tuple[str, ...] = ()
    spans: bool = False
    drop_unsupported: bool = False
    raw: bool = False
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Span:
    """``begin`` and ``end`` count UTF-16 code units, ``end`` is exclusive; ``score`` on Perspective's scale."""

    begin: int
    end: int
    score: float


@dataclass(frozen=True)
class AttributeScore:
    score: float
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Analysis:
    """``scores`` by the names that were asked for. ``model``, ``raw_scores``, ``thresholds``: the model's own."""

    scores: Mapping[str, AttributeScore]
    languages: tuple[str, ...]
    detected: tuple[str, ...]
    model: str
    raw_scores: Mapping[str, float]
    thresholds: Thresholds


@dataclass(frozen=True)
class Suggestion:
    """What a client's moderators say a text should have scored: attribute → value, or spans with values.

    ``text`` is empty where the client asked us to keep none.
    """

    text: str
    scores: Mapping[str, object]
    languages: tuple[str, ...] = ()
    community: str = ""
    token: str = ""
    session: str = ""
    detected: tuple[str, ...] = ()


def attribute_of(name: str) -> str:
    """The attribute behind a name such as ``TOXICITY@6`` or ``TOXICITY_EXPERIMENTAL``; ``""`` for no attribute."""
    found = _NAME.fullmatch(name)
    known = found[1] if found else ""
    return known if known in LABEL_OF or known in WITHOUT_SOURCE else ""


def check_text(text: str) -> None:
    """Raises ``AnalysisRefused`` for a text without content or of more than ``MAX_BYTES``."""
    if not text.strip():
        raise AnalysisRefused("COMMENT_EMPTY", "Comment must be non-empty.")
    if len(text.encode("utf-8")) > MAX_BYTES:
        raise AnalysisRefused("COMMENT_TOO_LONG", "Comment text too long.")


def sentences(text: str) -> list[tuple[int, int]]:
    """(begin, end) of each sentence, without the white space around it, as positions in the string."""
    marks = [0, *(found.end() for found in _SENTENCE_END.finditer(text)), len(text)]
    found = [span for start, end in pairwise(marks) if (span := _trimmed(text, start, end))]
    if len(found) > MOST_SPANS:
        found = [*found[: MOST_SPANS - 1], (found[MOST_SPANS - 1][0], found[-1][1])]
    return found


def utf16_offsets(text: str, positions: Sequence[int]) -> Iterator[int]:
    """Positions in the string, in rising order, as counts of UTF-16 code units."""
    at, units = 0, 0
    for position in positions:
        units += utf16_length(text[at:position])
        at = position
        yield units


def utf16_length(text: str) -> int:
    """The length of a text as JavaScript, and so Perspective's clients, count it."""
    return len(text.encode("utf-16-le")) // 2


def _trimmed(text: str, start: int, end: int) -> tuple[int, int] | None:
    piece = text[start:end]
    begin = start + len(piece) - len(piece.lstrip())
    return (begin, begin + len(piece.strip())) if piece.strip() else None
