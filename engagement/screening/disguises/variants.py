"""Detoxify's variants: what they are, where their files are published, and what is known of their checksums."""

from collections.abc import Mapping
from dataclasses import dataclass

from engagement.domain.screening import Thresholds

_RELEASES = "https://github.com/unitaryai/detoxify/releases/download/"
_BASES = "https://huggingface.co/"
COMPANIONS = ("config.json", "tokenizer.json")  # of the pretrained base, beside the checkpoint

# Starting points, not measurements: no reference gives a certified threshold for raw Detoxify scores, and the
# labels' scales differ widely. The holds for severe_toxicity, identity_attack, threat, insult and sexual_explicit
# are those of a public deployment; 0.80 for toxicity is what users of the Perspective API commonly chose.
# Rejection by toxicity alone is nearly out of reach, because swearing at nobody scores high as well.
# ``policy.hold_at`` and ``policy.reject_at`` override.
THRESHOLDS = Thresholds(
    hold_at={
        "toxicity": 0.80,
        "severe_toxicity": 0.15,
        "obscene": 0.90,
        "threat": 0.50,
        "insult": 0.90,
        "identity_attack": 0.25,
        "sexual_explicit": 0.75,
    },
    reject_at={"toxicity": 0.995, "severe_toxicity": 0.60, "threat": 0.95, "identity_attack": 0.90},
)


@dataclass(frozen=True)
class Variant:
    """``release``: the checkpoint's address below Detoxify's releases; ``base``: the model it was fine-tuned from.

    The release's file name ends in the first eight hex digits of its SHA-256. That is all that is published of it.
    """

    name: str
    release: str
    base: str
    languages: tuple[str, ...]

    @property
    def file(self) -> str:
        return self.release.rpartition("/")[2]

    def addresses(self, mirror: str = "") -> Mapping[str, str]:
        """File name → address of everything the variant needs; below ``mirror`` all lie in one folder."""
        if mirror:
            return {name: f"{mirror.rstrip('/')}/{name}" for name in (self.file, *COMPANIONS)}
        base = f"{_BASES}{self.base}/resolve/main/"
        return {self.file: _RELEASES + self.release, **{name: base + name for name in COMPANIONS}}


_ALL = (
    Variant(
        "multilingual",
        "v0.4-alpha/multilingual_debiased-0b549669.ckpt",
        "FacebookAI/xlm-roberta-base",
        ("en", "es", "fr", "it", "pt", "ru", "tr"),
    ),
    Variant("original", "v0.1-alpha/toxic_original-c1212f89.ckpt", "google-bert/bert-base-uncased", ("en",)),
    Variant("unbiased", "v0.3-alpha/toxic_debiased-c7548aa0.ckpt", "FacebookAI/roberta-base", ("en",)),
    Variant("original-small", "v0.1.2/original-albert-0e1d6498.ckpt", "albert/albert-base-v2", ("en",)),
    Variant("unbiased-small", "v0.1.2/unbiased-albert-c8519128.ckpt", "albert/albert-base-v2", ("en",)),
)
VARIANTS: Mapping[str, Variant] = {each.name: each for each in _ALL}
