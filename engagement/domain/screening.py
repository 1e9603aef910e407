"""What is measured about a text: scores of a classifier, and how far the text was disguised."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

# Detoxify's label names; a model gives the ones it has an honest source for.
LABELS = (
    "toxicity",
    "severe_toxicity",
    "obscene",
    "threat",
    "insult",
    "identity_attack",
    "sexual_explicit",
)


@dataclass(frozen=True)
class Thresholds:
    """Per label: published below ``hold_at``, held from there, rejected from ``reject_at``. Probabilities 0 to 1.

    A label absent from ``reject_at`` never rejects by itself.
    """

    hold_at: Mapping[str, float] = field(default_factory=dict)
    reject_at: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Screening:
    """Scores of one comment: the highest of each label over the texts that were scored together.

    ``model`` is ``name@version``; ``thresholds`` are those of the model's card.
    """

    model: str
    scores: Mapping[str, float]
    thresholds: Thresholds = field(default_factory=Thresholds)


@dataclass(frozen=True)
class Span:
    """Words that moved a label of a text: from ``begin`` to ``end``, in UTF-16 code units, as browsers count.

    ``score``: by how much, in log odds; what would be gone without them.
    """

    begin: int
    end: int
    label: str
    score: float


@dataclass(frozen=True)
class NotScreened:
    """A classifier that did not answer. It is a fact, and means held."""

    why: Literal["missing", "slow", "broken", "unsure"]
    model: str = ""
    detail: str = ""  # for the log, never for a reader


@dataclass(frozen=True)
class Reading:
    """A text as a reader would take it in, disguise undone.

    ``cleaned``: the normalised text, lower case, words separated by single spaces. ``steps``: names of the
    disguises that were undone (``"invisible"``, ``"confusables"``, ``"leet"``, ``"spaced"``, ``"combining"``,
    ``"elongation"``). ``altered``: share of characters that undoing a *disguise* changed, 0 to 1; lower-casing and
    dropping accents do not count.
    """

    cleaned: str
    steps: tuple[str, ...] = ()
    altered: float = 0.0


NOTHING_READ = Reading("")
