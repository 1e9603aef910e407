"""Where the large models lie on disk, and how they are run."""

from dataclasses import dataclass
from pathlib import Path

from engagement.screening.disguises.variants import VARIANTS, Variant

CARD = "card.json"  # in an ONNX model's folder


@dataclass(frozen=True)
class LargeModels:
    """``weights``: a checkpoint, its folder, or the folder of all models. ``threads``: 0 means one for each processor.

    ``sha256``: of the checkpoint, in hex, where a person vouches for it.
    """

    weights: Path = Path("var/models")
    variant: str = "multilingual"
    threads: int = 0
    sha256: str = ""

    @property
    def about(self) -> Variant:
        """The variant's facts. Raises ``ValueError`` for a name that is not known."""
        if self.variant not in VARIANTS:
            raise ValueError(f"unknown variant {self.variant!r}; known here: {', '.join(VARIANTS)}")
        return VARIANTS[self.variant]

    @property
    def checkpoint(self) -> Path:
        """The file to load, which need not exist: the release's by name, else the only ``*.ckpt`` of the folder."""
        if self.weights.suffix == ".ckpt":
            return self.weights
        released = self.detoxify_folder / self.about.file
        others = sorted(self.detoxify_folder.glob("*.ckpt"))
        return others[0] if len(others) == 1 and not released.exists() else released

    @property
    def detoxify_folder(self) -> Path:
        """Where the checkpoint, ``config.json`` and ``tokenizer.json`` lie together."""
        if self.weights.suffix == ".ckpt":
            return self.weights.parent
        return self.weights if any(self.weights.glob("*.ckpt")) else self.weights / f"detoxify-{self.variant}"

    @property
    def onnx_folder(self) -> Path:
        if (self.weights / CARD).is_file():
            return self.weights
        return (self.weights.parent if self.weights.suffix == ".ckpt" else self.weights) / f"onnx-{self.variant}"
