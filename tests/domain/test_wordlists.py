"""Word lists find whole words and phrases, and say which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.domain.wordlists import NO_WORDS, WordLists


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("brutta bestia", "sei una brutta bestia!", True),
        ("brutta bestia", "brutta, bestia", True),
        ("brutta bestia", "brutta e bestia", False),
        ("l'altro", "tutto l'altro ieri", True),
        ("t-shirt", "una t-shirt rossa", True),
        ("t-shirt", "una shirt rossa", False),
        ("...", "punti ... e basta", False),
        ("", "niente", False),
    ],
)
def test_a_term_is_found_as_it_is_written(term: str, text: str, found: bool) -> None:
    assert WordLists(hold=frozenset({term})).held_in(text) == (term if found else None)


def test_the_longest_term_at_a_place_is_named() -> None:
    assert WordLists(frozenset({"brutta", "brutta bestia"})).blocked_in("una brutta bestia") == "brutta bestia"


def test_a_site_adds_to_the_lists_and_takes_nothing_away() -> None:
    own = WordLists(frozenset({"a"}), frozenset({"b"})).with_terms(["c"], ["d"])
    assert (own.block, own.hold) == ({"a", "c"}, {"b", "d"})
    assert NO_WORDS.blocked_in("a b c") is None


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_term_with_a_word_in_it_is_found_in_itself(before: str, term: str) -> None:
    lists = WordLists(frozenset({term}))
    expected = term if any(c.isalnum() for c in term) else None
    assert lists.blocked_in(f"{before} {term} !") == expected
