"""What is measured is not trained on."""

from pathlib import Path

import pytest

from engagement.screening import normalise
from engagement.screening.disguises.overlap import Overlap
from engagement.screening.learning import datasets, training

KEPT_OUT = Overlap(["the ferry to the island leaves at nine and comes back at six", "grazie mille"])


@pytest.mark.parametrize(
    ("text", "repeats"),
    [
        ("The ferry to the island leaves at nine, and comes back at six!", True),
        ("well: the ferry to the island leaves at nine and comes back at six", True),
        ("the ferry to the island was late again", False),
        ("grazie mille", False),  # too short to be anybody's
        ("", False),
    ],
)
def test_a_repeated_text_is_seen(text: str, repeats: bool) -> None:
    assert KEPT_OUT.repeats(text.lower()) is repeats


def test_no_training_text_repeats_a_measured_one(data: Path) -> None:
    sets = [each for each in datasets.SETS if each.name in ("jigsaw_it", "pejorativity_it", "subtitles_it")]
    rows = [row for each in sets for row in datasets.load(data, each, "dev")]
    measured = Overlap(normalise.read(row.text).cleaned for row in rows)
    trained = list(training.examples_of(data, sets))
    assert len(trained) > 5000
    assert [example.cleaned for example in trained if measured.repeats(example.cleaned)] == []
