"""The order of floors, held as tests. A failure names the file and the import; the rules are in ``architecture.py``."""

from collections.abc import Callable, Iterable

import pytest

from tests import architecture as house

SOURCES = house.sources()
Rule = Callable[[str, str], list[str]]


def broken(rule: Rule, rooms: Iterable[str] | None = None) -> str:
    """Every finding of a rule, one a line; of the named rooms, or of all."""
    chosen = set(rooms) if rooms is not None else None
    return "\n".join(
        finding
        for path, source in SOURCES.items()
        if chosen is None or house.room_of(path) in chosen
        for finding in rule(path, source)
    )


def test_imports_go_down_the_floors_only() -> None:
    assert broken(house.wrong_arrows) == ""


def test_rooms_on_one_floor_do_not_know_each_other() -> None:
    for floor in (house.TOOLS, house.EQUIPMENT, {"web", "cli", "worker"}, {"web", "cli", "jobs"}):
        assert [(room, house.MAY[room] & floor) for room in sorted(floor) if house.MAY[room] & floor] == []


def test_the_arrows_themselves_keep_web_from_storage_and_services_from_equipment() -> None:
    assert not house.MAY["web"] & house.EQUIPMENT
    assert not house.MAY["cli"] & house.EQUIPMENT
    assert not house.MAY["services"] & {"screening", "mail", "contacts"}


def test_only_the_top_floor_and_wsgi_import_the_app() -> None:
    assert {room for room, may in house.MAY.items() if "app" in may} == {"console", "serving", "analyzing"}
    assert house.wrong_arrows("wsgi.py", "from engagement.app import create_app") == []


def test_the_domain_is_the_standard_library_without_clock_or_chance() -> None:
    assert broken(house.impurities, {"domain"}) == ""


def test_all_imports_stand_at_the_top_but_for_optional_heavy_packages() -> None:
    assert broken(house.hidden_imports) == ""


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert "\n".join(house.circles(SOURCES)) == ""


def test_files_and_functions_are_short_enough_to_read_in_one_go() -> None:
    assert broken(house.too_long) == ""


@pytest.mark.parametrize(
    ("path", "source", "finding"),
    [
        (
            "engagement/web/a.py",
            "from engagement.storage import db",
            "engagement/web/a.py:1 imports engagement.storage.db",
        ),
        ("engagement/web/a.py", "from ..storage import db", "engagement/web/a.py:1 imports engagement.storage.db"),
        ("engagement/web/a.py", "from engagement import cli", "engagement/web/a.py:1 imports engagement.cli"),
        ("engagement/cli/a.py", "import engagement.web.doors", "engagement/cli/a.py:1 imports engagement.web.doors"),
        (
            "engagement/services/a.py",
            "from engagement.mail import links",
            "engagement/services/a.py:1 imports engagement.mail.links",
        ),
        (
            "engagement/services/a.py",
            "import engagement.screening",
            "engagement/services/a.py:1 imports engagement.screening",
        ),
        (
            "engagement/storage/a.py",
            "import engagement.mail.links",
            "engagement/storage/a.py:1 imports engagement.mail.links",
        ),
        (
            "engagement/language.py",
            "import engagement.settings",
            "engagement/language.py:1 imports engagement.settings",
        ),
        (
            "engagement/domain/a.py",
            "import engagement.settings",
            "engagement/domain/a.py:1 imports engagement.settings",
        ),
        ("engagement/cli/a.py", "import engagement.app", "engagement/cli/a.py:1 imports engagement.app"),
        ("engagement/app.py", "import engagement.console", "engagement/app.py:1 imports engagement.console"),
        ("wsgi.py", "import engagement.storage.db", "wsgi.py:1 imports engagement.storage.db"),
        (
            "engagement/cellar.py",
            "",
            "engagement/cellar.py stands on no floor: give the room cellar its arrows in tests/architecture.py",
        ),
    ],
)
def test_a_wrong_arrow_is_found(path: str, source: str, finding: str) -> None:
    assert house.wrong_arrows(path, source) == [finding]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("engagement/services/a.py", "from engagement.storage import db"),
        ("engagement/web/a.py", "import flask\nfrom engagement import __version__\nfrom engagement.web import doors"),
        ("engagement/worker.py", "from engagement import jobs"),
        ("engagement/console.py", "import engagement.app, engagement.cli.site"),
    ],
)
def test_a_right_arrow_is_left_alone(path: str, source: str) -> None:
    assert house.wrong_arrows(path, source) == []


@pytest.mark.parametrize(
    "source",
    [
        "import random",
        "from secrets import token_hex",
        "from time import time",
        "import flask",
        "from datetime import datetime\nat = datetime.now()",
        "import datetime\nday = datetime.date.today()",
    ],
)
def test_an_impure_domain_is_found(source: str) -> None:
    assert len(house.impurities("engagement/domain/a.py", source)) == 1


def test_a_pure_domain_is_left_alone() -> None:
    source = "import re\nfrom datetime import datetime\nfrom engagement.domain.errors import InvalidInput\nat: datetime"
    assert house.impurities("engagement/domain/a.py", source) == []


def test_a_hidden_import_is_found_and_a_heavy_one_forgiven() -> None:
    source = "def f():\n    import json\n    import torch\nif True:\n    from engagement.domain import pages\n"
    assert sorted(house.hidden_imports("engagement/web/a.py", source)) == [
        "engagement/web/a.py:2 imports json below the top of the file",
        "engagement/web/a.py:5 imports engagement.domain.pages below the top of the file",
    ]


def test_a_circle_is_found() -> None:
    modules = {
        "engagement/web/a.py": "from engagement.web import b",
        "engagement/web/b.py": "from engagement.web.c import thing",
        "engagement/web/c.py": "from .a import other",
        "engagement/web/d.py": "from engagement.web import a",
    }
    assert house.circles(modules) == ["engagement.web.a → engagement.web.b → engagement.web.c → engagement.web.a"]
    assert house.circles({**modules, "engagement/web/c.py": ""}) == []


def test_a_long_file_and_a_long_function_are_found() -> None:
    function = "def long():\n" + "    pass\n" * house.MOST_FUNCTION_LINES
    assert house.too_long("a.py", function) == ["a.py:1 long has 61 lines, over 60"]
    assert house.too_long("a.py", "x = 1\n" * 401) == ["a.py has 401 lines, over 400"]
    assert house.too_long("a.py", "x = 1\n" * 400) == []
