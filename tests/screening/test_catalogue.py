"""Which model is taken, what is said about the others, and that a bad one never stops the service."""

import json
import logging
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from engagement.app import Models, make_screener
from engagement.cli.model import model as model_command
from engagement.cli.screen import screen as screen_command
from engagement.domain.screening import NotScreened
from engagement.screening import catalogue, detoxify_model
from engagement.screening.guarded import MissingScreener
from engagement.screening.weights.places import LargeModels
from engagement.settings import Settings, load
from tests.screening import tiny

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = LargeModels(Path("nowhere"))


@pytest.fixture
def shelf(tiny_place: LargeModels, tiny_onnx: LargeModels, tmp_path: Path) -> Path:
    """A folder as ``var/models`` with both large models in it."""
    shutil.copytree(tiny_place.weights, tmp_path / "detoxify-multilingual")
    shutil.copytree(tiny_onnx.weights, tmp_path / "onnx-multilingual")
    return tmp_path


def chosen(shelf: Path) -> str:
    return catalogue.open_screener("auto", timeout=30, large=LargeModels(shelf, threads=1)).model.partition("@")[0]


def settings_for(shelf: Path, **more: str) -> Settings:
    return load(environ={"ENGAGEMENT_SCREENING__WEIGHTS": str(shelf), "ENGAGEMENT_SCREENING__THREADS": "1", **more})


def test_auto_takes_the_best_that_is_there(shelf: Path) -> None:
    assert chosen(shelf) == "onnx"
    shutil.rmtree(shelf / "onnx-multilingual")
    assert chosen(shelf) == "detoxify"
    shutil.rmtree(shelf / "detoxify-multilingual")
    assert chosen(shelf) == "embedded"


def test_auto_passes_over_what_is_damaged_and_says_so(shelf: Path, caplog: pytest.LogCaptureFixture) -> None:
    (shelf / "onnx-multilingual" / "tokenizer.json").write_text("{}")
    with caplog.at_level(logging.INFO):
        assert chosen(shelf) == "detoxify"
    assert "The model onnx is passed over: " in caplog.text
    assert "Comments are screened by detoxify@multilingual-" in caplog.text


def test_auto_says_nothing_of_models_that_were_never_put_there(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        catalogue.open_screener("auto", timeout=30, large=NOWHERE)
    assert [record.getMessage().partition("@")[0] for record in caplog.records] == ["Comments are screened by embedded"]


@pytest.mark.parametrize("name", ["detoxify", "onnx"])
def test_a_model_asked_for_by_name_is_never_replaced(name: str, caplog: pytest.LogCaptureFixture) -> None:
    screener = catalogue.open_screener(name, timeout=30, large=NOWHERE)
    assert isinstance(screener, MissingScreener)
    answer = screener.screen(["Ciao"])
    assert isinstance(answer, NotScreened)
    assert (answer.why, answer.model) == ("missing", name)
    assert "run: engagement model" in caplog.text


def test_the_weights_setting_may_name_a_folder_of_models_one_model_or_a_file(shelf: Path) -> None:
    checkpoint = shelf / "detoxify-multilingual" / "tiny.ckpt"
    for weights in (shelf, checkpoint.parent, checkpoint):
        place = LargeModels(weights)
        assert (place.checkpoint, place.detoxify_folder) == (checkpoint, checkpoint.parent)
    for weights in (shelf, shelf / "onnx-multilingual"):
        assert LargeModels(weights).onnx_folder == shelf / "onnx-multilingual"


def test_two_checkpoints_of_unknown_names_are_no_choice(shelf: Path) -> None:
    folder = shelf / "detoxify-multilingual"
    shutil.copy(folder / "tiny.ckpt", folder / "other.ckpt")
    assert LargeModels(shelf).checkpoint.name == "multilingual_debiased-0b549669.ckpt"


def test_a_model_can_be_made_in_another_process_from_what_was_pickled(tiny_place: LargeModels) -> None:
    make = pickle.loads(pickle.dumps(partial(detoxify_model.load, tiny_place)))
    assert make().model.startswith("detoxify@multilingual-")


def test_the_listing_tells_what_can_be_used_and_why_not(shelf: Path) -> None:
    (shelf / "onnx-multilingual" / "model.onnx").write_bytes(b"cut")
    listed = {each["name"]: each for each in catalogue.list_models(large=LargeModels(shelf))}
    assert list(listed) == ["embedded", "onnx", "detoxify", "none"]
    assert [each["usable"] for each in listed.values()] == [True, False, True, True]
    assert "cut or altered" in listed["onnx"]["why"]
    assert "it" in listed["detoxify"]["languages"]
    assert set(listed["detoxify"]["labels"]) == set(tiny.CLASSES)
    for each in listed.values():
        assert {"name", "version", "languages", "labels", "thresholds", "usable", "why", "licence"} <= set(each)


def test_the_listing_names_a_package_that_is_missing(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "find_spec", lambda name: None if name == "onnxruntime" else name)
    listed = {each["name"]: each for each in catalogue.list_models(large=LargeModels(shelf))}
    assert listed["onnx"]["why"] == "onnxruntime missing: pip install 'engagement[onnx]'"
    assert listed["detoxify"]["usable"]


def test_the_service_starts_without_the_model_and_holds_comments(tmp_path: Path) -> None:
    screener = make_screener(settings_for(tmp_path, ENGAGEMENT_SCREENING__MODEL="onnx"))
    assert isinstance(screener.screen(["Ciao"]), NotScreened)


def test_readiness_and_decisions_name_the_model(
    make_app: Callable[..., Flask], shelf: Path, comment_form: Callable[..., dict[str, object]]
) -> None:
    screener = make_screener(settings_for(shelf))
    app = make_app()
    app.extensions["engagement"] = replace(app.extensions["engagement"], screener=screener)
    client = app.test_client()
    assert client.get("/health/ready").json["model"] == screener.model
    assert screener.model.startswith("onnx@multilingual-int8-")
    answer = client.post("/api/v1/sites/demo/comments", json=comment_form())
    assert answer.status_code in (201, 202, 403)
    assert decided_by(app) == {screener.model}


def decided_by(app: Flask) -> set[str]:
    from engagement.storage.db import reading
    from engagement.storage.tables import DecisionRow

    with app.app_context(), reading() as session:
        return {row.model for row in session.query(DecisionRow)}


@pytest.fixture
def comment_form() -> Callable[..., dict[str, object]]:
    return lambda: {"page_url": "https://blog.example/a", "author": "Ada", "body": "Grazie per il commento molto utile"}


def run_screen(shelf: Path, *arguments: str) -> Result:
    line = json.dumps({"text": "Ciao a tutti", "id": 1})
    return CliRunner().invoke(screen_command, arguments, input=line, obj=Models(settings_for(shelf)))


@pytest.mark.parametrize("name", ["detoxify", "onnx", "auto", "embedded"])
def test_the_screen_command_works_with_each_model(shelf: Path, name: str) -> None:
    ran = run_screen(shelf, "--model", name)
    assert ran.exit_code == 0, ran.output
    answer = json.loads(ran.stdout)
    assert answer["scores"]["toxicity"] == pytest.approx(0.5, abs=0.5)
    assert answer["model"].startswith("onnx@" if name == "auto" else f"{name}@")


@pytest.mark.parametrize("name", ["detoxify", "onnx"])
def test_the_screen_command_refuses_in_one_sentence(tmp_path: Path, name: str) -> None:
    ran = run_screen(tmp_path, "--model", name)
    assert ran.exit_code != 0
    assert ran.stdout == ""
    assert "is not there; run: engagement model" in ran.stderr


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A folder of data sets with one small set in it."""
    folder = tmp_path / "sets" / "toxicity-it-blog-seed"
    folder.mkdir(parents=True)
    rows = [{"id": str(n), "text": f"{tiny.CORPUS[n % 6]} {n}", "label": n % 2} for n in range(12)]
    (folder / "dev.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path / "sets"


@pytest.mark.parametrize("name", ["detoxify", "onnx", "auto", "embedded"])
def test_the_evaluate_command_measures_each_model(shelf: Path, labelled: Path, name: str) -> None:
    arguments = ("evaluate", "--model", name, "--data", str(labelled), "--json")
    ran = CliRunner().invoke(model_command, arguments, obj=Models(settings_for(shelf)))
    assert ran.exit_code == 0, ran.output
    (figures,) = json.loads(ran.stdout)
    assert (figures["n"], figures["toxic"]) == (12, 6)
    assert 0 <= figures["roc_auc"] <= 1


def test_the_evaluate_command_refuses_a_missing_model_in_one_sentence(tmp_path: Path, labelled: Path) -> None:
    arguments = ("evaluate", "--model", "onnx", "--data", str(labelled))
    ran = CliRunner().invoke(model_command, arguments, obj=Models(settings_for(tmp_path / "none")))
    assert ran.exit_code == 1
    assert len(ran.stderr.splitlines()) == 1


def test_the_export_command_makes_a_model_that_auto_then_takes(shelf: Path) -> None:
    shutil.rmtree(shelf / "onnx-multilingual")
    house = Models(settings_for(shelf))
    ran = CliRunner().invoke(model_command, ["export", "--json"], obj=house)
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["labels"] == list(tiny.CLASSES)
    assert chosen(shelf) == "onnx"


def test_the_export_command_takes_a_sample_and_limits(shelf: Path, tmp_path: Path) -> None:
    sample = tmp_path / "sample.jsonl"
    sample.write_text("".join(json.dumps({"text": text}) + "\n" for text in tiny.CORPUS))
    base = ["export", "--out", str(tmp_path / "out"), "--sample", str(sample)]
    house = Models(settings_for(shelf))
    refused = CliRunner().invoke(model_command, [*base, "--max-difference", "0"], obj=house)
    assert (refused.exit_code, "does not agree" in refused.stderr) == (1, True)
    assert not (tmp_path / "out").exists()
    ran = CliRunner().invoke(model_command, [*base, "--min-rank", "0.5"], obj=house)
    assert ran.exit_code == 0, ran.output
    assert f"on {len(tiny.CORPUS)} texts scores differ by at most 0.0" in ran.stdout


@pytest.mark.parametrize("content", ["", "{}\n", "nonsense\n", '{"text": "one"}\n'])
def test_a_sample_that_holds_no_texts_is_refused(shelf: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.jsonl").write_text(content)
    arguments = ["export", "--sample", str(tmp_path / "bad.jsonl")]
    ran = CliRunner().invoke(model_command, arguments, obj=Models(settings_for(shelf)))
    assert ran.exit_code == 1
    assert len(ran.stderr.splitlines()) == 1


def test_the_base_install_meets_no_large_package() -> None:
    program = (
        "import sys\n"
        "from engagement.screening.catalogue import open_screener\n"
        "open_screener('auto', timeout=5)\n"
        "print({'torch', 'transformers', 'onnxruntime', 'tokenizers', 'onnx'} & set(sys.modules) or 'none')"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert ran.stdout.strip() == "none"
