"""Models that do, in their own process, what a text asks for: crash, hang, eat memory, give nonsense.

Made in the child by ``functools.partial(Model, ...)``, so it must be importable and take picklable arguments.
"""

import ctypes
import math
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from engagement.domain.screening import Screening, Thresholds

SEGFAULT, NULL, EXIT, HANG, LOCKED, EAT = "segfault", "null", "exit", "hang", "locked", "eat"
RAISE, NAN, HUGE, SHORT, WORDS, STRANGE = "raise", "nan", "huge", "short", "words", "strange"
PRINT = "print"
LOST = (SEGFAULT, NULL, EXIT, EAT)
NONSENSE = (RAISE, NAN, HUGE, SHORT, WORDS, STRANGE)
THRESHOLDS = Thresholds({"toxicity": 0.6}, {"toxicity": 0.95})


class Model:
    """Scores a text by its length, unless it asks for a fault; writes the size of each batch into ``diary``."""

    model = "faulty@1"

    def __init__(self, diary: Path | None = None, fails: str = "") -> None:
        if fails:
            _misbehave(fails)
        self.diary = diary

    def screen(self, texts: Sequence[str]) -> Screening:
        each = self.score_each(texts)
        return Screening(self.model, {"toxicity": max(scores["toxicity"] for scores in each)}, THRESHOLDS)

    def score_each(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        if self.diary and any(texts):
            with self.diary.open("a", encoding="utf-8") as file:
                file.write(f"{len(texts)}\n")
        for text in texts:
            _misbehave(text)
        scores: list[Mapping[str, float]] = [_scores(text) for text in texts]
        return scores[:-1] if SHORT in texts else scores


class LoadsOnce(Model):
    """Cannot be loaded until the file ``permit`` is there."""

    def __init__(self, permit: Path) -> None:
        if not permit.exists():
            raise FileNotFoundError("no weights")
        super().__init__()


def _misbehave(how: str) -> None:
    if how == SEGFAULT:
        os.kill(os.getpid(), signal.SIGSEGV)
    elif how == NULL:
        ctypes.string_at(0)
    elif how == EXIT:
        os._exit(3)
    elif how == HANG:
        threading.Event().wait()
    elif how == LOCKED:
        # Holds the interpreter's lock in native code, so no thread of the child can run.
        ctypes.PyDLL(None).sleep(3600)
    elif how == EAT:
        eaten = []
        while True:
            eaten.append(bytearray(os.urandom(4096)) * 4096)  # 16 MB, written
    elif how == RAISE:
        raise ValueError("no")
    elif how == PRINT:
        sys.stdout.write("noise on standard output")
        sys.stdout.buffer.write(b"\x00\x00\x00\x02{}")
        sys.stdout.flush()


def _scores(text: str) -> Mapping[str, float]:
    odd: dict[str, object] = {NAN: math.nan, HUGE: math.inf, WORDS: "high", STRANGE: 1.5}
    return {"toxicity": odd.get(text, min(0.9, len(text) / 1000))}  # type: ignore[dict-item]
