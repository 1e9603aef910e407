"""End to end, from the text to the decision: no disguise of a hurtful sentence gets it published, and what is no
disguise survives reading."""

import gzip
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engagement.app import make_words
from engagement.domain.policy import Case, Decision, Outcome, decide
from engagement.screening import embedded, lexicon
from engagement.screening.disguises import guesses
from engagement.settings import load

MODEL = embedded.load()
WORDS = make_words(load(environ={}))
WORD = re.compile(r"(?<![^\W_])[^\W\d_]{4,}(?![^\W_]|!)")

SIGNS = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7+", "l": "1|"}
LOOKS = {
    "a": "аαａ𝗮ⓐ", "c": "сｃ𝗰ⓒ", "d": "ԁｄ𝗱", "e": "еｅ𝗲ⓔ", "i": "іιｉ𝗶", "j": "ј", "n": "ｎ𝗻",
    "o": "оοｏ𝗼ⓞ", "p": "рｐ𝗽", "r": "ｒ𝗿", "s": "ѕｓ𝘀ⓢ", "t": "ｔ𝘁ⓣ", "u": "ｕ𝘂", "x": "хｘ𝘅", "y": "уｙ𝘆",
}  # fmt: skip
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e\u034f\u180e\ufe0f\u2063\u061c"
MARKS = "\u0300\u0301\u0302\u0308\u0332\u0335\u0336\u0337\u0338\u20dd"
SEPARATORS = [
    " ",
    "  ",
    ".",
    "-",
    "_",
    "*",
    "·",
    "~",
    "/",
    "+",
    "|",
    "—",
    ",",
    "'",
    ":",
    ";",
    "...",
    " . ",
    " - ",
    "\u00a0",
]

Draw = Callable[[st.SearchStrategy[object]], object]


def one_of_each(table: dict[str, str]) -> Callable[[str, Draw], str]:
    def disguise(word: str, draw: Draw) -> str:
        return "".join(str(draw(st.sampled_from(char + table.get(char.lower(), "")))) for char in word)

    return disguise


def with_invisible(word: str, draw: Draw) -> str:
    return "".join(char + str(draw(st.text(INVISIBLE, max_size=2))) for char in word[:-1]) + word[-1]


def with_marks(word: str, draw: Draw) -> str:
    return "".join(char + str(draw(st.text(MARKS, max_size=4))) for char in word)


def held_down(word: str, draw: Draw) -> str:
    return "".join(char * int(draw(st.sampled_from([1, 3, 4, 9]))) for char in word)  # type: ignore[call-overload]


def doubled(word: str, draw: Draw) -> str:
    return "".join(char * 2 for char in word)


def spelled(word: str, draw: Draw) -> str:
    return str(draw(st.sampled_from(SEPARATORS))).join(word)


DISGUISES = {
    "leet": one_of_each(SIGNS),
    "confusables": one_of_each(LOOKS),
    "invisible": with_invisible,
    "combining": with_marks,
    "elongation": held_down,
    "doubled": doubled,
    "spaced": spelled,
}


def decision(text: str) -> Decision:
    return decide(Case(screening=MODEL.screen([text]), reading=guesses.read(text), words=WORDS))


def known(word: str) -> bool:
    return bool(lexicon.shipped().hits(lexicon.as_words(word)))


@cache
def hurtful(folder: Path) -> list[str]:
    """Plainly written sentences of the test data that are held, for a word of the lexicon among others."""
    wikipedia = folder / "toxicity-it-wikipedia" / "dev.jsonl.gz"
    lines = (folder / "toxicity-it-blog-seed" / "dev.jsonl").read_text("utf-8").splitlines()
    lines += gzip.decompress(wikipedia.read_bytes()).decode("utf-8").splitlines()
    texts = [row["text"] for row in map(json.loads, lines) if row["label"] == 1 and len(row["text"]) < 300]
    return [
        t for t in texts if not guesses.read(t).steps and MODEL.score(t) >= 0.7 and any(map(known, WORD.findall(t)))
    ]


@pytest.mark.parametrize("kind", DISGUISES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(choice=st.integers(0), drawn=st.data())
def test_no_disguise_gets_a_hurtful_sentence_published(
    kind: str, data: Path, choice: int, drawn: st.DataObject
) -> None:
    texts = hurtful(data)
    assert len(texts) >= 10
    text = texts[choice % len(texts)]
    disguised = WORD.sub(lambda w: DISGUISES[kind](w[0], drawn.draw) if known(w[0]) else w[0], text)
    assert decision(disguised).outcome is not Outcome.PUBLISH, (disguised, guesses.read(disguised))


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("Sei proprio un 1d1074, lasciatelo dire", "leet"),
        ("Levati dai cog1ioni, per favore, una volta per tutte", "leet"),
        ("Sei proprio un id-i-o-t-a, anzi un i:d:i:o:t:a, lasciatelo dire", "spaced"),
        ("Sei proprio un iddddiota, lasciatelo dire", "elongation"),
        ("Sei proprio un idi\u200bota, lasciatelo dire", "invisible"),
        ("Sei proprio un іdiota, lasciatelo dire", "confusables"),
        ("Sei proprio un idi\u0336ota, lasciatelo dire", "combining"),
    ],
)
def test_the_step_that_found_it_is_a_reason_beside_the_score(text: str, step: str) -> None:
    reasons = {reason.code: reason.facts for reason in decision(text).reasons}
    assert "toxicity" in reasons
    assert step in str(reasons["disguised"]["steps"])


def test_a_little_disguise_of_nothing_is_no_reason() -> None:
    assert decision("Grazieee, che bell' articolo, l'ho letto tutto d'un fiato e lo rileggerò p1ù tardi").reasons == ()


numbers = st.integers(0, 99_999).map(str) | st.floats(0, 9_999).map(lambda n: f"{n:.2f}".replace(".", ","))
prices = numbers.flatmap(lambda n: st.sampled_from([f"{n}€", f"€{n}", f"${n}", f"{n} euro", f"1.{n[:3]},50"]))
times = st.builds("{:d}{}{:02d}".format, st.integers(0, 23), st.sampled_from(":."), st.integers(0, 59))
quantities = st.builds(
    "{}{}".format, st.integers(1, 200), st.sampled_from(["kg", "anni", "km", "%", "°", "ml", "h", "mila"])
)
dates = st.builds("{}/{}/{}".format, st.integers(1, 31), st.integers(1, 12), st.integers(1900, 2100))
addresses = st.builds(
    "{}{}.it/{}".format,
    st.sampled_from(["https://", "http://", "www."]),
    st.from_regex(r"\A[a-z0-9]{2,9}\Z"),
    st.from_regex(r"\A[a-z0-9/_?=.-]{0,12}\Z"),
)
figures = numbers | prices | times | quantities | dates | addresses
accented = st.sampled_from(
    [
        "perché",
        "così",
        "città",
        "è",
        "più",
        "lunedì",
        "però",
        "sì",
        "virtù",
        "caffè",
        "né",
        "là",
        "giù",
        "Étienne",
        "São",
        "façade",
        "niño",
        "über",
        "Škoda",
    ]
)
plain = st.sampled_from(
    ["ciao", "bella", "giornata", "grazie", "articolo", "quando", "costa", "alle", "ore", "dal", "della", "tutti"]
)


@given(st.lists(figures | plain, min_size=1, max_size=12))
def test_numbers_prices_times_and_addresses_survive(parts: list[str]) -> None:
    reading = guesses.read(" ".join(parts))
    assert reading.cleaned == " ".join(" ".join(parts).lower().split())
    assert (reading.steps, reading.altered) == ((), 0.0)


@given(st.lists(accented | plain, min_size=1, max_size=12))
def test_accents_are_no_disguise(parts: list[str]) -> None:
    reading = guesses.read(" ".join(parts))
    assert (reading.steps, reading.altered) == ((), 0.0)
    assert len(reading.cleaned.split()) == len(parts)


@given(
    st.text(max_size=200)
    | st.lists(figures | plain | accented | st.sampled_from(list(SIGNS) + SEPARATORS)).map("".join)
)
def test_what_was_read_reads_as_itself(text: str) -> None:
    once = guesses.read(text).cleaned
    assume(len(once) < 2000)
    assert guesses.read(once).cleaned == once


@pytest.mark.parametrize("piece", ["a ", "a,", "!a", "1a1", "aaa", "zzaa", "c r e t i n o ", "4@31", "i!", "| ", "+a+"])
def test_the_longest_comment_is_read_in_good_time(piece: str) -> None:
    text = (piece * 65_536)[:65_536]
    assert guesses.read(text).cleaned
    assert guesses.boldly(text)
