"""What the embedded model sees of a text: hashed pieces of words, words, and pairs of words.

A piece is 3 to 5 characters inside one word, a space standing for the word's border. All hashes are one
64-bit polynomial over code points, so NumPy computes every piece of a text at once: with ``S[i]`` the sum
of ``c[k]·B^k`` for k < i, the piece from i to j hashes to ``(S[j] − S[i])·B^−i`` modulo 2^64 (Karp and
Rabin's rolling hash, with B odd and so invertible). A finaliser then spreads it over the buckets. Python's
own ``hash`` changes between runs.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engagement.screening.disguises import disguise

BITS = 19
BUCKETS = 1 << BITS
_LENGTHS = (3, 4, 5)
_BASE = 0x9E3779B97F4A7C15  # odd
_INVERSE = pow(_BASE, -1, 1 << 64)
_WORD_SALT, _PAIR_SALT = np.uint64(0xA0761D6478BD642F), np.uint64(0xE7037ED1A0B428DB)
# The finaliser of MurmurHash3 (Austin Appleby, public domain).
_MIX1, _MIX2, _HALF = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53), np.uint64(33)
_SHIFT = np.uint64(64 - BITS)
_SPACE = 32

_TOKEN = re.compile(r"[^\W_]+|[^\w\s]|_")
_RUN = re.compile(r"([^\W\d_])\1+")
_DIGIT = re.compile(r"\d")
ADDRESS, MAIL, NAME = "xlinkx", "xmailx", "xnamex"


def tokens(cleaned: str) -> list[str]:
    """Words and single punctuation marks of a normalised text.

    An address, mail address or @name is one word; digits are 0; a doubled vowel is single, a consonant at
    most double.
    """
    chunks = [_stand_in(chunk) if "." in chunk or "@" in chunk else chunk for chunk in cleaned.split()]
    text = _DIGIT.sub("0", " ".join(chunks))
    return _TOKEN.findall(_RUN.sub(_evened, text))


def words_of(pieces: Sequence[str]) -> list[str]:
    """Tokens without the punctuation."""
    return [piece for piece in pieces if piece[0].isalnum()]


def buckets(pieces: Sequence[str]) -> NDArray[np.int64]:
    """The distinct buckets of a text, ascending, shape (k,), 0 ≤ each < ``BUCKETS``; none for no tokens."""
    if not pieces:
        return np.zeros(0, dtype=np.int64)
    text = " " + " ".join(pieces) + " "
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum(codes * _powers(_BASE, len(codes)), out=sums[1:])
    shifts = _powers(_INVERSE, len(codes))
    borders = np.flatnonzero(codes == _SPACE)
    found = [_mixed((sums[n:] - sums[:-n])[at] * shifts[at]) for n in _LENGTHS if (at := _inside(codes, n)).size]
    firsts, ends = borders[:-1] + 1, borders[1:]
    found.append(_mixed((sums[ends] - sums[firsts]) * shifts[firsts] ^ _WORD_SALT))
    found.append(_mixed((sums[ends[1:]] - sums[firsts[:-1]]) * shifts[firsts[:-1]] ^ _PAIR_SALT))
    return np.unique(np.concatenate(found) >> _SHIFT).astype(np.int64)


def occurrences(pieces: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Every occurrence of a feature: its bucket, and the first and the last token it covers; each of shape (m,).

    The distinct buckets are those of ``buckets``, for the same tokens.
    """
    if not pieces:
        return (np.zeros(0, dtype=np.int64),) * 3
    text = " " + " ".join(pieces) + " "
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum(codes * _powers(_BASE, len(codes)), out=sums[1:])
    shifts = _powers(_INVERSE, len(codes))
    borders = np.flatnonzero(codes == _SPACE)
    firsts, ends, tokens_ = borders[:-1] + 1, borders[1:], np.arange(len(pieces))
    found: list[tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]] = []
    for n in _LENGTHS:
        at = _inside(codes, n)
        token = np.searchsorted(borders, at, side="right") - 1
        found.append((_mixed((sums[n:] - sums[:-n])[at] * shifts[at]), token, token))
    found.append((_mixed((sums[ends] - sums[firsts]) * shifts[firsts] ^ _WORD_SALT), tokens_, tokens_))
    pair = _mixed((sums[ends[1:]] - sums[firsts[:-1]]) * shifts[firsts[:-1]] ^ _PAIR_SALT)
    found.append((pair, tokens_[:-1], tokens_[1:]))
    hashes, first, last = (np.concatenate(column) for column in zip(*found, strict=True))
    return (hashes >> _SHIFT).astype(np.int64), first, last


def _inside(codes: NDArray[np.uint32], length: int) -> NDArray[np.int64]:
    """Where a piece of ``length`` characters starts that has no space but at its ends."""
    starts = len(codes) - length + 1
    if starts < 1:
        return np.zeros(0, dtype=np.int64)
    open_ = codes != _SPACE
    whole = open_[1 : 1 + starts].copy()
    for offset in range(2, length - 1):
        whole &= open_[offset : offset + starts]
    return np.flatnonzero(whole)


def _mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    hashes = (hashes ^ (hashes >> _HALF)) * _MIX1
    hashes = (hashes ^ (hashes >> _HALF)) * _MIX2
    return hashes ^ (hashes >> _HALF)


def _table(base: int, length: int) -> NDArray[np.uint64]:
    factors = np.full(length, base, dtype=np.uint64)
    factors[0] = 1
    return np.cumprod(factors, dtype=np.uint64)


_TABLES = {base: _table(base, 8192) for base in (_BASE, _INVERSE)}


def _powers(base: int, length: int) -> NDArray[np.uint64]:
    """``base`` to the powers 0 to ``length`` − 1, modulo 2^64."""
    ready = _TABLES[base]
    return ready[:length] if length <= len(ready) else _table(base, length)


def _evened(run: re.Match[str]) -> str:
    return run[1] if run[1] in disguise.VOWELS else run[1] * 2


def _stand_in(chunk: str) -> str:
    if disguise.is_name(chunk):
        return NAME
    if disguise.is_address(chunk):
        return MAIL if "@" in chunk and "/" not in chunk else ADDRESS
    return chunk
