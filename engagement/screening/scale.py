"""A model's scores on Perspective's scale: for each attribute a monotone, piecewise linear map, fitted on published
scores.

The map matches quantiles: of the published texts, as many lie above any score of ours, once mapped, as above that
score of Perspective's, so that a threshold flags as much as it did. (A regression would draw high scores to the middle,
and a client that waits for 0.8 would see half of what it saw.)
"""

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engagement.domain.desk.analysis import LABEL_OF
from engagement.screening.learning.datasets import DataNotFound

SHIPPED = Path(__file__).with_name("scales")
SAMPLE = Path("perspective-scores", "scores.jsonl.gz")
THRESHOLDS = (0.5, 0.7, 0.8, 0.9)
# Quantiles at which the map bends; closer together at the top, where thresholds lie.
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.7, 0.8, 0.86, 0.9, 0.93, 0.95, 0.97, 0.985, 1.0)
_FOLDS = 5
_DECIMALS = 6
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Knots:
    """A monotone map of [0, 1] into itself; both rise, ``ours`` strictly."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    def __call__(self, score: float) -> float:
        return round(float(np.interp(score, self.ours, self.theirs)), _DECIMALS)


def to_perspective(model: str, attribute: str, score: float) -> float:
    """The score on Perspective's scale, by the shipped map of that model; the score itself where there is none."""
    knots = shipped().get((model, attribute))
    return knots(score) if knots else round(score, _DECIMALS)


@cache
def shipped() -> Mapping[tuple[str, str], Knots]:
    """(``name@version``, attribute) → its map."""
    cards = [json.loads(path.read_text("utf-8")) for path in sorted(SHIPPED.glob("*.json"))]
    return {
        (card["model"], attribute): Knots(tuple(found["ours"]), tuple(found["theirs"]))
        for card in cards
        for attribute, found in card["attributes"].items()
    }


def fit(
    model: str,
    score_each: Callable[[Sequence[str]], Sequence[Mapping[str, float]]],
    data: Path,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, Any]:
    """The card of a model's maps: knots and figures for each attribute that it has a label for.

    Raises ``DataNotFound``.
    """
    rows = _sample(data)
    texts = [row["text"] for row in rows]
    scored: list[Mapping[str, float]] = []
    for start in range(0, len(texts), 100):
        scored += score_each(texts[start : start + 100])
        if progress:
            progress("scoring", len(scored), len(texts))
    attributes = {}
    for attribute, label in LABEL_OF.items():
        if label in scored[0] and attribute in rows[0]:
            ours = np.array([scores[label] for scores in scored], dtype=np.float64)
            theirs = np.array([row[attribute] for row in rows], dtype=np.float64)
            knots = matched(ours, theirs)
            attributes[attribute] = {
                "ours": list(knots.ours),
                "theirs": list(knots.theirs),
                "figures": figures(ours, theirs),
            }
    return {"model": model, "sample": len(rows), "attributes": attributes}


def write(card: Mapping[str, Any], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(card, indent=1) + "\n", "utf-8")


def matched(ours: _Floats, theirs: _Floats) -> Knots:
    """Knots at equal quantiles of both; 0 and 1 are where the map starts and ends."""
    x = np.round(np.quantile(ours, QUANTILES), 9)
    y = np.round(np.quantile(theirs, QUANTILES), 4)
    x, first = np.unique(np.concatenate(([0.0], x[1:-1], [1.0])), return_index=True)
    y = np.maximum.accumulate(np.concatenate(([0.0], y[1:-1], [1.0]))[first])
    return Knots(tuple(map(float, x)), tuple(map(float, y)))


def figures(ours: _Floats, theirs: _Floats) -> dict[str, Any]:
    """How far mapped scores lie from the published ones, on rows that the map was not fitted on.

    ``mae`` and ``rmse``: mean absolute and root mean squared error; ``unmapped_mae``: without the map; ``pearson``;
    ``thresholds``: how many texts Perspective flags there, how many we do, and how many both.
    """
    mapped = np.empty_like(ours)
    fold = np.arange(len(ours)) % _FOLDS
    for number in range(_FOLDS):
        knots = matched(ours[fold != number], theirs[fold != number])
        mapped[fold == number] = [knots(score) for score in ours[fold == number]]
    off = mapped - theirs
    return {
        "mae": round(float(np.abs(off).mean()), 4),
        "rmse": round(float(np.sqrt((off**2).mean())), 4),
        "unmapped_mae": round(float(np.abs(ours - theirs).mean()), 4),
        "pearson": round(float(np.corrcoef(mapped, theirs)[0, 1]), 4),
        "thresholds": {
            str(at): {
                "theirs": int((theirs >= at).sum()),
                "ours": int((mapped >= at).sum()),
                "both": int(((mapped >= at) & (theirs >= at)).sum()),
            }
            for at in THRESHOLDS
        },
    }


def _sample(data: Path) -> list[dict[str, Any]]:
    path = data / SAMPLE
    if not path.is_file():
        raise DataNotFound(f"{path} is missing; docs/perspective.md says where the scores come from")
    # A fixed order that has nothing to do with the scores, so that the folds are alike.
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode("utf-8").splitlines() if line]
    return sorted(rows, key=lambda row: str(row["id"]))
