"""The models by name: opening, listing, training, measuring."""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engagement.screening import embedded, evaluation, scale, training
from engagement.screening.cache import CachedModel
from engagement.screening.embedded import ModelDamaged
from engagement.screening.evaluation import Figures, Progress
from engagement.screening.explain import LinearExplainer, OcclusionExplainer
from engagement.screening.guarded import GuardedScreener, MissingScreener
from engagement.screening.remote import RemoteModel

_log = logging.getLogger(__name__)

AUTO, EMBEDDED, REMOTE, NONE = "auto", "embedded", "remote", "none"
NAMES = (AUTO, EMBEDDED, REMOTE, NONE)
_ELSEWHERE = ("detoxify", "onnx")
_REMOTE_CALLS = 32  # at a time: they wait for an analyzer and cost nothing here


class ScreeningUnavailable(ValueError):
    """No model of that name, or none that can be measured; the message says what to choose instead."""


def open_screener(
    name: str,
    *,
    timeout: float,
    folder: Path = embedded.SHIPPED,
    remote_url: str = "",
    remote_key: str = "",
    cache_size: int = 0,
) -> GuardedScreener | MissingScreener:
    """The model of a name from ``NAMES``, with ``timeout`` seconds for each comment.

    The scores of ``cache_size`` texts are remembered.

    A damaged model does not stop the service: it is a ``MissingScreener``, and every comment waits for a
    person. Raises ``ScreeningUnavailable`` for a name that is not known.
    """
    if name == NONE:
        return MissingScreener(NONE, "no model is chosen")
    _check_name(name)
    if name == REMOTE:
        return GuardedScreener(RemoteModel(remote_url, remote_key, timeout), timeout, workers=_REMOTE_CALLS)
    try:
        return GuardedScreener(CachedModel(embedded.load(folder), cache_size), timeout)
    except ModelDamaged as error:
        _log.error("The embedded model cannot be used, so comments wait for a moderator: %s", error)
        return MissingScreener(EMBEDDED, str(error))


def open_explainer(
    name: str, score_each: Callable[[Sequence[str]], Sequence[Mapping[str, float]]], *, folder: Path = embedded.SHIPPED
) -> LinearExplainer | OcclusionExplainer:
    """What explains the scores of a model: its own weights where it is the embedded one, trials with ``score_each``
    otherwise.
    """
    if name in (AUTO, EMBEDDED):
        try:
            return LinearExplainer(embedded.load(folder))
        except ModelDamaged:
            pass  # open_screener has said so; there are no scores to explain
    return OcclusionExplainer(score_each)


def list_models(folder: Path = embedded.SHIPPED) -> list[dict[str, Any]]:
    """For each model: name, version, languages, labels, thresholds, usable, why (not usable), licence."""
    return [_listed(folder), _entry(NONE) | {"usable": True}]


def train(data: Path, out: Path, progress: Progress | None = None) -> Mapping[str, Any]:
    """Train the embedded model from ``data`` and write its files into ``out``; its card.

    Raises ``DataNotFound``, ``TrainingUnavailable`` and ``OSError``.
    """
    trained = training.train(data, progress)
    trained.write(out)
    return trained.card


def evaluate(
    name: str, data: Path, progress: Progress | None = None, *, folder: Path = embedded.SHIPPED
) -> list[dict[str, Any]]:
    """Figures of every labelled set in ``data``, see ``Figures``.

    Raises ``ScreeningUnavailable``, ``ModelDamaged`` and ``DataNotFound``.
    """
    if name == NONE:
        raise ScreeningUnavailable("there is nothing to measure in the model 'none'")
    if name == REMOTE:
        raise ScreeningUnavailable("a remote model is measured where it runs")
    _check_name(name)
    model = embedded.load(folder)
    hold_at = model.thresholds.hold_at[embedded.LABEL]
    found: list[Figures] = evaluation.evaluate(
        lambda texts: [model.score(text) for text in texts],
        hold_at,
        data,
        progress,
        written=lambda texts: [model.score_written(text) for text in texts],
    )
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


def _check_name(name: str) -> None:
    if name in _ELSEWHERE:
        raise ScreeningUnavailable(f"the model {name!r} is not part of this version; known here: {', '.join(NAMES)}")
    if name not in NAMES:
        raise ScreeningUnavailable(f"unknown model {name!r}; known here: {', '.join(NAMES)}")


def _entry(name: str) -> dict[str, Any]:
    known: dict[str, Any] = {"version": "", "languages": [], "labels": [], "thresholds": {}, "licence": ""}
    return {"name": name, **known, "usable": False, "why": ""}


def _listed(folder: Path) -> dict[str, Any]:
    try:
        card = embedded.load(folder).card
    except ModelDamaged as error:
        return _entry(EMBEDDED) | {"why": str(error)}
    kept = ("version", "languages", "labels", "thresholds", "licence", "date", "dev")
    return _entry(EMBEDDED) | {key: card[key] for key in kept if key in card} | {"usable": True}
