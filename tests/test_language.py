"""Every sentence is there in Italian, with the same places for values."""

import re

from engagement.domain.messages import Message
from engagement.language import best_language, catalogue, say
from tests.catalogues import marked

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
