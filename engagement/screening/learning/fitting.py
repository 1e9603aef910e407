"""Weights for the embedded model: logistic regressions on parts of the features, averaged.

One regression on everything leans on the strongest features, the word lists, and learns little from the words beside
them. So two more are fitted, one without the lists and one without the text (feature bagging; Sutton, Sindelar and
McCallum 2006), and their weights averaged. A sum of linear scores is one linear score: scoring costs no more.

A hashed piece counts in proportion to the root of the size of its log-count ratio (naive Bayes features; Wang and
Manning 2012), which is folded into its weight afterwards. Deterministic: liblinear's primal trust region draws nothing
at random.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engagement.screening import lexicon, marks
from engagement.screening.learning import features
from engagement.screening.learning.evaluation import Progress

Floats = NDArray[np.float64]


class TrainingUnavailable(RuntimeError):
    """scikit-learn is not installed."""


@dataclass(frozen=True)
class Example:
    """A training text, normalised, with its label and weight."""

    cleaned: str
    label: int
    weight: float


@dataclass(frozen=True)
class Fitted:
    """``text``: shape (features.BUCKETS,); ``marks``: (marks.BUCKETS,); ``lexicon``: (len(marks.MEASURES),)."""

    text: Floats
    marks: Floats
    lexicon: Floats
    bias: float


@dataclass(frozen=True)
class Member:
    """One regression of the average: its share, its blocks (numbers into ``_ENDS``), its inverse penalty."""

    share: float
    blocks: tuple[int, ...]
    c: float


_TEXT, _MARKS, _PLAIN, _WIDE, _WEAK = range(5)
# Where the blocks of columns end.
_ENDS = tuple(int(end) for end in np.cumsum([0, features.BUCKETS, marks.BUCKETS, *(3 * [len(lexicon.FEATURES)])]))
_MEMBERS = (
    Member(0.5, (_TEXT, _MARKS, _PLAIN, _WIDE, _WEAK), 8.0),
    Member(0.3, (_TEXT,), 4.0),
    Member(0.2, (_MARKS, _PLAIN, _WIDE, _WEAK), 1.0),
)
_SIZE = (
    1.0,
    0.5,
    0.6,
)  # lengths of the text's, the marks' and the lists' part of a row: the shorter, the more penalised
_SMOOTHING = 1.0


def fit(examples: Sequence[Example], progress: Progress | None = None) -> Fitted:
    """The average of ``_MEMBERS``. Raises ``TrainingUnavailable``."""
    try:
        # Optional heavy packages (the extra "train"): serving and measuring need neither.
        from scipy.sparse import csr_matrix, diags, hstack  # type: ignore[import-untyped]  # noqa: PLC0415
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    except ImportError as error:
        raise TrainingUnavailable("training needs scikit-learn: pip install 'engagement[train]'") from error
    labels = np.array([example.label for example in examples])
    weights = np.array([example.weight for example in examples])
    values, columns, ends = _rows(examples, progress)
    matrix = csr_matrix((values, columns, ends), shape=(len(examples), _ENDS[-1]))
    scales = np.ones(_ENDS[-1])
    scales[: features.BUCKETS] = _ratios((matrix[:, : features.BUCKETS] > 0).astype(np.float64), labels, weights)
    by_column = (matrix @ diags(scales)).tocsc()
    total, bias = np.zeros(_ENDS[-1]), 0.0
    for done, member in enumerate(_MEMBERS):
        spans = [slice(*list(pairwise(_ENDS))[block]) for block in member.blocks]
        solver = LogisticRegression(C=member.c, solver="liblinear", random_state=0, max_iter=200)
        part = hstack([by_column[:, span] for span in spans], format="csr")
        solver.fit(part, labels, sample_weight=weights)
        total[np.concatenate([np.r_[span] for span in spans])] += member.share * solver.coef_[0]
        bias += member.share * float(solver.intercept_[0])
        if progress is not None:
            progress("fitting", done + 1, len(_MEMBERS))
    text, met, measured = np.split(total * scales, [_ENDS[1], _ENDS[2]])
    return Fitted(text, _SIZE[1] * met, _SIZE[2] * measured, bias)


def _ratios(present: Any, labels: NDArray[np.int64], weights: Floats) -> Floats:
    """The root of the size of each piece's log-count ratio, 1 on average. ``present``: 0 and 1, sparse."""
    toxic = _SMOOTHING + present.T @ (weights * labels)
    harmless = _SMOOTHING + present.T @ (weights * (1 - labels))
    sizes: Floats = np.sqrt(np.abs(np.log((toxic / toxic.sum()) / (harmless / harmless.sum()))))
    return sizes / float(sizes.mean())


def _rows(
    examples: Sequence[Example], progress: Progress | None
) -> tuple[Floats, NDArray[np.int32], NDArray[np.int64]]:
    """The rows' features as the three arrays of a sparse matrix by rows: values, columns, row ends."""
    values, columns, ends = [], [], [0]
    for done, example in enumerate(examples):
        pieces = features.tokens(example.cleaned)
        text, seen = features.buckets(pieces), marks.evidence(features.words_of(pieces))
        hit = np.flatnonzero(seen.measured)
        values += [_even(text, _SIZE[0]), _even(seen.buckets, _SIZE[1]), _SIZE[2] * seen.measured[hit]]
        columns += [text, _ENDS[_MARKS] + seen.buckets, _ENDS[_PLAIN] + hit]
        ends.append(ends[-1] + len(text) + len(seen.buckets) + len(hit))
        if progress is not None and (done % 512 == 0 or done == len(examples) - 1):
            progress("features", done + 1, len(examples))
    return np.concatenate(values), np.concatenate(columns).astype(np.int32), np.array(ends, dtype=np.int64)


def _even(at: NDArray[np.int64], length: float) -> Floats:
    """As many equal values, together of this length."""
    return np.full(len(at), length / np.sqrt(len(at) or 1))
