"""Making the embedded model: the same data gives the same bytes.

The recipe in short: hashed pieces of every training row, hashed meetings of marks (``marks.py``) and the features of
three word lists; an average of logistic regressions (``fitting.py``); the hashed weights quantised to signed bytes.
Deterministic throughout: rows are sorted, nothing is drawn at random, floats of the card are rounded.
"""

import hashlib
import io
import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engagement.screening import embedded, lexicon, marks, normalise
from engagement.screening.disguises.overlap import Overlap
from engagement.screening.learning import datasets, evaluation, features, fitting
from engagement.screening.learning.datasets import DataSet
from engagement.screening.learning.evaluation import Progress
from engagement.screening.learning.fitting import Example

VERSION, DATE = "2026.11.1", "2026-11-25"
# A term in a sentence of its own tells the model what it means where the data has too few examples.
_FRAMES = {"it": ("sei {}", "che {}", "siete {}", "{}"), "en": ("you {}", "what a {}", "you are {}", "{}")}
_TERM_WEIGHT, _PRAISE_WEIGHT = 0.7, 0.7


@dataclass(frozen=True)
class Trained:
    """The files of a model, and what was measured."""

    weights: bytes
    card: Mapping[str, Any]

    def write(self, out: Path) -> None:
        """Write weights and card into a folder, which is made if it is not there."""
        out.mkdir(parents=True, exist_ok=True)
        (out / embedded.WEIGHTS).write_bytes(self.weights)
        text = json.dumps(self.card, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        (out / embedded.CARD).write_text(text, "utf-8", newline="\n")
        (out / "NOTICE").write_text(notice(self.card), "utf-8", newline="\n")


def train(data: Path, progress: Progress | None = None, *, every: int = 1) -> Trained:
    """Train on the train splits of ``data``, fix the thresholds on its dev splits, measure.

    Train rows that repeat a dev row are left out. ``every``: take only each nth row of every set, for a quick trial.
    Raises ``DataNotFound``, ``fitting.TrainingUnavailable``.
    """
    used = [each for each in datasets.SETS if each.weight]
    examples = [*examples_of(data, used, every), *_term_examples(lexicon.shipped())]
    fitted = fitting.fit(examples, progress)
    (text, scale), (met, marks_scale) = _quantised(fitted.text), _quantised(fitted.marks)
    raw = _npy(np.concatenate([text, met]))
    measured = [round(float(weight), 6) for weight in fitted.lexicon]
    card: dict[str, Any] = {
        "name": "embedded",
        "version": VERSION,
        "date": DATE,
        "languages": ["it", "en"],
        "labels": [embedded.LABEL],
        "licence": "MIT; trained on the sets below, see NOTICE",
        "datasets": [_described(data, each) for each in used],
        "examples": len(examples),
        "toxic": sum(example.label for example in examples),
        "buckets": features.BUCKETS,
        "marks": marks.BUCKETS,
        "scale": scale,
        "marks_scale": marks_scale,
        "bias": round(fitted.bias, 6),
        "lexicon": dict(zip(marks.MEASURES, measured, strict=True)),
        "weights_sha256": hashlib.sha256(raw).hexdigest(),
        "thresholds": {"hold_at": {}, "mark_at": {}, "reject_at": {}},
    }
    return Trained(raw, {**card, **_measured(raw, card, data, progress)})


def examples_of(data: Path, used: Sequence[DataSet], every: int = 1) -> Iterator[Example]:
    """The training examples of the sets, without those that repeat a dev text."""
    words, measured = lexicon.shipped(), Overlap(_dev_texts(data))
    for each in used:
        for row in datasets.load(data, each, "train")[::every]:
            cleaned = normalise.read(row.text).cleaned
            if measured.repeats(cleaned):
                continue
            if each.take == "positives" and not row.label:
                continue
            if each.take == "harmless" and words.hits(features.words_of(features.tokens(cleaned))):
                continue
            yield Example(cleaned, row.label, each.weight)


def _dev_texts(data: Path) -> Iterator[str]:
    """What the model will be measured on, of every set that lies in ``data``."""
    for each in datasets.SETS:
        with suppress(datasets.DataNotFound):
            for row in datasets.load(data, each, "dev"):
                yield normalise.read(row.text).cleaned


def _term_examples(words: lexicon.Lexicon) -> Iterator[Example]:
    for term in words.terms:
        if term.severity >= 2 and not term.ambiguous:
            for frame in _FRAMES[term.language]:
                yield Example(normalise.read(frame.format(term.text)).cleaned, 1, _TERM_WEIGHT)
    # Without praise in the same frames, the frames themselves would look toxic: "sei un grande" was held.
    for language, text in lexicon.praise():
        for frame in _FRAMES[language]:
            yield Example(normalise.read(frame.format(text)).cleaned, 0, _PRAISE_WEIGHT)


def _quantised(weights: NDArray[np.float64]) -> tuple[NDArray[np.int8], float]:
    """(signed bytes, scale): the 99.99 % quantile of the sizes is 127, what is larger is cut."""
    scale = float(f"{np.quantile(np.abs(weights), 0.9999) / 127:.6g}")
    return np.clip(np.rint(weights / scale), -127, 127).astype(np.int8), scale


def _npy(array: NDArray[np.int8]) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _described(data: Path, each: DataSet) -> dict[str, Any]:
    return {
        "name": each.name,
        "folder": each.folder,
        "licence": each.licence,
        "weight": each.weight,
        "rows": len(datasets.load(data, each, "train")),
        "sha256": datasets.digest(data, each, "train"),
    }


def _measured(raw: bytes, card: Mapping[str, Any], data: Path, progress: Progress | None) -> dict[str, Any]:
    """The card's thresholds, fixed on the pooled harmless dev rows, and its figures."""
    model = embedded.EmbeddedModel(embedded.weights_of(raw, card), card)
    found = list(
        evaluation.scored(
            lambda texts: [model.score(text) for text in texts],
            data,
            progress,
            written=lambda texts: [model.score_written(text) for text in texts],
        )
    )
    harmless = np.concatenate(
        [
            scores[[row.label == 0 for row in rows]]
            for each, rows, scores, _ in found
            if each.name in evaluation.THRESHOLD_SETS
        ]
    )
    hold_at, mark_at = (evaluation.threshold_at(harmless, share) for share in (0.05, 0.01))
    figures = evaluation.figures(found, hold_at)
    return {
        "thresholds": {
            "hold_at": {embedded.LABEL: hold_at},
            "mark_at": {embedded.LABEL: mark_at},
            "reject_at": {},
        },
        "dev": {each.name: _rounded(each.as_dict()) for each in figures},
    }


def _rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Floats to four decimals; the name, which is the key, and empty entries left out."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            found[key] = _rounded(value)
        elif key != "name" and value is not None:
            found[key] = round(value, 4) if isinstance(value, float) else value
    return found


def notice(card: Mapping[str, Any]) -> str:
    """The NOTICE that goes with the weights: every set they were trained on, its licence, whom to credit."""
    used = "\n".join(
        f"{each['name']} ({each['rows']} rows; {each['licence']})\n{_credit(each['name'])}\n"
        for each in card["datasets"]
    )
    return _NOTICE.format(model=f"{card['name']}@{card['version']}", used=used)


def _credit(name: str) -> str:
    return textwrap.fill(datasets.BY_NAME[name].credit, 110, initial_indent="    ", subsequent_indent="    ")


_NOTICE = """\
The weights of {model} were trained on the sets below. No text of theirs is in the package.

{used}
Lexicon (engagement/screening/lexicon): written for this project; CC0-1.0.

Share-alike sets (CC BY-SA) are among them. Whether weights are an adaptation of the texts they were trained
on is not settled; if that matters to you, train without those sets (docs/models.md).
"""
