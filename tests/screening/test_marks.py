"""Terms, roles and what they meet, and the lists that only the model sees."""

from itertools import pairwise

import pytest

from engagement.app import make_words
from engagement.screening import lexicon, marks
from engagement.settings import Settings, load

GOLDEN = [5636, 15171, 26178, 28849, 39409, 43916]


def words(text: str) -> list[str]:
    return lexicon.as_words(text)


def kinds(text: str) -> str:
    found = words(text)
    return "".join(mark.kind for mark in marks.marked(found, lexicon.wide().hits(found), lexicon.weak().hits(found)))


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Tu non sei un cretino", "YNY2"),
        ("You are not a moron", "YN2"),
        ("Le donne italiane", "G"),
        ("La capra bruca", "a"),
        ("Che vergogna", "w"),
        ("Buongiorno a tutti", ""),
    ],
)
def test_terms_and_roles_are_marked(text: str, seen: str) -> None:
    assert kinds(text) == seen


def test_no_mark_lies_over_another() -> None:
    found = words("siete dei pezzi di merda e dei cretini")
    spans = [range(mark.start, mark.end) for mark in marks.marked(found, lexicon.wide().hits(found), [])]
    assert all(set(one).isdisjoint(other) for one, other in pairwise(spans))


def test_the_same_meeting_of_other_words_is_the_same_feature() -> None:
    one, other = (set(marks.evidence(words(text)).buckets.tolist()) for text in ("sei un cretino", "sei un idiota"))
    assert one == other != set()


def test_roles_alone_are_no_evidence() -> None:
    seen = marks.evidence(words("tu non sei d'accordo"))
    assert seen.buckets.size == 0
    assert not seen.measured.any()


def test_meetings_are_stable() -> None:
    assert marks.evidence(words("you are not a moron")).buckets.tolist() == GOLDEN


def test_everyday_words_are_no_strong_terms() -> None:
    """Words of cooking, computing and travel that an overeager list would take for abuse."""
    for text in (
        "git",
        "tool",
        "crackers",
        "panna montata",
        "andiamo a mare",
        "in the kitchen",
        "nei forni",
        "tre capre",
    ):
        found = lexicon.wide().hits(words(text))
        assert all(term.severity < 2 for _, _, term in found), text


def test_the_lists_of_the_model_reject_nothing() -> None:
    """Only the plain list may stand behind ``policy.block_lexicon``."""
    settings: Settings = load()
    plain = {tuple(words(term.text)) for term in lexicon.shipped().terms}
    assert {tuple(words(text)) for text in make_words(settings).block} <= plain


@pytest.mark.parametrize("terms", [lexicon.wide(), lexicon.weak()], ids=["wide", "weak"])
def test_every_term_of_the_model_is_found(terms: lexicon.Lexicon) -> None:
    assert [term.text for term in terms.terms if not terms.hits(words(term.text))] == []
