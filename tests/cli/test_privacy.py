"""``engagement forget`` and ``engagement export``."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from engagement.cli.privacy import export, forget
from engagement.domain.comments import Submission
from engagement.domain.sites import Site
from engagement.services import comments
from tests.cli.test_moderators import House

EMAIL = "canarino@posta.example"


@pytest.fixture
def house(app: Flask, site: Site) -> House:
    house = House(app)
    sent = Submission("https://blog.example/a", "Canarina", "Un articolo chiaro.", email=EMAIL)
    comments.submit_comment(house.tools(), site, sent)
    return house


def ask(house: House, command: object, *words: str, given: str = "") -> Result:
    return CliRunner().invoke(command, words, obj=house, input=given)  # type: ignore[arg-type]


def test_forgetting_asks_first(house: House) -> None:
    assert ask(house, forget, EMAIL, given="n\n").exit_code == 1
    assert len(ask(house, export, "--email", EMAIL).output.splitlines()) == 1
    answer = ask(house, forget, EMAIL, given="y\n")
    assert "comments\t1" in answer.stdout
    assert ask(house, export, "--email", EMAIL).output.count('"comment"') == 0


def test_forgetting_prints_counts_and_never_the_address(house: House) -> None:
    answer = ask(house, forget, EMAIL, "--yes", "--json")
    assert json.loads(answer.stdout)["comments"] == 1
    assert EMAIL not in answer.output
    assert "may sign up again" in ask(house, forget, EMAIL, "--allow-again").stdout
    assert "nothing changed" in ask(house, forget, EMAIL, "--allow-again").stdout


def test_a_refusal_is_one_sentence(house: House) -> None:
    answer = ask(house, forget, "autore@demo.example", "--yes")
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert "author's address of demo" in answer.stderr


def test_an_export_is_json_lines(house: House, tmp_path: Path) -> None:
    kinds = [json.loads(line)["kind"] for line in ask(house, export, "--site", "demo").stdout.splitlines()]
    assert kinds == ["site", "page", "comment", "mail"]
    file = tmp_path / "out.jsonl"
    assert ask(house, export, "--site", "demo", "--out", str(file)).exit_code == 0
    assert len(file.read_text("utf-8").splitlines()) == 4
    assert ask(house, export).exit_code == 2
    assert ask(house, export, "--site", "nessuno").exit_code == 1
