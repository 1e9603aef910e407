"""Every sentence is there in Italian, with the same places for values."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from engagement.domain import reasons
from engagement.domain.messages import Message
from engagement.domain.policy import Outcome, Reason
from engagement.language import best_language, catalogue, say
from tests.catalogues import PACKAGE, marked

_PLACE = re.compile(r"%\((\w+)\)s")


def test_every_marked_sentence_is_translated_into_italian() -> None:
    assert marked() - catalogue("it").keys() == set()


def test_no_translation_is_left_of_a_sentence_that_is_gone() -> None:
    assert catalogue("it").keys() - marked() == set()


def test_a_translation_has_the_same_places_for_values() -> None:
    for english, italian in catalogue("it").items():
        assert sorted(_PLACE.findall(english)) == sorted(_PLACE.findall(italian)), english


def test_fractions_are_written_as_the_country_does() -> None:
    values = {"label": Message("insult"), "score": 0.714, "threshold": 0.6}
    sentence = Message("%(label)s %(score)s, threshold %(threshold)s", values)
    assert say(sentence, "it") == "insulto 0,71, soglia 0,60"
    assert say(sentence, "en") == "insult 0.71, threshold 0.60"


def test_an_unknown_language_is_answered_in_italian() -> None:
    assert (best_language("de"), best_language("en-GB"), best_language(None)) == ("it", "en", "it")


@pytest.mark.parametrize("path", sorted((PACKAGE / "translations").rglob("*.po")), ids=lambda path: path.name)
def test_no_translation_is_fuzzy_or_empty(path: Path) -> None:
    with path.open("rb") as file:
        entries = [m for m in read_po(file) if m.id]
    assert [m.id for m in entries if m.fuzzy or not m.string] == []


def test_every_reason_has_a_sentence_for_the_reader_and_one_for_the_moderator() -> None:
    facts = {
        "toxicity": {"label": "insult", "score": 0.9, "threshold": 0.7},
        "blocked-word": {"term": "100% %(x)s"},
        "held-word": {"term": "x"},
        "links": {"count": 4, "limit": 3},
        "first-time": {},
        "hold-all": {},
        "repetition": {"count": 2},
        "disguised": {"share": 0.3, "steps": "leet"},
        "spam-signs": {"signs": "honeypot", "points": 2},
        "not-screened": {"why": "slow"},
    }
    for code, values in facts.items():
        told = {say(reasons.moderator_text(Reason(code, Outcome.HOLD, values)), tongue) for tongue in ("it", "en")}
        public = {say(reasons.public_text(code), tongue) for tongue in ("it", "en")}
        assert len(told) == len(public) == 2, code
        assert not any(digit in text for text in public for digit in "0123456789")


def test_a_reason_of_a_later_version_is_still_said() -> None:
    assert say(reasons.public_text("from-the-future"), "en") == "A moderator decided so."
    assert say(reasons.moderator_text(Reason("from-the-future", Outcome.HOLD)), "it") == "from-the-future"
