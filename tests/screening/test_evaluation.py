"""The figures are computed right, and the shipped model keeps to its floors."""

from pathlib import Path

import numpy as np
import pytest

from engagement.screening import catalogue, embedded
from engagement.screening.learning import evaluation

LABELS = np.array([0, 0, 1, 1, 0, 1])
SCORES = np.array([0.1, 0.4, 0.35, 0.8, 0.4, 0.4])


def test_areas_agree_with_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(1)
    labels, scores = random.integers(0, 2, 500), random.random(500).round(2)
    assert evaluation.roc_auc(labels, scores) == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert evaluation.pr_auc(labels, scores) == pytest.approx(metrics.average_precision_score(labels, scores))


def test_ties_count_half() -> None:
    # Pairs (toxic, harmless) in which the toxic one is above: 0.35: 1; 0.8: 3; 0.4: 1 and two ties.
    assert evaluation.roc_auc(LABELS, SCORES) == pytest.approx(6 / 9)


def test_recall_at_few_false_alarms() -> None:
    assert evaluation.recall_at(LABELS, SCORES, 0.01) == pytest.approx(1 / 3)
    assert evaluation.recall_at(LABELS, SCORES, 1.0) == 1.0


def test_a_threshold_keeps_its_promise() -> None:
    harmless = np.linspace(0, 0.99, 100)
    threshold = evaluation.threshold_at(harmless, 0.05)
    assert (harmless >= threshold).mean() == 0.05


@pytest.fixture(scope="module")
def figures(data: Path) -> dict[str, dict]:  # type: ignore[type-arg]
    return {row["name"]: row for row in catalogue.evaluate("embedded", data)}


@pytest.mark.parametrize(
    ("name", "floor"),
    [
        ("jigsaw_it", 0.865),
        ("blog_it", 0.91),
        ("pejorativity_it", 0.705),
        ("wikipedia_en", 0.785),
        ("news_en", 0.97),
        ("ucc_en", 0.753),
        ("stormfront_en", 0.84),
        ("davidson_en", 0.84),
        ("hatecheck_it", 0.615),
        ("hatecheck_it, hate only", 0.655),
        ("hatecheck_en", 0.585),
        ("hatecheck_en, hate only", 0.61),
    ],
)
def test_areas_stay_above_their_floors(figures, name: str, floor: float) -> None:  # type: ignore[no-untyped-def]
    assert figures[name]["roc_auc"] >= floor


@pytest.mark.parametrize(
    ("name", "measure", "floor"),
    [("jigsaw_it", "recall_at_5", 0.47), ("jigsaw_it", "recall_at_1", 0.24), ("blog_it", "recall_at_1", 0.47)],
)
def test_recall_at_few_false_alarms_stays_above_its_floor(figures, name: str, measure: str, floor: float) -> None:  # type: ignore[no-untyped-def]
    assert figures[name][measure] >= floor


CLEAN = ("jigsaw_it", "blog_it", "pejorativity_it", "subtitles_it", "tweets_it", "wikipedia_en", "ucc_en")


def test_undoing_disguise_finds_more_and_costs_harmless_texts_nothing(figures) -> None:  # type: ignore[no-untyped-def]
    found = {(name, group): row for name in figures for group, row in (figures[name]["disguise"] or {}).items()}
    for suite in ("hatecheck_it", "hatecheck_en"):
        for group in ("spell_leet_h", "spell_space_add_h"):
            row = found[suite, group]
            assert row["as_read"] >= row["as_written"] + 0.05, (suite, group)
    for (name, group), row in found.items():
        if group == "harmless" and name in CLEAN:
            assert row["as_read"] <= row["as_written"] + 0.005, name


@pytest.mark.parametrize(
    ("name", "ceiling"), [("jigsaw_it", 0.05), ("subtitles_it", 0.03), ("tweets_it", 0.02), ("wikipedia_en", 0.01)]
)
def test_false_alarms_stay_below_their_ceilings(figures, name: str, ceiling: float) -> None:  # type: ignore[no-untyped-def]
    assert figures[name]["false_positive_rate"] <= ceiling


def test_the_card_tells_the_measured_figures(figures) -> None:  # type: ignore[no-untyped-def]
    card = embedded.load().card["dev"]
    assert card.keys() == figures.keys()
    for name, row in card.items():
        assert row["n"] == figures[name]["n"]
        if "roc_auc" in row:
            assert row["roc_auc"] == pytest.approx(figures[name]["roc_auc"], abs=1e-3)


def test_a_folder_without_sets_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds none of the sets"):
        catalogue.evaluate("embedded", tmp_path)
