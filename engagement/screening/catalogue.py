"""The models by name: opening, listing, training, measuring."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engagement.screening import detoxify_model, embedded, onnx_model, scale
from engagement.screening.cache import CachedModel
from engagement.screening.embedded import EmbeddedModel, ModelDamaged
from engagement.screening.explain import LinearExplainer, OcclusionExplainer
from engagement.screening.guarded import GuardedScreener, MissingScreener
from engagement.screening.learning import evaluation, training
from engagement.screening.learning.evaluation import Figures, Progress
from engagement.screening.processes.native import NativeLimits, NativeScreener
from engagement.screening.remote import RemoteModel
from engagement.screening.weights import exporting, fetching
from engagement.screening.weights.exporting import Limits
from engagement.screening.weights.large import LargeModel, ModelUnusable
from engagement.screening.weights.places import LargeModels

_log = logging.getLogger(__name__)

AUTO, EMBEDDED, DETOXIFY, ONNX, REMOTE, NONE = "auto", "embedded", "detoxify", "onnx", "remote", "none"
NAMES = (AUTO, EMBEDDED, DETOXIFY, ONNX, REMOTE, NONE)
_REMOTE_CALLS = 32  # at a time: they wait for an analyzer and cost nothing here
# The best first: "auto" takes the first that is sound.
_LOAD = {ONNX: onnx_model.load, DETOXIFY: detoxify_model.load}
_DESCRIBE = {ONNX: onnx_model.describe, DETOXIFY: detoxify_model.describe}
_PACKAGES = {ONNX: ("onnxruntime", "tokenizers"), DETOXIFY: ("detoxify", "torch", "transformers")}
_NOWHERE = LargeModels()


class ScreeningUnavailable(ValueError):
    """No model of that name, or none that can be measured; the message says what to choose instead."""


def open_screener(
    name: str,
    *,
    timeout: float,
    folder: Path = embedded.SHIPPED,
    large: LargeModels = _NOWHERE,
    limits: NativeLimits | None = None,
    remote_url: str = "",
    remote_key: str = "",
) -> GuardedScreener | NativeScreener | MissingScreener:
    """The model of a name from ``NAMES``, with ``timeout`` seconds for each comment; a large one in its own process.

    A model that is missing or damaged does not stop the service: it is a ``MissingScreener``, and every comment waits
    for a person. Raises ``ScreeningUnavailable`` for a name that is not known.
    """
    limits = limits or NativeLimits(cache_size=0)
    if name == NONE:
        return MissingScreener(NONE, "no model is chosen")
    _check_name(name)
    if name == REMOTE:
        return GuardedScreener(RemoteModel(remote_url, remote_key, timeout), timeout, workers=_REMOTE_CALLS)
    chosen = pick(name, large)
    try:
        if chosen in _LOAD:
            return _native(chosen, large, limits)
        model = embedded.load(folder)
    except (ModelDamaged, ModelUnusable) as error:
        _log.error("The model %s cannot be used, so comments wait for a moderator: %s", chosen, error)
        return MissingScreener(chosen, str(error))
    _log.info("Comments are screened by %s (screening.model = %s)", model.model, name)
    return GuardedScreener(CachedModel(model, limits.cache_size), timeout)


def pick(name: str, large: LargeModels = _NOWHERE) -> str:
    """The name itself, and for "auto" the best model that is there; nothing is loaded."""
    if name != AUTO:
        return name
    for each in _LOAD:
        listed = _listed_large(each, large)
        if listed["usable"]:
            return each
        # What was never put there is no news; what was and cannot be used is.
        _log.log(
            logging.WARNING if _is_there(each, large) else logging.DEBUG,
            "The model %s is passed over: %s",
            each,
            listed["why"],
        )
    return EMBEDDED


def _native(name: str, large: LargeModels, limits: NativeLimits) -> NativeScreener:
    """Raises ``ModelUnusable`` for what cannot be loaded, before a process is started for it."""
    listed = _listed_large(name, large)
    if not listed["usable"]:
        raise ModelUnusable(listed["why"])
    model = f"{name}@{listed['version']}"
    _log.info("Comments are screened by %s, in a process of its own", model)
    return NativeScreener(model, partial(_LOAD[name], large), limits)


def open_explainer(
    name: str,
    score_each: Callable[[Sequence[str]], Sequence[Mapping[str, float]]],
    *,
    folder: Path = embedded.SHIPPED,
    large: LargeModels = _NOWHERE,
) -> LinearExplainer | OcclusionExplainer:
    """What explains the scores of a model: its own weights where it is the embedded one, trials with ``score_each``
    otherwise.
    """
    if pick(name, large) == EMBEDDED:
        try:
            return LinearExplainer(embedded.load(folder))
        except ModelDamaged:
            pass  # open_screener has said so; there are no scores to explain
    return OcclusionExplainer(score_each)


def open_model(name: str, folder: Path = embedded.SHIPPED, large: LargeModels = _NOWHERE) -> EmbeddedModel | LargeModel:
    """The bare model of a name, in this process; for "auto" the best that is there.

    Raises ``ScreeningUnavailable``, ``ModelDamaged`` and ``ModelUnusable``.
    """
    _check_name(name)
    chosen = pick(name, large)
    return _LOAD[chosen](large) if chosen in _LOAD else embedded.load(folder)


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
    if name == REMOTE:
        raise ScreeningUnavailable("a remote model is measured where it runs")
    model = open_model(name, folder, large)
    hold_at = model.thresholds.hold_at[embedded.LABEL]

    def scorer(texts: Sequence[str]) -> list[float]:
        return [scores[embedded.LABEL] for scores in model.score_each(texts)]

    def written(texts: Sequence[str]) -> list[float]:
        return [model.score_written(text) for text in texts] if isinstance(model, EmbeddedModel) else []

    small = written if isinstance(model, EmbeddedModel) else None
    found: list[Figures] = evaluation.evaluate(scorer, hold_at, data, progress, written=small)
    return [figures.as_dict() for figures in found]


def languages(model: str) -> tuple[str, ...]:
    """The languages that a model (``name@version``) was made for; those of the embedded one where it does not say."""
    listed = {each["name"]: tuple(each["languages"]) for each in list_models()}
    return listed.get(model.partition("@")[0]) or listed.get(EMBEDDED) or ("it", "en")


def fit_scale(
    model: str,
    score_each: Callable[[Sequence[str]], Sequence[Mapping[str, float]]],
    data: Path,
    out: Path | None,
    progress: Progress | None = None,
) -> Mapping[str, Any]:
    """Fit the maps of a model's scores to Perspective's scale and write them; their card. Raises ``DataNotFound``."""
    card, name = scale.fit(model, score_each, data, progress), model.partition("@")[0]
    if name == EMBEDDED:  # so that a test notices a model that was trained again and kept its version
        card["weights_sha256"] = embedded.load().card["weights_sha256"]
    scale.write(card, out or scale.SHIPPED / f"{name}.json")
    return card


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
