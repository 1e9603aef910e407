"""``engagement site set``: how the author is told."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from engagement.cli.site import site
from engagement.services.sites import find_site


class House:
    def __init__(self, app: Flask) -> None:
        self._app = app

    def app(self) -> Flask:
        return self._app

    def tools(self) -> Any:
        return self._app.extensions["engagement"]


@pytest.fixture
def run(app: Flask) -> Callable[..., Any]:
    return lambda *words: CliRunner().invoke(site, list(words), obj=House(app))


def test_modes_quiet_zone_and_week_are_kept_and_what_is_not_named_stays(run: Callable[..., Any]) -> None:
    words = ("--author-mail", "daily", "--quiet", "22-7", "--time-zone", "America/New_York", "--weekly", "on")
    assert run("set", "demo", *words).exit_code == 0
    rules = find_site("demo").rules
    assert (rules.author_mail, rules.quiet, rules.time_zone, rules.weekly) == (
        "daily",
        "22-7",
        "America/New_York",
        True,
    )
    assert run("set", "demo", "--quiet", "none", "--weekly", "off").exit_code == 0
    rules = find_site("demo").rules
    assert (rules.author_mail, rules.quiet, rules.time_zone, rules.weekly) == ("daily", "", "America/New_York", False)
    listed = json.loads(run("list", "--json").output)
    assert listed[0]["rules"]["author_mail"] == "daily"


@pytest.mark.parametrize(
    "words",
    [("--author-mail", "often"), ("--quiet", "25-7"), ("--time-zone", "Nowhere/Here"), ("--weekly", "maybe")],
)
def test_what_is_none_of_them_is_refused(run: Callable[..., Any], words: tuple[str, str]) -> None:
    assert run("set", "demo", *words).exit_code != 0
    assert find_site("demo").rules.author_mail == "immediate"
