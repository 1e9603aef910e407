"""Stand-ins that are real, importable classes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from engagement.domain.screening import NotScreened, Screening, Thresholds


class FixedScreener:
    """Gives every comment the same answer, unless ``answers`` holds one for a word of its text."""

    model = "fixed@1"

    def __init__(self, toxicity: float | NotScreened = 0.01, **answers: float) -> None:
        self.toxicity = toxicity
        self.answers = answers
        self.seen: list[tuple[str, ...]] = []

    def screen(self, texts: Sequence[str]) -> Screening | NotScreened:
        self.seen.append(tuple(texts))
        found = [v for word, v in self.answers.items() if any(word in t for t in texts)]
        if not found and isinstance(self.toxicity, NotScreened):
            return self.toxicity
        score = max(found) if found else self.toxicity
        return Screening(self.model, {"toxicity": float(score)}, Thresholds({"toxicity": 0.6}, {"toxicity": 0.95}))

    def score_each(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        return [{"toxicity": 0.0} for _ in texts]


class StoppedClock:
    """Time moves only when told to."""

    def __init__(self, at: datetime = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)
