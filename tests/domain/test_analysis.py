"""Names of attributes, sentences and their places."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engagement.domain.desk.analysis import (
    LABEL_OF,
    MOST_SPANS,
    WITHOUT_SOURCE,
    attribute_of,
    sentences,
    utf16_offsets,
)
from engagement.domain.screening import LABELS


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("TOXICITY", "TOXICITY"),
        ("TOXICITY@6", "TOXICITY"),
        ("SEVERE_TOXICITY_EXPERIMENTAL", "SEVERE_TOXICITY"),
        ("MORAL_OUTRAGE_EXPERIMENTAL", "MORAL_OUTRAGE"),
        ("toxicity", ""),
        ("TOXICITY@", ""),
        ("TOXICITY_EXPERIMENTAL_EXPERIMENTAL", ""),
        ("", ""),
    ],
)
def test_the_attribute_behind_a_name(name: str, attribute: str) -> None:
    assert attribute_of(name) == attribute


def test_every_label_has_an_attribute_and_no_attribute_two_fates() -> None:
    assert set(LABEL_OF.values()) == set(LABELS)
    assert not WITHOUT_SOURCE & set(LABEL_OF)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=200))
def test_sentences_hold_every_visible_character_once(text: str) -> None:
    spans = sentences(text)
    assert "".join("".join(text[begin:end].split()) for begin, end in spans) == "".join(text.split())
    flat = [at for span in spans for at in span]
    assert flat == sorted(flat)
    units = text.encode("utf-16-le")
    ends = list(utf16_offsets(text, flat))
    places = zip(ends[::2], ends[1::2], strict=True)
    shown = [units[2 * begin : 2 * end].decode("utf-16-le") for begin, end in places]
    assert shown == [text[begin:end] for begin, end in spans]


def test_a_text_of_many_sentences_has_a_long_last_one() -> None:
    spans = sentences("a. " * 1_000)
    assert len(spans) == MOST_SPANS
    assert spans[-1] == (3 * (MOST_SPANS - 1), 2_999)


def test_abbreviations_with_digits_are_no_ends() -> None:
    assert len(sentences("Version 3.11 costs 2.50 euro. Really?! Yes…")) == 3
