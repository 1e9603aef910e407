"""The commands about models, with a house made for the test."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engagement.cli.model import model as model_command
from engagement.cli.models_port import Progress
from engagement.cli.screen import screen as screen_command

FIGURES = {
    "name": "blog_it",
    "language": "it",
    "n": 9,
    "toxic": 4,
    "roc_auc": 0.9,
    "pr_auc": 0.8,
    "recall_at_1": 0.3,
    "recall_at_5": 0.5,
    "false_positive_rate": 0.04,
    "recall": 0.5,
    "functionalities": None,
}


class LengthScorer:
    """Scores a text by its length in hundredths; breaks on "boom"."""

    model = "length@1"

    def score_each(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        if "boom" in texts:
            raise RuntimeError("broken: boom")
        return [{"toxicity": len(text) / 100} for text in texts]


class SmallHouse:
    def screener(self, name: str | None) -> LengthScorer:
        if name == "nobody":
            raise ValueError("unknown model 'nobody'")
        return LengthScorer()

    def models(self) -> list[dict[str, Any]]:
        return [
            {
                "name": "embedded",
                "version": "2026.11",
                "languages": ["it", "en"],
                "labels": ["toxicity"],
                "thresholds": {"hold_at": {"toxicity": 0.6}},
                "usable": True,
                "why": "",
            },
        ]

    def train(self, data: Path, out: Path | None, progress: Progress) -> Mapping[str, Any]:
        progress("features", 1, 1)
        return {
            "name": "embedded",
            "version": "2026.11",
            "examples": 10,
            "toxic": 3,
            "weights_sha256": "ab" * 32,
        }

    def evaluate(self, name: str | None, data: Path, progress: Progress) -> list[dict[str, Any]]:
        if name == "nobody":
            raise ValueError("unknown model 'nobody'")
        spelling = {"spell_leet_h": {"n": 8, "as_written": 0.125, "as_read": 0.625}}
        suite = {**FIGURES, "name": "hatecheck_it", "functionalities": {"slur_h": 0.75}, "disguise": spelling}
        return [FIGURES, suite]


def run_screen(lines: str | bytes, *args: str) -> Result:
    return CliRunner().invoke(screen_command, args, input=lines, obj=SmallHouse())


def run_model(*args: str) -> Result:
    return CliRunner().invoke(model_command, args, obj=SmallHouse())


def answers(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_line_out_for_each_line_in_and_in_order() -> None:
    lines = "".join(json.dumps({"text": "x" * n, "id": n}) + "\n" for n in range(200))
    result = run_screen(lines)
    assert result.exit_code == 0
    assert [row["id"] for row in answers(result)] == list(range(200))
    assert answers(result)[3] == {"text": "xxx", "id": 3, "scores": {"toxicity": 0.03}, "model": "length@1"}


@pytest.mark.parametrize("bad", [b"{", b"[]", b'{"text": 3}', b"{}", b'{"text": "\xff"}', b"[" * 100_000])
def test_a_bad_line_is_named_and_the_others_are_answered(bad: bytes) -> None:
    result = run_screen(b'{"text": "one"}\n\n' + bad + b'\n{"text": "four"}\n')
    assert [row["text"] for row in answers(result)] == ["one", "four"]
    assert result.stderr.startswith("line 3: ")
    assert result.exit_code == 1


def test_a_text_that_breaks_the_model_leaves_its_neighbours_alone() -> None:
    result = run_screen('{"text": "one"}\n{"text": "boom"}\n{"text": "three"}\n')
    assert [row["text"] for row in answers(result)] == ["one", "three"]
    assert result.stderr == "line 2: broken: boom\n"
    assert result.exit_code == 1


def test_an_empty_input_is_fine() -> None:
    assert run_screen("").exit_code == 0


def test_lone_surrogates_pass() -> None:
    assert answers(run_screen('{"text": "\\ud800"}\n'))[0]["text"] == "\ud800"


def test_an_unknown_model_is_refused() -> None:
    result = run_screen("", "--model", "nobody")
    assert result.exit_code == 2
    assert "unknown model" in result.stderr


def test_a_slow_input_is_answered_line_by_line() -> None:
    program = (
        "from tests.screening.test_commands import SmallHouse\n"
        "from engagement.cli.screen import screen\n"
        "screen(obj=SmallHouse())"
    )
    root = str(Path(__file__).resolve().parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": root},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        killer = threading.Timer(30, process.kill)
        killer.start()
        for text in ("one", "two"):
            process.stdin.write(json.dumps({"text": text}).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["text"] == text  # before the input ends
        process.stdin.close()
        assert process.wait() == 0
        killer.cancel()


def test_models_are_listed() -> None:
    assert "2026.11" in run_model("list").stdout
    assert json.loads(run_model("list", "--json").stdout)[0]["name"] == "embedded"


def test_figures_come_as_a_table_and_as_json(tmp_path: Path) -> None:
    table = run_model("evaluate", "--data", str(tmp_path)).stdout
    for word in ("blog_it", "ROC-AUC", "0.900", "slur_h", "0.750", "Disguise", "spell_leet_h", "0.125", "0.625"):
        assert word in table
    assert "\x1b" not in table
    assert json.loads(run_model("evaluate", "--data", str(tmp_path), "--json").stdout)[0] == FIGURES


def test_a_refusal_is_one_line(tmp_path: Path) -> None:
    result = run_model("evaluate", "--model", "nobody", "--data", str(tmp_path))
    assert (result.exit_code, result.stderr) == (1, "Error: unknown model 'nobody'\n")


def test_training_tells_what_came_out(tmp_path: Path) -> None:
    result = run_model("train", "--data", str(tmp_path))
    assert result.stdout.startswith("embedded@2026.11: 10 texts, 3 of them toxic.")
