"""A Detoxify checkpoint made into an int8 ONNX model, and proof that it still says the same.

The weights of matrix products become signed bytes, each column with a scale of its own, and so does the embedding
table (bytes as well, which the runtime stores unsigned). The table is two thirds of a multilingual network: left
out, the file would be three times as large. Nothing is written when the scores of the two differ by more than the
limits allow.
"""

import json
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engagement.domain.screening import Thresholds
from engagement.screening import detoxify_model, lexicon, onnx_model
from engagement.screening.detoxify_model import Loaded
from engagement.screening.weights import checksums
from engagement.screening.weights.large import LargeModel, ModelUnusable
from engagement.screening.weights.places import CARD, LargeModels

Floats = NDArray[np.float64]
Progress = Callable[[str, int, int], None]
_OPSET = 17
_PROBES = 8
_STEPS = 4
# Processors without VNNI add pairs of products in 16 bits: eight-bit weights can overflow them, seven-bit ones cannot.
_BITS = (8, 7)
_FRAMES = (
    "{}",
    "Non capisco, {}: spiegati meglio.",
    "Grazie per l'articolo, {}!",
    "I read this twice, {}, and I still disagree.",
)
_PLAIN = (
    "Grazie per l'articolo, l'ho trovato molto utile.",
    "Non sono d'accordo con la conclusione, ma i dati sono interessanti.",
    "Il collegamento del terzo paragrafo non funziona.",
    "Qualcuno ha provato la ricetta con la farina integrale?",
    "Il sindaco dovrebbe dimettersi, e con lui tutta la giunta.",
    "Questo pezzo è scritto male e pensato peggio.",
    "Thank you, this solved a problem I had for weeks.",
    "The second figure seems to be mislabelled.",
    "What a lazy and dishonest article.",
    "Could you write about the new timetable as well?",
)


@dataclass(frozen=True)
class Limits:
    """``difference``: largest of any score; ``rank``: lowest Spearman correlation of any label; ``flips``: share of
    (text, label) pairs that a threshold decides the other way."""

    difference: float = 0.15
    rank: float = 0.97
    flips: float = 0.02


@dataclass(frozen=True)
class Agreement:
    """As ``Limits``, measured on ``texts`` texts."""

    texts: int
    difference: float
    rank: float
    flips: float

    def shortcomings(self, limits: Limits) -> list[str]:
        """What the limits do not allow, in words."""
        checks = (
            (self.difference <= limits.difference, f"scores differ by up to {self.difference:.3f}"),
            (self.rank >= limits.rank, f"the rank correlation is only {self.rank:.3f}"),
            (self.flips <= limits.flips, f"{self.flips:.1%} of the decisions flip"),
        )
        return [words for good, words in checks if not good]


def export(
    place: LargeModels,
    out: Path | None = None,
    *,
    sample: Sequence[str] | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Write the ONNX model of a place's checkpoint into ``out`` (default: where it is looked for); its card.

    What stands in ``out`` is replaced only at the end, when all is well. Raises ``ModelUnusable`` and ``OSError``.
    """
    told = progress or (lambda what, done, total: None)
    folder, limits, texts = out or place.onnx_folder, limits or Limits(), list(sample or shipped_sample())
    loaded = detoxify_model.read(place)
    told("export", 1, _STEPS)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as made:
        scratch, draft = Path(made), Path(made) / folder.name
        draft.mkdir()
        _trace(loaded, scratch / "float.onnx")
        (draft / onnx_model.TOKENIZER).write_text(loaded.tokenizer.to_str(), "utf-8")
        told("export", 2, _STEPS)
        card = _quantised(place, loaded, scratch / "float.onnx", draft, texts, limits)
        told("export", 3, _STEPS)
        (draft / CARD).write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
        _replace(folder, draft, scratch)
    told("export", _STEPS, _STEPS)
    return card


def shipped_sample() -> list[str]:
    """Texts from plainly harmless to plainly not: sentences around every term of the shipped word list."""
    terms = sorted({term.text for term in lexicon.shipped().terms})
    return [*_PLAIN, *(_FRAMES[number % len(_FRAMES)].format(term) for number, term in enumerate(terms))]


def agreement(original: Floats, other: Floats, labels: Sequence[str], thresholds: Thresholds) -> Agreement:
    """How far two models' scores of the same texts agree; both of shape (texts, labels)."""
    flips = []
    for column, label in enumerate(labels):
        for given in (thresholds.hold_at, thresholds.reject_at):
            if label in given:
                flips.append((original[:, column] >= given[label]) != (other[:, column] >= given[label]))
    return Agreement(
        len(original),
        float(np.abs(original - other).max()),
        min(spearman(original[:, column], other[:, column]) for column in range(len(labels))),
        float(np.mean(flips)) if flips else 0.0,
    )


def spearman(one: Floats, other: Floats) -> float:
    """Correlation of ranks, ties sharing theirs; 1 where nothing varies, as there is no order to get wrong."""
    ranks = [_ranks(one), _ranks(other)]
    spread = [float(rank.std()) for rank in ranks]
    if min(spread) == 0:
        return 1.0 if spread == [0, 0] else 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _ranks(values: Floats) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return ranks


def _quantised(
    place: LargeModels, loaded: Loaded, traced: Path, draft: Path, texts: Sequence[str], limits: Limits
) -> dict[str, Any]:
    """Write the int8 network; its card. Raises ``ModelUnusable`` where it does not agree with the original."""
    original = detoxify_model.model_of(loaded, "original")
    scores = _table(original, texts)
    wrong: list[str] = []
    for bits in _BITS:
        _quantise(traced, draft / onnx_model.MODEL, bits)
        card = _card(place, loaded, draft, limits) | {"bits": bits}
        measured = agreement(scores, _table(_opened(loaded, draft, card), texts), loaded.labels, original.thresholds)
        wrong = measured.shortcomings(limits)
        if not wrong:
            return card | {"agreement": asdict(measured), "probes": _probes(texts, scores, loaded.labels)}
    raise ModelUnusable(f"the int8 model does not agree with the original, nothing is written: {'; '.join(wrong)}")


def _trace(loaded: Loaded, file: Path) -> None:
    """The network in 32 bits. A multilingual one needs about 7 GB of memory and 2 GB of disk meanwhile."""
    try:
        import onnx  # noqa: F401, PLC0415 - optional; asked for here, before minutes are spent
        import torch  # noqa: PLC0415 - optional
    except ImportError as error:
        raise ModelUnusable(f"exporting needs more packages ({error}): pip install 'engagement[export]'") from error
    ids = torch.tensor([[0, 5, 6, 2], [0, 5, 2, loaded.pad]])
    axes = {0: "texts", 1: "tokens"}
    with _quiet():
        torch.onnx.export(
            _wrapped(loaded).eval(),  # without eval, dropout would go into the file
            (ids, (ids != loaded.pad).long()),
            str(file),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": {0: "texts"}},
            opset_version=_OPSET,
            dynamo=False,
        )


def _quantise(traced: Path, file: Path, bits: int) -> None:
    try:
        from onnxruntime.quantization import QuantType, quantize_dynamic  # noqa: PLC0415 - optional
    except ImportError as error:
        raise ModelUnusable(f"exporting needs more packages ({error}): pip install 'engagement[onnx]'") from error
    with _quiet():
        quantize_dynamic(
            traced,
            file,
            op_types_to_quantize=["MatMul", "Gather"],
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=bits < 8,
        )


def _wrapped(loaded: Loaded) -> Any:
    """The network with its mask and positions written out in plain arithmetic, which tracing follows faithfully."""
    import torch  # noqa: PLC0415 - optional

    class Plain(torch.nn.Module):  # type: ignore[misc] # optional, so its types are not followed
        def __init__(self) -> None:
            super().__init__()
            self.network = loaded.network

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            bias = (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * -1e9
            positions = (torch.cumsum(attention_mask, 1) - 1) * attention_mask + loaded.first_position
            output = self.network(input_ids=input_ids, attention_mask=bias, position_ids=positions)
            return output.logits[:, : len(loaded.labels)]

    return Plain()


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of tracing: the agreement is measured, not assumed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


def _card(place: LargeModels, loaded: Loaded, draft: Path, limits: Limits) -> dict[str, Any]:
    files = {name: checksums.sha256_of(draft / name) for name in (onnx_model.MODEL, onnx_model.TOKENIZER)}
    about = detoxify_model.describe(place)
    return {
        "format": onnx_model.FORMAT,
        "name": onnx_model.NAME,
        "version": f"{place.variant}-int8-{files[onnx_model.MODEL][:8]}",
        "date": datetime.now(UTC).date().isoformat(),
        "source": {"variant": place.variant, "sha256": loaded.sha256},
        "labels": list(loaded.labels),
        "languages": about["languages"],
        "licence": about["licence"],
        "thresholds": about["thresholds"],
        "pad": loaded.pad,
        "window": loaded.window,
        "files": files,
        "limits": asdict(limits),
    }


def _opened(loaded: Loaded, draft: Path, card: Mapping[str, Any]) -> LargeModel:
    import onnxruntime  # noqa: PLC0415 - optional

    session = onnxruntime.InferenceSession(
        draft / onnx_model.MODEL, onnx_model.options(onnxruntime, 0), providers=["CPUExecutionProvider"]
    )
    return onnx_model.model_of(session, loaded.reader(), card)


def _probes(texts: Sequence[str], scores: Floats, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Spread over the scores, so that a processor that gets only high ones wrong is noticed as well."""
    chosen = np.argsort(scores[:, 0])[np.linspace(0, len(texts) - 1, min(_PROBES, len(texts))).astype(int)]
    return [{"text": texts[i], "scores": dict(zip(labels, scores[i].round(6).tolist(), strict=True))} for i in chosen]


def _table(model: LargeModel, texts: Sequence[str]) -> Floats:
    return np.array([list(scores.values()) for scores in model.score_each(texts)])


def _replace(folder: Path, draft: Path, scratch: Path) -> None:
    if folder.exists():
        if not (folder / CARD).is_file() and any(folder.iterdir()):
            raise ModelUnusable(f"{folder} is not empty and holds no model, so it is left alone")
        folder.rename(scratch / "before")
    draft.rename(folder)
