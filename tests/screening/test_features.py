"""The same text has the same features for ever: a shipped model depends on it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement.screening import lexicon
from engagement.screening.learning import features

GRAZIE_MILLE = [
    9531,
    27650,
    34176,
    96471,
    123410,
    166933,
    178693,
    196248,
    226066,
    232977,
    234732,
    253264,
    264811,
    298239,
    303418,
    330787,
    333403,
    351499,
    369219,
    378841,
    409196,
    414966,
    417778,
    463742,
    465560,
    467677,
    496374,
    509526,
    510577,
    516349,
]


def test_hashes_are_stable() -> None:
    assert features.buckets(features.tokens("grazie mille")).tolist() == GRAZIE_MILLE


def test_pieces_words_and_pairs_are_all_there() -> None:
    # " ab ": pieces " ab", "ab ", " ab "; the word; no pair.
    assert len(features.buckets(["ab"])) == 4
    # two of them, and a pair
    assert len(features.buckets(["ab", "cd"])) == 9


def test_a_text_without_tokens_has_no_features() -> None:
    assert features.buckets([]).shape == (0,)


def test_tokens_are_evened_out() -> None:
    assert features.tokens("cooperare con 15 bbb, ok!") == ["coperare", "con", "00", "bb", ",", "ok", "!"]


def test_addresses_and_names_become_one_word() -> None:
    read = features.tokens("vedi https://a.it/x?y=1, scrivi a io@libero.it o a @tizio")
    assert read == ["vedi", "xlinkx", "scrivi", "a", "xmailx", "o", "a", "xnamex"]


@given(st.lists(st.from_regex(r"\A[a-z]{1,12}\Z"), max_size=30))
def test_buckets_are_ascending_and_in_range(words: list[str]) -> None:
    found = features.buckets(words)
    assert (np.diff(found) > 0).all()
    assert ((found >= 0) & (found < features.BUCKETS)).all()


def test_a_text_longer_than_the_tables_hashes_alike() -> None:
    words = ["grazie", "mille"] * 2000
    assert set(features.buckets(["grazie", "mille"])) <= set(features.buckets(words))


A_LEXICON = lexicon.Lexicon(
    [
        lexicon.Term("capra", 1, "animal", True, "it"),
        lexicon.Term("cretino", 2, "insult", False, "it"),
        lexicon.Term("brutto cretino", 3, "abuse", False, "it"),
    ]
)


def test_the_longest_phrase_counts_once() -> None:
    hits = A_LEXICON.hits(["un", "brutto", "cretino", "e", "cretino"])
    assert [(at, length, term.text) for at, length, term in hits] == [
        (1, 2, "brutto cretino"),
        (4, 1, "cretino"),
    ]


def test_the_nine_features() -> None:
    measured = A_LEXICON.measure(["capra", "cretino", "altro", "ancora"])
    assert measured / lexicon.SCALE == pytest.approx([1, 1, 0, 1, 1 / 5, 1 / 3, 0, 1, 1])


def test_no_term_no_features() -> None:
    assert not A_LEXICON.measure(["grazie"]).any()


def test_every_shipped_term_is_found() -> None:
    words = lexicon.shipped()
    lost = [term.text for term in words.terms if not words.hits(lexicon.as_words(term.text))]
    assert lost == []
