"""A tiny XLM-RoBERTa in Detoxify's checkpoint format: the real network in small, the same on every machine."""

import importlib.util
import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engagement.screening.weights import checksums
from engagement.screening.weights.places import LargeModels
from tests.conftest import missing_service

CLASSES = ("toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat", "sexual_explicit")
_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
CORPUS = (
    "Che bella giornata, grazie per il commento molto utile",
    "Non sono d'accordo con la conclusione ma i dati sono interessanti",
    "Questo articolo è scritto male, vergogna",
    "The second figure is wrong and the author is lazy",
    "Thank you for the quick answer, it was very useful to me",
    "Sei proprio un asino, vai via da qui",
)
SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 66,  # 64 tokens, so that windows come early
    "num_labels": 16,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "type_vocab_size": 1,
}


def need(*packages: str) -> None:
    """Skip with a plain reason where an extra is not installed, or fail where everything is required."""
    if lacking := [package for package in packages if importlib.util.find_spec(package) is None]:
        missing_service(f"not installed: {', '.join(lacking)} (pip install '.[detoxify,onnx,export]')")


def tokenizer() -> Any:
    """A Unigram tokenizer of the corpus: its letters and words, scored by how often they occur."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    words = Counter(f"▁{word}" for line in CORPUS for word in line.split())
    letters = Counter(letter for word in words for letter in word)
    total = sum(words.values())
    pieces = [(word, math.log(count / total)) for word, count in sorted(words.items()) if len(word) > 1]
    pieces += [(letter, -8 - 1 / count) for letter, count in sorted(letters.items())]
    made = Tokenizer(models.Unigram([*((name, 0.0) for name in _SPECIAL), *pieces], unk_id=3))
    made.add_special_tokens(list(_SPECIAL))
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    made.decoder = decoders.Metaspace()
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return made


def network(**sizes: Any) -> Any:
    """Weights drawn tensor by tensor, by name, from NumPy's generator: no library's own order of drawing counts."""
    import torch
    from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

    made = XLMRobertaForSequenceClassification(XLMRobertaConfig(**{**SIZES, **sizes}))
    random = np.random.default_rng(20261125)
    with torch.no_grad():
        for name, tensor in sorted(made.state_dict().items()):
            if tensor.is_floating_point():
                centre = 1.0 if "LayerNorm.weight" in name else 0.0
                spread = 0.1 if "LayerNorm" in name else 0.25
                tensor.copy_(torch.from_numpy(random.normal(centre, spread, tuple(tensor.shape))))
    return made.eval()


def write(folder: Path, *, name: str = "tiny.ckpt", classes: Sequence[str] = CLASSES, **changed: Any) -> LargeModels:
    """The files of a tiny model: checkpoint, configuration, tokenizer, checksums. ``changed``: parts of the checkpoint."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    made = tokenizer()
    made.save(str(folder / "tokenizer.json"))
    model = network(vocab_size=made.get_vocab_size())
    (folder / "config.json").write_text(json.dumps(model.config.to_dict()), "utf-8")
    arguments = {
        "num_classes": SIZES["num_labels"],
        "model_type": "xlm-roberta-base",
        "model_name": "XLMRobertaForSequenceClassification",
        "tokenizer_name": "XLMRobertaTokenizer",
        **changed.get("arguments", {}),
    }
    content = {
        "config": {"arch": {"type": "Net", "args": arguments}, "dataset": {"args": {"classes": list(classes)}}},
        "state_dict": {**model.state_dict(), **changed.get("tensors", {})},
        **changed.get("more", {}),
    }
    for gone in changed.get("without", ()):
        del content["state_dict"][gone]
    torch.save(content, folder / name)
    checksums.write_sums(folder, {name: checksums.sha256_of(folder / name)})
    return LargeModels(weights=folder, threads=1)
