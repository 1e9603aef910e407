"""Lists of words as other systems test them, on the texts as our normaliser gives them (docs/peers.md: T11, T17, T25)."""

import pytest

from engagement.domain.wordlists import WordLists
from engagement.screening.normalise import read


def found(terms: list[str], text: str) -> bool:
    lists = WordLists(hold=frozenset(read(term).cleaned for term in terms))
    return lists.held_in(read(text).cleaned) is not None


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("scemo", True),
        ("Che SCEMO che sei", True),
        ("scemo scemo, molto scemo", True),
        ("Scemo è la prima parola.", True),
        ("L'ultima parola è scemo.", True),
        ("scemotto", False),
        ("uscemo", False),
        ("scemo3", False),  # another word here, where Coral finds it
        ("scem0", True),  # a digit in the place of a letter is a disguise
        ("scemi", False),
        ("patate fritte", True),
        ("patate!fritte", True),
        ("patate.fritte", True),
        ("patate?fritte", True),
        ("patate¿fritte", True),
        ("patate:fritte", True),
        ("patate;fritte", True),
        ("ppatate fritte", False),
        ("patate molto fritte", False),
        ("jalapeño", True),
        ("due jalapeños", False),
        ("5km", True),
        ("15km", False),
        ("¿adónde vas?", True),
        ("Что за Утка тут?", True),
        ("утки", False),
        ("這是請問。", False),  # no spaces between words: a term is found alone or between signs
        ("請問", True),
        ("ไทย", True),
        ("", False),
        ("\t\n ,,, !#$%^&*()", False),
        ("👍", False),
    ],
)
def test_whole_words_are_found_in_any_script(text: str, there: bool) -> None:
    terms = ["scemo", "patate fritte", "jalapeño", "5km", "adónde vas", "утка", "請問", "ไทย"]
    assert found(terms, text) is there


def test_looking_twice_gives_the_same_answer() -> None:
    assert [found(["scemo"], text) for text in ("scemo 1", "scemo 2", "niente", "più scemo 3")] == [
        True,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("term", "text", "why"),
    [
        ("caffè", "caffe", "accents are left off by whoever evades a list, and by hurried people"),
        ("scemo", "s.c.e.m.o", "letters are pulled apart by whoever evades a list"),
        ("scemo", "ѕсеmо", "look-alike letters are read as what they look like"),
    ],
)
def test_where_others_let_a_disguise_pass_we_do_not(term: str, text: str, why: str) -> None:
    assert found([term], text), why


def test_an_asterisk_is_no_wildcard_here() -> None:
    assert not found(["sce*"], "scemotto")
