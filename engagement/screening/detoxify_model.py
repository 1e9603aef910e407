"""Detoxify as it is published, from a checkpoint on this machine: never from the network.

The checkpoint is a pickle, and unpickling a stranger's file runs the stranger's code. So its SHA-256 is checked
first, on the very bytes that are loaded, and then only tensors and plain values are accepted. Missing tensors would
be filled with random numbers without an error; here every tensor of the network must come from the file.
"""

import os
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

from engagement.domain.screening import LABELS
from engagement.screening.disguises.variants import COMPANIONS, THRESHOLDS
from engagement.screening.weights import checksums
from engagement.screening.weights.large import WINDOW, Ints, LargeModel, ModelUnusable, Reader
from engagement.screening.weights.places import LargeModels

NAME = "detoxify"
# Detoxify's older variants were trained under Kaggle's names.
_RENAMED = {"toxic": "toxicity", "severe_toxic": "severe_toxicity", "identity_hate": "identity_attack"}
_FAMILIES = ("XLMRoberta", "Roberta", "Bert", "Albert")
_OFFSET = {"XLMRoberta", "Roberta"}  # their positions start after the padding token's number


@dataclass(frozen=True)
class Loaded:
    """A checkpoint in memory: ``network`` and ``tokenizer`` of transformers, the labels of its first outputs."""

    network: Any
    tokenizer: Any
    labels: tuple[str, ...]
    pad: int
    first_position: int
    window: int  # tokens
    sha256: str

    def reader(self) -> Reader:
        # Of an optional package, so it is imported with it.
        from tokenizers import Tokenizer  # noqa: PLC0415

        return Reader.of(self.tokenizer.to_str(), Tokenizer, self.pad, self.window)


def load(place: LargeModels) -> LargeModel:
    """The variant of a place. Raises ``ModelUnusable``."""
    loaded = read(place)
    return model_of(loaded, f"{NAME}@{place.variant}-{loaded.sha256[:8]}", place.threads)


def model_of(loaded: Loaded, model: str, threads: int = 0) -> LargeModel:
    import torch  # noqa: PLC0415 - optional, and takes seconds

    if threads:
        torch.set_num_threads(threads)
    count = len(loaded.labels)

    def forward(ids: Ints, mask: Ints) -> Any:
        with torch.inference_mode():
            output = loaded.network(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
        return output.logits[:, :count].float().numpy()

    return LargeModel(model, loaded.reader(), forward, loaded.labels, THRESHOLDS)


def read(place: LargeModels) -> Loaded:
    """The network, tokenizer and labels of a place's checkpoint, checked. Raises ``ModelUnusable``."""
    check_files(place)
    # The files are on this machine; a library that would rather ask a server must not.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        from detoxify.detoxify import get_model_and_tokenizer  # noqa: PLC0415 - optional, and takes seconds
        from transformers.utils import logging  # noqa: PLC0415 - the same
    except ImportError as error:
        raise ModelUnusable(f"Detoxify is not installed ({error}): pip install 'engagement[detoxify]'") from error
    content, sha256 = _unpickled(place)
    arguments, labels, tensors = _parts(content, place.checkpoint)
    logging.disable_progress_bar()
    try:
        folder = str(place.detoxify_folder)
        network, tokenizer = get_model_and_tokenizer(**{**arguments, "model_type": folder}, state_dict=tensors)
        pieces = tokenizer.backend_tokenizer
    except Exception as error:  # whatever transformers raises means the same: these files do not fit
        raise ModelUnusable(f"{place.checkpoint} cannot be loaded: {_first_line(error)}") from error
    _check_tensors(network, tensors, place.checkpoint)
    network.eval()
    return _loaded(network, pieces, labels, sha256, place)


def check_files(place: LargeModels) -> None:
    """Whether all files of a place are there. Raises ``ModelUnusable`` that says how to get them."""
    advice = f"run: engagement model fetch --variant {place.variant}"
    if not place.checkpoint.is_file():
        raise ModelUnusable(f"{place.checkpoint} is not there; {advice}")
    for name in COMPANIONS:
        if not (place.detoxify_folder / name).is_file():
            raise ModelUnusable(f"{place.detoxify_folder / name} is not there; {advice}")


def check(place: LargeModels) -> str:
    """SHA-256 of a place's checkpoint, whose files are all there and unaltered; loads nothing.

    Raises ``ModelUnusable``.
    """
    check_files(place)
    with _opened(place) as stream:
        return _verified(stream, place)


def _opened(place: LargeModels) -> BufferedReader:
    try:
        return place.checkpoint.open("rb")
    except OSError as error:
        raise ModelUnusable(f"{place.checkpoint} cannot be opened: {error.strerror}") from error


def _verified(stream: BufferedReader, place: LargeModels) -> str:
    file, folder = place.checkpoint, place.detoxify_folder
    try:
        wanted, noted = checksums.expected(file, place.sha256), checksums.read_sums(folder)
        for name in COMPANIONS:
            if name in noted and checksums.sha256_of(folder / name) != noted[name]:
                raise ModelUnusable(f"{folder / name} is not the file that {checksums.SUMS} describes")
        found = checksums.digest(stream)
    except ModelUnusable:
        raise
    except (OSError, ValueError) as error:
        raise ModelUnusable(str(error)) from error
    if not wanted:
        raise ModelUnusable(f"no checksum of {file} is known, so it is not opened; set screening.weights_sha256")
    if not found.startswith(wanted):
        raise ModelUnusable(f"{file} is cut or altered: its SHA-256 begins {found[:8]}, not {wanted[:8]}")
    return found


def _unpickled(place: LargeModels) -> tuple[Any, str]:
    import torch  # noqa: PLC0415 - optional, and takes seconds

    with _opened(place) as stream:
        found = _verified(stream, place)
        try:
            return torch.load(stream, map_location="cpu", weights_only=True), found
        except pickle.UnpicklingError as error:
            if not place.sha256:
                raise ModelUnusable(
                    f"{place.checkpoint} holds more than tensors and plain values, which could run as a program; "
                    "set screening.weights_sha256 if you trust this very file"
                ) from error
        except Exception as error:  # cut archives raise whatever their reader raises
            raise ModelUnusable(f"{place.checkpoint} cannot be read: {_first_line(error)}") from error
        stream.seek(0)
        try:
            return torch.load(stream, map_location="cpu", weights_only=False), found
        except Exception as error:  # the same
            raise ModelUnusable(f"{place.checkpoint} cannot be read: {_first_line(error)}") from error


def _parts(content: Any, file: Path) -> tuple[dict[str, Any], tuple[str, ...], Mapping[str, Any]]:
    """Arguments of the network, labels of its first outputs, tensors. Raises ``ModelUnusable``."""
    try:
        given = content["config"]["arch"]["args"]
        arguments = {key: given[key] for key in ("model_name", "tokenizer_name", "num_classes")}
        labels = tuple(_RENAMED.get(name, name) for name in content["config"]["dataset"]["args"]["classes"])
        tensors = content["state_dict"]
    except (KeyError, TypeError, IndexError) as error:
        raise ModelUnusable(f"{file} is no Detoxify checkpoint: {type(error).__name__}: {error}") from error
    if arguments["model_name"] not in {f"{family}ForSequenceClassification" for family in _FAMILIES}:
        raise ModelUnusable(f"{file} asks for the network {arguments['model_name']!r}, which is none of Detoxify's")
    known = {f"{family}Tokenizer{suffix}" for family in _FAMILIES for suffix in ("", "Fast")}
    if arguments["tokenizer_name"] not in known:
        raise ModelUnusable(
            f"{file} asks for the tokenizer {arguments['tokenizer_name']!r}, which is none of Detoxify's"
        )
    _check_labels(labels, arguments["num_classes"], file)
    return arguments, labels, tensors


def _check_labels(labels: Sequence[str], outputs: int, file: Path) -> None:
    if "toxicity" not in labels or len(set(labels)) < len(labels) or len(labels) > outputs:
        raise ModelUnusable(f"{file} has {outputs} outputs for the labels {', '.join(labels)}")
    if strange := [label for label in labels if label not in LABELS]:
        raise ModelUnusable(f"{file} has labels that are not known here: {', '.join(strange)}")


def _check_tensors(network: Any, tensors: Mapping[str, Any], file: Path) -> None:
    """Every tensor of the network comes from the file. The file may hold more, such as tables of old releases."""
    for name, tensor in network.state_dict().items():
        if name not in tensors:
            raise ModelUnusable(f"{file} lacks the tensor {name}")
        if tensor.shape != tensors[name].shape:
            raise ModelUnusable(f"{file} holds {name} of shape {tuple(tensors[name].shape)}, not {tuple(tensor.shape)}")
        if not bool((tensor == tensors[name]).all()):
            raise ModelUnusable(f"{file}: {name} was not loaded as it stands in the file")


def _loaded(network: Any, tokenizer: Any, labels: tuple[str, ...], sha256: str, place: LargeModels) -> Loaded:
    config = network.config
    if tokenizer.get_vocab_size() > config.vocab_size:
        raise ModelUnusable(
            f"{place.detoxify_folder / 'tokenizer.json'} knows {tokenizer.get_vocab_size()} pieces, the network "
            f"{config.vocab_size}: they do not belong together"
        )
    first = config.pad_token_id + 1 if type(network).__name__.partition("For")[0] in _OFFSET else 0
    window = min(WINDOW, config.max_position_embeddings - first)
    return Loaded(network, tokenizer, labels, config.pad_token_id, first, window, sha256)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def describe(place: LargeModels) -> dict[str, Any]:
    """Facts for a listing. Raises ``ModelUnusable`` where the model could not be opened."""
    sha256 = check(place)
    return {
        "version": f"{place.variant}-{sha256[:8]}",
        "languages": list(place.about.languages),
        "labels": labels_of(place.variant),
        "thresholds": {"hold_at": dict(THRESHOLDS.hold_at), "reject_at": dict(THRESHOLDS.reject_at)},
        "licence": "Apache-2.0",
    }


def labels_of(variant: str) -> list[str]:
    """The two oldest variants have no sexual_explicit."""
    return [label for label in LABELS if label != "sexual_explicit" or not variant.startswith("original")]
