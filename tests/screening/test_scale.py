"""The map to Perspective's scale: monotone, of the model that is shipped, and reproducible by one command."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from engagement.console import commands
from engagement.screening import embedded, scale


def test_the_shipped_map_is_of_the_shipped_model() -> None:
    """When this fails, the model was trained again: run ``engagement model scale --data DIR``."""
    model = embedded.load()
    assert (model.model, "TOXICITY") in scale.shipped()
    card = json.loads((scale.SHIPPED / "embedded.json").read_text("utf-8"))
    assert card["weights_sha256"] == model.card["weights_sha256"]


def test_maps_rise_from_0_to_1() -> None:
    for knots in scale.shipped().values():
        assert (knots.ours[0], knots.theirs[0], knots.ours[-1], knots.theirs[-1]) == (0, 0, 1, 1)
        assert np.all(np.diff(knots.ours) > 0)
        assert np.all(np.diff(knots.theirs) >= 0)


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_is_never_mapped_lower(one: float, other: float) -> None:
    low, high = sorted((one, other))
    model = embedded.load().model
    assert scale.to_perspective(model, "TOXICITY", low) <= scale.to_perspective(model, "TOXICITY", high)


def test_a_model_without_a_map_keeps_its_scores() -> None:
    assert scale.to_perspective("other@1", "TOXICITY", 0.25) == 0.25


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=20, max_size=60), st.lists(st.floats(0, 1), min_size=20, max_size=60))
def test_any_two_samples_give_a_monotone_map(ours: list[float], theirs: list[float]) -> None:
    knots = scale.matched(np.array(ours), np.array(theirs))
    assert np.all(np.diff(knots.ours) > 0)
    assert np.all(np.diff(knots.theirs) >= 0)


def test_thresholds_flag_as_many_texts_as_perspective_did(data: Path) -> None:
    if not (data / scale.SAMPLE).is_file():
        pytest.skip("the published scores are not on this machine; see docs/perspective.md")
    model = embedded.load()
    card = scale.fit(model.model, model.score_each, data)
    found = card["attributes"]["TOXICITY"]["figures"]
    assert found["mae"] < found["unmapped_mae"]
    for counts in found["thresholds"].values():
        assert abs(counts["ours"] - counts["theirs"]) <= 0.1 * counts["theirs"]
        assert counts["both"] >= 0.6 * counts["theirs"]


def test_one_command_makes_the_shipped_file_again(data: Path, tmp_path: Path) -> None:
    if not (data / scale.SAMPLE).is_file():
        pytest.skip("the published scores are not on this machine; see docs/perspective.md")
    out = tmp_path / "embedded.json"
    result = CliRunner().invoke(commands, ["model", "scale", "--data", str(data), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "TOXICITY: mean error" in result.output
    made, shipped = (json.loads(path.read_text("utf-8")) for path in (out, scale.SHIPPED / "embedded.json"))
    assert made["model"] == shipped["model"]
    for attribute, found in shipped["attributes"].items():
        assert made["attributes"][attribute]["ours"] == pytest.approx(found["ours"], abs=1e-6)
        assert made["attributes"][attribute]["theirs"] == found["theirs"]
