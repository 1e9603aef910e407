"""``engagement moderator`` and ``engagement key``."""

import json
from dataclasses import dataclass

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from engagement.cli.key import key
from engagement.cli.moderator import moderator
from engagement.services.ports import Toolbox


@dataclass
class House:
    flask: Flask

    def app(self) -> Flask:
        return self.flask

    def tools(self) -> Toolbox:
        tools: Toolbox = self.flask.extensions["engagement"]
        return tools


@pytest.fixture
def house(app: Flask) -> House:
    return House(app)


def call(house: House, *words: str) -> Result:
    group = {"key": key, "moderator": moderator}[words[0]]
    return CliRunner().invoke(group, list(words[1:]), obj=house)


def test_moderators(house: House) -> None:
    added = call(house, "moderator", "add", "Anna@demo.example", "--site", "demo")
    assert added.stdout.splitlines()[-1].startswith("http://127.0.0.1:8000/desk/enter/")
    [one] = json.loads(call(house, "moderator", "list", "--json").stdout)
    assert (one["email"], one["site_keys"]) == ("anna@demo.example", ["demo"])
    assert call(house, "moderator", "remove", "anna@demo.example").exit_code == 0
    assert call(house, "moderator", "list").stdout == ""


def test_keys(house: House) -> None:
    added = call(house, "key", "add", "robot", "--site", "demo", "--scope", "moderate")
    made = added.stdout.splitlines()[-1]
    assert made.startswith("eng_")
    listed = call(house, "key", "list", "--json").stdout
    assert json.loads(listed)[0]["name"] == "robot"
    assert made not in listed
    assert call(house, "key", "revoke", "robot", "--site", "demo").exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("moderator", "add", "nessuno", "--site", "demo"),
        ("moderator", "add", "a@demo.example", "--site", "altro"),
        ("moderator", "remove", "a@demo.example"),
        ("key", "add", "k", "--site", "altro", "--scope", "analyze"),
        ("key", "revoke", "k", "--site", "demo"),
    ],
)
def test_refusals_are_one_sentence(house: House, words: tuple[str, ...]) -> None:
    refused = call(house, *words)
    assert refused.exit_code == 1
    assert len(refused.stderr.splitlines()) == 1
