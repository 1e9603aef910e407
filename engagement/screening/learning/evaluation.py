"""How well a model does on labelled texts: areas under curves, recall at few false alarms, HateCheck by
functionality.

Everything in NumPy, so that measuring needs no more than the service itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engagement.screening.learning import datasets
from engagement.screening.learning.datasets import DataSet, Row

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# A set, its rows, their scores, and their scores as written (no disguise undone) where those were asked for.
Scored = tuple[DataSet, list[Row], Floats, Floats | None]
Scorer = Callable[[Sequence[str]], Sequence[float]]
Progress = Callable[[str, int, int], None]  # what is done, how many so far, of how many

# Cases of HateCheck that are no hate and yet swearing or abuse: a comment filter may well catch them.
NOT_HATE_BUT_ABUSE = ("profanity_nh", "target_obj_nh", "target_indiv_nh", "target_group_nh")
# The sets whose harmless rows fix the shipped thresholds.
THRESHOLD_SETS = ("jigsaw_it", "blog_it", "ucc_en")
# Every row of civil_en was once rated toxic, so its toxic rows are paired with the harmless ones of another
# newspaper: an easy pairing, for they differ in more than manners.
NEWS = DataSet("news_en", "toxicity-en-civil-comments and toxicity-en-news-ucc", "en", "CC0-1.0, CC BY-SA 4.0")
_NEWS_HALVES = {"civil_en": 1, "ucc_en": 0}  # which label is taken of each
_BATCH = 256


@dataclass(frozen=True)
class Figures:
    """One set measured. None where the set has no labels of both kinds.

    ``false_positive_rate`` and ``recall`` are those of the model's own threshold. ``functionalities``:
    HateCheck's share of right answers at it. ``disguise``: for each of HateCheck's spelling groups, and for the
    ``harmless`` rows, the share flagged when the text is scored ``as_written`` and ``as_read``, and ``n``.
    """

    name: str
    language: str
    n: int
    toxic: int
    roc_auc: float | None = None
    pr_auc: float | None = None
    recall_at_1: float | None = None
    recall_at_5: float | None = None
    false_positive_rate: float | None = None
    recall: float | None = None
    functionalities: Mapping[str, float] | None = None
    disguise: Mapping[str, Mapping[str, float]] | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def roc_auc(labels: Ints, scores: Floats) -> float:
    """Probability that a toxic text scores above a harmless one, ties half (Mann and Whitney's U)."""
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    toxic = int(labels.sum())
    u = ranks[labels == 1].sum() - toxic * (toxic + 1) / 2
    return float(u / (toxic * (len(labels) - toxic)))


def pr_auc(labels: Ints, scores: Floats) -> float:
    """Average precision: precision at each distinct score, weighted by the recall gained there."""
    hits, flagged = _cumulative(labels, scores)
    gained = np.diff(hits, prepend=0) / hits[-1]
    return float((gained * hits / flagged).sum())


def recall_at(labels: Ints, scores: Floats, false_positives: float) -> float:
    """Recall at the lowest threshold that flags at most this share of harmless texts."""
    hits, flagged = _cumulative(labels, scores)
    allowed = (flagged - hits) <= false_positives * (len(labels) - hits[-1])
    return float(hits[allowed].max(initial=0) / hits[-1])


def threshold_at(harmless: Floats, false_positives: float) -> float:
    """The lowest threshold, rounded up to four decimals, at which (score ≥ it) flags at most this share."""
    down = np.sort(harmless)[::-1]
    above = down[int(false_positives * len(down))]  # this one must not be flagged any more
    return min(1.0, float(np.floor(above * 1e4 + 1) / 1e4))


def _cumulative(labels: Ints, scores: Floats) -> tuple[Floats, Floats]:
    """(toxic flagged, all flagged) at each distinct score, from the highest down."""
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)
    return np.cumsum(labels[order])[last].astype(np.float64), (last + 1).astype(np.float64)


def evaluate(
    scorer: Scorer, threshold: float, data: Path, progress: Progress | None = None, *, written: Scorer | None = None
) -> list[Figures]:
    """Figures of every set's dev split that lies in ``data``; HateCheck also without ``NOT_HATE_BUT_ABUSE``.

    ``written`` scores a text with no disguise undone, for ``Figures.disguise``. Raises ``DataNotFound`` when there is
    no set at all.
    """
    found = figures(scored(scorer, data, progress, written=written), threshold)
    if not found:
        raise datasets.DataNotFound(f"{data} holds none of the sets: {', '.join(datasets.BY_NAME)}")
    return found


def figures(sets: Iterable[Scored], threshold: float) -> list[Figures]:
    """Figures of sets that are scored already, see ``scored``, and of ``NEWS`` where both halves are."""
    found: list[Figures] = []
    halves: list[tuple[list[Row], Floats]] = []
    for each, rows, scores, written in sets:
        disguise = None if written is None else _disguise(rows, scores >= threshold, written >= threshold)
        found.append(replace(measure(each, rows, scores, threshold), disguise=disguise))
        if each.name.startswith("hatecheck"):
            found.append(_without_abuse(each, rows, scores, threshold))
        if each.name in _NEWS_HALVES:
            kept = [i for i, row in enumerate(rows) if row.label == _NEWS_HALVES[each.name]]
            halves.append(([rows[i] for i in kept], scores[kept]))
    if len(halves) == len(_NEWS_HALVES):
        (toxic, high), (harmless, low) = halves
        found.append(measure(NEWS, toxic + harmless, np.concatenate([high, low]), threshold))
    return found


def scored(
    scorer: Scorer, data: Path, progress: Progress | None = None, *, written: Scorer | None = None
) -> Iterator[Scored]:
    """Each set with a dev split in ``data``, its rows and their scores, and as written those that ``Figures`` needs."""
    for each in datasets.SETS:
        try:
            rows = datasets.load(data, each, "dev")
        except datasets.DataNotFound:
            continue
        scores: list[float] = []
        for start in range(0, len(rows), _BATCH):
            scores += scorer([row.text for row in rows[start : start + _BATCH]])
            if progress is not None:
                progress(each.name, len(scores), len(rows))
        yield each, rows, np.array(scores), None if written is None else _as_written(written, rows)


def _as_written(written: Scorer, rows: Sequence[Row]) -> Floats:
    """Scores of the harmless rows and of the spelling groups; NaN of all others."""
    found = np.full(len(rows), np.nan)
    needed = [i for i, row in enumerate(rows) if not row.label or _spelling(row)]
    found[needed] = written([rows[i].text for i in needed])
    return found


def _spelling(row: Row) -> bool:
    return str(row.facts.get("functionality", "")).startswith("spell_")


def _disguise(
    rows: Sequence[Row], read: NDArray[np.bool_], written: NDArray[np.bool_]
) -> dict[str, dict[str, float]] | None:
    groups = np.array(
        [row.facts["functionality"] if _spelling(row) else "" if row.label else "harmless" for row in rows]
    )
    return {
        str(group): {
            "n": int((groups == group).sum()),
            "as_written": float(written[groups == group].mean()),
            "as_read": float(read[groups == group].mean()),
        }
        for group in np.unique(groups)
        if group
    } or None


def measure(each: DataSet, rows: Sequence[Row], scores: Floats, threshold: float) -> Figures:
    labels = np.array([row.label for row in rows], dtype=np.int64)
    toxic, flagged = int(labels.sum()), scores >= threshold
    rate = float(flagged[labels == 0].mean()) if toxic < len(rows) else None
    if not 0 < toxic < len(rows):
        return Figures(each.name, each.language, len(rows), toxic, false_positive_rate=rate)
    return Figures(
        each.name,
        each.language,
        len(rows),
        toxic,
        roc_auc(labels, scores),
        pr_auc(labels, scores),
        recall_at(labels, scores, 0.01),
        recall_at(labels, scores, 0.05),
        rate,
        float(flagged[labels == 1].mean()),
        _by_functionality(rows, flagged == labels),
    )


def _by_functionality(rows: Sequence[Row], right: NDArray[np.bool_]) -> dict[str, float] | None:
    names = [row.facts.get("functionality") for row in rows]
    if None in names:
        return None
    groups = np.array(names)
    return {str(name): float(right[groups == name].mean()) for name in np.unique(groups)}


def _without_abuse(each: DataSet, rows: Sequence[Row], scores: Floats, threshold: float) -> Figures:
    kept = [i for i, row in enumerate(rows) if row.facts["functionality"] not in NOT_HATE_BUT_ABUSE]
    measured = measure(each, [rows[i] for i in kept], scores[kept], threshold)
    return replace(measured, name=f"{each.name}, hate only", functionalities=None)
