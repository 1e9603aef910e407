"""Word lists: whole words and phrases, matched on texts that were normalised the same way."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class WordLists:
    """``block`` rejects, ``hold`` holds. Terms are normalised phrases, words separated by one space."""

    block: frozenset[str] = frozenset()
    hold: frozenset[str] = frozenset()

    def blocked_in(self, cleaned: str) -> str | None:
        """The first blocked term of a normalised text, or None."""
        return _first(self.block, cleaned)

    def held_in(self, cleaned: str) -> str | None:
        return _first(self.hold, cleaned)

    def with_terms(self, block: Iterable[str] = (), hold: Iterable[str] = ()) -> "WordLists":
        """These lists and a site's own terms (normalised already)."""
        return WordLists(self.block | frozenset(block), self.hold | frozenset(hold))


def _first(terms: frozenset[str], cleaned: str) -> str | None:
    if not terms:
        return None
    words = _words(cleaned)
    phrases, longest = _phrases(terms)
    for start in range(len(words)):
        for length in range(min(longest, len(words) - start), 0, -1):
            found = phrases.get(" ".join(words[start : start + length]))
            if found is not None:
                return found
    return None


@lru_cache(maxsize=64)
def _phrases(terms: frozenset[str]) -> tuple[Mapping[str, str], int]:
    # Terms are cut into words as the text is, so "l'altro" and "t-shirt" can be found; and the longest, in words.
    split = {term: _words(term) for term in sorted(terms)}
    return {" ".join(w): term for term, w in split.items() if w}, max(len(w) for w in split.values())


def _words(cleaned: str) -> list[str]:
    # Punctuation borders a word: "(word)" and "word!" match, "wordy" does not.
    return "".join(c if c.isalnum() else " " for c in cleaned).split()


NO_WORDS = WordLists()
