"""The models by name: opening, listing, training, measuring."""

import logging
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engagement.screening import detoxify_model, embedded, evaluation, exporting, fetching, onnx_model, training
from engagement.screening.embedded import EmbeddedModel, ModelDamaged
from engagement.screening.evaluation import Figures, Progress
from engagement.screening.exporting import Limits
from engagement.screening.guarded import GuardedScreener, MissingScreener
from engagement.screening.large import LargeModel, ModelUnusable
from engagement.screening.places import LargeModels

_log = logging.getLogger(__name__)

AUTO, EMBEDDED, DETOXIFY, ONNX, NONE = "auto", "embedded", "detoxify", "onnx", "none"
NAMES = (AUTO, EMBEDDED, DETOXIFY, ONNX, NONE)
_ELSEWHERE = ("remote",)
# The best first: "auto" takes the first that is sound.
_LOAD = {ONNX: onnx_model.load, DETOXIFY: detoxify_model.load}
_DESCRIBE = {ONNX: onnx_model.describe, DETOXIFY: detoxify_model.describe}
_PACKAGES = {ONNX: ("onnxruntime", "tokenizers"), DETOXIFY: ("detoxify", "torch", "transformers")}
_NOWHERE = LargeModels()


class ScreeningUnavailable(ValueError):
    """No model of that name, or none that can be measured; the message says what to choose instead."""


def open_screener(
    name: str, *, timeout: float, folder: Path = embedded.SHIPPED, large: LargeModels = _NOWHERE
) -> GuardedScreener | MissingScreener:
    """The model of a name from ``NAMES``, with ``timeout`` seconds for each comment.

    A model that is missing or damaged does not stop the service: it is a ``MissingScreener``, and every comment waits
    for a person. Raises ``ScreeningUnavailable`` for a name that is not known.
    """
    if name == NONE:
        return MissingScreener(NONE, "no model is chosen")
    try:
        model = open_model(name, folder, large)
    except (ModelDamaged, ModelUnusable) as error:
        _log.error("The model %s cannot be used, so comments wait for a moderator: %s", name, error)
        return MissingScreener(EMBEDDED if name == AUTO else name, str(error))
    _log.info("Comments are screened by %s (screening.model = %s)", model.model, name)
    return GuardedScreener(model, timeout)


def open_model(name: str, folder: Path = embedded.SHIPPED, large: LargeModels = _NOWHERE) -> EmbeddedModel | LargeModel:
    """The bare model of a name, for "auto" the best that is there.

    Raises ``ScreeningUnavailable``, ``ModelDamaged`` and ``ModelUnusable``.
    """
    _check_name(name)
    if name == AUTO:
        return _best(folder, large)
    if name in _LOAD:
        return _LOAD[name](large)
    return embedded.load(folder)


def _best(folder: Path, large: LargeModels) -> EmbeddedModel | LargeModel:
    for name, load in _LOAD.items():
        try:
            return load(large)
        except ModelUnusable as error:
            # What was never put there is no news; what was and cannot be used is.
            there = _is_there(name, large)
            _log.log(logging.WARNING if there else logging.DEBUG, "The model %s is passed over: %s", name, error)
    return embedded.load(folder)


def _is_there(name: str, large: LargeModels) -> bool:
    return (large.onnx_folder if name == ONNX else large.checkpoint).exists()


def list_models(folder: Path = embedded.SHIPPED, large: LargeModels = _NOWHERE) -> list[dict[str, Any]]:
    """For each model: name, version, languages, labels, thresholds, usable, why (not usable), licence.

    Checksums of the large models' files are checked, which takes a second for each gigabyte; nothing is loaded.
    """
    return [_listed(folder), *(_listed_large(name, large) for name in _DESCRIBE), _entry(NONE) | {"usable": True}]


def train(data: Path, out: Path, progress: Progress | None = None) -> Mapping[str, Any]:
    """Train the embedded model from ``data`` and write its files into ``out``; its card.

    Raises ``DataNotFound``, ``TrainingUnavailable`` and ``OSError``.
    """
    trained = training.train(data, progress)
    trained.write(out)
    return trained.card


def evaluate(
    name: str,
    data: Path,
    progress: Progress | None = None,
    *,
    folder: Path = embedded.SHIPPED,
    large: LargeModels = _NOWHERE,
) -> list[dict[str, Any]]:
    """Figures of every labelled set in ``data``, see ``Figures``.

    Raises ``ScreeningUnavailable``, ``ModelDamaged``, ``ModelUnusable`` and ``DataNotFound``.
    """
    if name == NONE:
        raise ScreeningUnavailable("there is nothing to measure in the model 'none'")
    model = open_model(name, folder, large)
    hold_at = model.thresholds.hold_at[embedded.LABEL]

    def scorer(texts: Sequence[str]) -> list[float]:
        return [scores[embedded.LABEL] for scores in model.score_each(texts)]

    found: list[Figures] = evaluation.evaluate(scorer, hold_at, data, progress)
    return [figures.as_dict() for figures in found]


def fetch(
    large: LargeModels, *, sha256: str = "", mirror: str = "", progress: Progress | None = None
) -> Mapping[str, str]:
    """Fetch the files of a variant to where they are looked for: path → SHA-256.

    Raises ``FetchFailed``, ``ValueError`` and ``OSError``.
    """
    folder = large.detoxify_folder
    sums = fetching.fetch(large.about, folder, sha256=sha256, mirror=mirror, progress=progress)
    return {str(folder / name): digest for name, digest in sums.items()}


def export(
    large: LargeModels,
    out: Path | None = None,
    *,
    sample: Sequence[str] | None = None,
    limits: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> Mapping[str, Any]:
    """Make the ONNX model of a variant's checkpoint; its card. ``limits``: as ``exporting.Limits``.

    Raises ``ModelUnusable`` and ``OSError``.
    """
    return exporting.export(large, out, sample=sample, limits=Limits(**(limits or {})), progress=progress)


def _check_name(name: str) -> None:
    if name in _ELSEWHERE:
        raise ScreeningUnavailable(f"the model {name!r} is not part of this version; known here: {', '.join(NAMES)}")
    if name not in NAMES:
        raise ScreeningUnavailable(f"unknown model {name!r}; known here: {', '.join(NAMES)}")


def _entry(name: str) -> dict[str, Any]:
    known: dict[str, Any] = {"version": "", "languages": [], "labels": [], "thresholds": {}, "licence": ""}
    return {"name": name, **known, "usable": False, "why": ""}


def _listed_large(name: str, large: LargeModels) -> dict[str, Any]:
    try:
        described = _DESCRIBE[name](large)
    except ModelUnusable as error:
        return _entry(name) | {"why": str(error)}
    if missing := [package for package in _PACKAGES[name] if find_spec(package) is None]:
        return _entry(name) | described | {"why": f"{', '.join(missing)} missing: pip install 'engagement[{name}]'"}
    return _entry(name) | described | {"usable": True}


def _listed(folder: Path) -> dict[str, Any]:
    try:
        card = embedded.load(folder).card
    except ModelDamaged as error:
        return _entry(EMBEDDED) | {"why": str(error)}
    kept = ("version", "languages", "labels", "thresholds", "licence", "date", "dev")
    return _entry(EMBEDDED) | {key: card[key] for key in kept if key in card} | {"usable": True}
