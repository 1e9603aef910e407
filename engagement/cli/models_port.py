"""What the commands about models need of the house; ``ctx.obj`` offers it."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

Progress = Callable[[str, int, int], None]  # what is done, how many so far, of how many


class TextScorer(Protocol):
    """A classifier as the command line uses it."""

    @property
    def model(self) -> str:
        """``name@version``."""

    def score_each(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """Scores of each text by label. Raises ``RuntimeError`` when there are none to be had."""


class ModelRoom(Protocol):
    """Each method raises ``ValueError`` (of which a missing data folder is one), ``RuntimeError`` or
    ``OSError``.

    The message is for the person at the terminal.
    """

    def screener(self, name: str | None) -> TextScorer:
        """The model of a name, or the one of the settings."""

    def models(self) -> list[dict[str, Any]]:
        """name, version, languages, labels, thresholds, usable, why, licence of each model."""

    def train(self, data: Path, out: Path | None, progress: Progress) -> Mapping[str, Any]:
        """Train the embedded model and write it into ``out`` (default: the package's own); its card."""

    def evaluate(self, name: str | None, data: Path, progress: Progress) -> list[dict[str, Any]]:
        """Figures of each data set."""

    def fit_scale(self, name: str | None, data: Path, out: Path | None, progress: Progress) -> Mapping[str, Any]:
        """Fit the map of a model's scores to Perspective's scale and write it into ``out``; its card."""

    def fetch(self, variant: str | None, sha256: str, mirror: str, progress: Progress) -> Mapping[str, str]:
        """Fetch the files of a Detoxify variant (default: the settings'): path → SHA-256."""

    def export(
        self,
        variant: str | None,
        out: Path | None,
        sample: Sequence[str] | None,
        limits: Mapping[str, float],
        progress: Progress,
    ) -> Mapping[str, Any]:
        """Make an int8 ONNX model of a Detoxify variant; its card. ``limits``: difference, rank, flips."""
