"""Keeping what is measured out of what is trained on: training texts that repeat a dev text."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from engagement.screening.learning import features

_RUN = 5  # words
_SHARE = 0.7
_SHORTEST = 4  # words; "grazie mille" may stand on both sides


class Overlap:
    """Texts to be kept out, as normalised texts."""

    def __init__(self, kept_out: Iterable[str]) -> None:
        self._whole: set[tuple[str, ...]] = set()
        self._sizes: list[int] = []
        self._where: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for cleaned in kept_out:
            words = _words(cleaned)
            self._whole.add(words)
            runs = _runs(words)
            for run in runs:
                self._where[run].append(len(self._sizes))
            self._sizes.append(len(runs))

    def repeats(self, cleaned: str) -> bool:
        """Whether a text has the words of one of them, or shares seven in ten of their runs of five words."""
        words = _words(cleaned)
        if len(words) < _SHORTEST:
            return False
        if words in self._whole:
            return True
        runs = _runs(words)
        shared = Counter(text for run in runs if run in self._where for text in self._where[run])
        return any(n >= _SHARE * (len(runs) + self._sizes[text] - n) for text, n in shared.items())


def _words(cleaned: str) -> tuple[str, ...]:
    return tuple(features.words_of(features.tokens(cleaned)))


def _runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}
