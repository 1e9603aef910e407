"""Disguise is undone, and what is no disguise is left in peace."""

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.domain.screening import Reading
from engagement.screening.disguises import disguise
from engagement.screening.normalise import read

LEFT_IN_PEACE = [
    ("È così: perché, però, più, lunedì", "e cosi: perche, pero, piu, lunedi"),
    ("E\u0300 cosi\u0300", "e cosi"),  # the same accents, decomposed
    ("Il 15 maggio 2026 eravamo in 1.200", "il 15 maggio 2026 eravamo in 1.200"),
    ("Costa 15€, o $100, o 3,50 euro", "costa 15€, o $100, o 3,50 euro"),
    ("Ci vediamo alle 18:30 o alle 7.45", "ci vediamo alle 18:30 o alle 7.45"),
    ("https://a.example/s0n0?x=1 e www.sito.it/p4g1na", "https://a.example/s0n0?x=1 e www.sito.it/p4g1na"),
    ("Scrivi a m4rio.r0ssi@libero.it o a @m4rio", "scrivi a m4rio.r0ssi@libero.it o a @m4rio"),
    ("Ho 15anni, un 4x4 e il 5g", "ho 15anni, un 4x4 e il 5g"),
    ("covid19, mp3, h2o, windows10, 3d", "covid19, mp3, h2o, windows10, 3d"),
    ("Привет, мир", "привет, мир"),
    ("Καλημέρα κόσμε", "καλημερα κοσμε"),
    ("Luigi XIII e Giovanni Paolo III", "luigi xiii e giovanni paolo iii"),
    ("Tra A e B e C", "tra a e b e c"),
    ("è a e o ì", "e a e o i"),
    ("famiglia 👨\u200d👩\u200d👧 ❤\ufe0f", "famiglia 👨👩👧 ❤"),
    ("Grazie!Buona serata", "grazie!buona serata"),
]


@pytest.mark.parametrize(("text", "cleaned"), LEFT_IN_PEACE)
def test_everyday_writing_is_no_disguise(text: str, cleaned: str) -> None:
    assert read(text) == Reading(cleaned)


@pytest.mark.parametrize(
    ("text", "cleaned", "step"),
    [
        ("cre\u200bti\u200bno", "cretino", "invisible"),
        ("cre\u202etino", "cretino", "invisible"),
        ("cre\U000e0041tino", "cretino", "invisible"),
        ("сretinо", "cretino", "confusables"),  # Cyrillic с and о
        ("Іdiоta", "idiota", "confusables"),
        ("ＣＲＥＴＩＮＯ", "cretino", "confusables"),
        ("𝗰𝗿𝗲𝘁𝗶𝗻𝗼", "cretino", "confusables"),
        ("c\u0336r\u0336e\u0336tino", "cretino", "combining"),
        ("cre\u0301\u0302\u0303\u0304\u0305tino", "cretino", "combining"),
        ("cr3t1n0", "cretino", "leet"),
        ("cretin0", "cretino", "leet"),
        ("cr3tino!!!", "cretino!!!", "leet"),
        ("cr@tere", "cratere", "leet"),
        ("$tupido", "stupido", "leet"),
        ("a$$urdo", "assurdo", "leet"),
        ("c r e t i n o", "cretino", "spaced"),
        ("c.r.e.t.i.n.o", "cretino", "spaced"),
        ("c-r-3-t-1-n-o", "cretino", "spaced"),
        ("cretinoooo", "cretino", "elongation"),
        ("creeeetino", "cretino", "elongation"),
    ],
)
def test_disguise_is_undone_and_named(text: str, cleaned: str, step: str) -> None:
    reading = read(text)
    assert reading.cleaned == cleaned
    assert step in reading.steps


def test_a_soft_hyphen_is_dropped_and_is_no_disguise() -> None:
    assert read("arti\u00adcolo") == Reading("articolo")


def test_long_vowels_are_friendly() -> None:
    reading = read("Grazieeee, bellissimoooo")
    assert reading == Reading("grazie, bellissimo", ("elongation",), 0.0)


def test_initialisms_are_joined_and_no_disguise() -> None:
    assert read("Vivo negli U.S.A. dal 1999") == Reading("vivo negli usa. dal 1999")


def test_the_altered_share_is_of_visible_characters() -> None:
    assert read("ab cr3tin0").altered == pytest.approx(2 / 9)
    assert read("c r e t i n o").altered == 1.0


def test_steps_come_in_their_order() -> None:
    assert read("cr\u200be t1n0 p.e.r.c.h.e ciaooo").steps == ("invisible", "leet", "spaced", "elongation")


def test_an_empty_text_reads_as_nothing() -> None:
    assert read("") == read(" \n\u200b") == Reading("")


@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    reading = read(text)
    assert 0 <= reading.altered <= 1
    assert reading.cleaned == " ".join(reading.cleaned.split())
    assert set(reading.steps) <= set(disguise.STEPS)
    reading.cleaned.encode("utf-8")  # lone surrogates are gone


@given(st.lists(st.from_regex(r"\A[a-zàèéìòù]{2,9}[,.!?]?\Z"), max_size=12))
def test_reading_twice_changes_nothing(words: list[str]) -> None:
    cleaned = read(" ".join(words)).cleaned
    assert read(cleaned).cleaned == cleaned


HOSTILE = [
    "a",
    "a ",
    "a.",
    "a@",
    "@",
    ".a",
    "www.",
    "a.it",
    "a\u0301\u0316",
    "\u0301\u0316",
    "\ufdfa",
    "x!x",
    "0a",
    "аa",
    "\u200ba",
    "(",
    "1 a ",
    "a-",
    "$a",
    "\ud800",
    "🙂a",
    "\n",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_is_linear_in_hostile_repeats(piece: str) -> None:
    def seconds(length: int) -> float:
        text = (piece * length)[:length]
        start = time.process_time()
        read(text)
        return time.process_time() - start

    # 16 times the text may take 16 times the time; quadratic work would take 256 times.
    short = min(seconds(4096) for _ in range(3))
    long = min(seconds(65_525) for _ in range(2))
    assert long < 80 * max(short, 0.001)


def test_words_count_what_they_changed() -> None:
    found: Counter[str] = Counter()
    assert disguise.undo("Cr3t1no", found) == "cretino"
    assert found == {"leet": 2}
