"""A large model as an int8 ONNX file: a third of the time and of the memory, with neither torch nor a pickle.

``exporting`` makes the folder: ``model.onnx``, ``tokenizer.json`` and a card with their checksums, the agreement
that was measured with the original, and a few texts with the original's scores. Those are scored again here before
the model is taken: int8 arithmetic differs between processors, and one that saturates must not moderate comments
unnoticed.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engagement.domain.screening import LABELS, Thresholds
from engagement.screening.weights import checksums
from engagement.screening.weights.large import Ints, LargeModel, ModelUnusable, Reader
from engagement.screening.weights.places import CARD, LargeModels

NAME = "onnx"
MODEL, TOKENIZER = "model.onnx", "tokenizer.json"
FORMAT = 1  # of the card
# Dynamic quantisation scales the numbers of a whole batch together, so a score depends a little on which other texts
# share the batch. A comment's score must be its own, and int8 gains next to nothing from batches of whole sentences; so
# only scraps do, such as the single words whose part in a score is asked for: four times as fast.
_TOKENS = 32
_SLACK = 0.02  # how much further than on the exporting machine a score may lie from the original's


def load(place: LargeModels) -> LargeModel:
    """The model of a place's folder. Raises ``ModelUnusable``."""
    folder = place.onnx_folder
    card = read_card(folder)
    try:
        import onnxruntime  # noqa: PLC0415 - optional
        from tokenizers import Tokenizer  # noqa: PLC0415 - optional
    except ImportError as error:
        raise ModelUnusable(f"the ONNX runtime is not installed ({error}): pip install 'engagement[onnx]'") from error
    try:
        session = onnxruntime.InferenceSession(
            folder / MODEL, options(onnxruntime, place.threads), providers=["CPUExecutionProvider"]
        )
        reader = Reader.of((folder / TOKENIZER).read_text("utf-8"), Tokenizer, card["pad"], card["window"])
    except Exception as error:  # the runtime's own kinds, and a bare Exception from the tokenizer
        raise ModelUnusable(f"{folder} cannot be loaded: {type(error).__name__}: {error}") from error
    model = model_of(session, reader, card)
    _check_probes(model, card, folder)
    return model


def options(onnxruntime: Any, threads: int) -> Any:
    """Threads that sleep between two comments; by default they would spin and keep a processor busy."""
    chosen = onnxruntime.SessionOptions()
    chosen.intra_op_num_threads = threads or processors()
    chosen.add_session_config_entry("session.intra_op.allow_spinning", "0")
    chosen.log_severity_level = 3
    return chosen


def processors() -> int:
    """Those this process may use, which in a container are fewer than the machine's."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def model_of(session: Any, reader: Reader, card: Mapping[str, Any]) -> LargeModel:
    def forward(ids: Ints, mask: Ints) -> Any:
        return session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]

    given = card["thresholds"]
    thresholds = Thresholds(hold_at=given["hold_at"], reject_at=given["reject_at"])
    return LargeModel(f"{NAME}@{card['version']}", reader, forward, card["labels"], thresholds, tokens=_TOKENS)


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a folder, whose files are all there and unaltered. Raises ``ModelUnusable``."""
    try:
        card: dict[str, Any] = json.loads((folder / CARD).read_text("utf-8"))
        if card["format"] != FORMAT:
            raise ModelUnusable(f"{folder / CARD} has format {card['format']!r}, not {FORMAT}; export the model again")
        for name in (MODEL, TOKENIZER):
            if checksums.sha256_of(folder / name) != card["files"][name]:
                raise ModelUnusable(f"{folder / name} is cut or altered: it is not the file that {CARD} describes")
        _check_card(card)
    except FileNotFoundError as error:
        raise ModelUnusable(f"{error.filename} is not there; run: engagement model export") from error
    except ModelUnusable:
        raise
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise ModelUnusable(f"{folder / CARD} is no card of a model: {type(error).__name__}: {error}") from error
    return card


def describe(place: LargeModels) -> dict[str, Any]:
    """Facts for a listing. Raises ``ModelUnusable`` where the model could not be opened."""
    card = read_card(place.onnx_folder)
    return {key: card[key] for key in ("version", "languages", "labels", "thresholds", "licence", "date")}


def _check_card(card: Mapping[str, Any]) -> None:
    """Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
    if "toxicity" not in card["labels"] or not set(card["labels"]) <= set(LABELS):
        raise ValueError(f"labels {card['labels']!r}")
    for kind in ("hold_at", "reject_at"):
        for label, value in card["thresholds"][kind].items():
            if not 0 <= float(value) <= 1:
                raise ValueError(f"threshold {kind}.{label} = {value}")
    if not (int(card["window"]) > 2 and int(card["pad"]) >= 0 and isinstance(card["version"], str)):
        raise ValueError("window, pad or version")
    if not card["probes"] or not 0 <= float(card["limits"]["difference"]) <= 1:
        raise ValueError("probes or limits")


def _check_probes(model: LargeModel, card: Mapping[str, Any], folder: Path) -> None:
    try:
        wanted = np.array([[probe["scores"][label] for label in model.labels] for probe in card["probes"]])
        found = model.score_each([probe["text"] for probe in card["probes"]])
        off = float(np.abs(np.array([list(scores.values()) for scores in found]) - wanted).max())
    except Exception as error:  # a file of the wrong shape raises whatever the runtime raises
        raise ModelUnusable(f"{folder} cannot be run: {type(error).__name__}: {error}") from error
    if not off <= card["limits"]["difference"] + _SLACK:
        raise ModelUnusable(
            f"{folder} gives scores on this processor that lie {off:.2f} from the original's; export it here again"
        )
