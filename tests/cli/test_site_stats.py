"""``engagement site stats`` and ``engagement site set --languages``."""

import json

from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from engagement.cli.site import site
from engagement.services.ports import Toolbox
from engagement.services.sites import find_site
from tests.fakes import FixedScreener, StoppedClock
from tests.web.test_comments_api import post


class House:
    def __init__(self, app: Flask) -> None:
        self._app = app

    def app(self) -> Flask:
        return self._app

    def tools(self) -> Toolbox:
        tools: Toolbox = self._app.extensions["engagement"]
        return tools


def run(client: FlaskClient, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(site, list(words), obj=House(client.application))
    return result.exit_code, result.output


def test_comments_are_counted_by_status_language_and_day(
    client: FlaskClient, screener: FixedScreener, clock: StoppedClock
) -> None:
    post(client, 201, body="Un articolo molto chiaro, l’ho letto con piacere.")
    clock.move(days=1)
    post(client, 201, body="This article is very clear and I have read it with pleasure.")
    post(client, 201, body="Ok!")
    screener.toxicity = 0.7
    post(client, 202, body="Questo invece resta in attesa di qualcuno.")
    code, said = run(client, "stats", "demo", "--json")
    assert code == 0
    assert json.loads(said) == {
        "site": "demo",
        "statuses": {"held": 1, "published": 3},
        "languages": {"": 1, "en": 1, "it": 2},
        "days": {"2026-11-25": 1, "2026-11-26": 3},
    }
    clock.move(days=40)
    assert json.loads(run(client, "stats", "demo", "--json")[1])["days"] == {}
    assert "languages\t(too short to tell)\t1" in run(client, "stats", "demo")[1]
    assert run(client, "stats", "ignoto")[0] == 1


def test_a_site_s_languages_are_set_and_taken_back(client: FlaskClient) -> None:
    assert run(client, "set", "demo", "--languages", "it, en")[0] == 0
    with client.application.app_context():
        assert find_site("demo").rules.languages == ("it", "en")
    post(client, 202, body="Это очень хорошая статья, спасибо.")
    assert run(client, "set", "demo", "--languages", "")[0] == 0
    with client.application.app_context():
        assert find_site("demo").rules.languages == ()
