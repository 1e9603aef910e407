"""The WordPress plugin under PHP, with as much of WordPress as it touches, against a real service."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.browser.conftest import _demo, _free, _served
from tests.conftest import missing_service
from tests.web.test_comments_api import URL

PLUGIN = Path(__file__).resolve().parents[2] / "integrations" / "wordpress" / "engagement-comments"
HARNESS = Path(__file__).with_name("wordpress.php")
PAGE = "https://blog.example/?p=42&x='a'"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture(scope="module", autouse=True)
def php() -> str:
    found = shutil.which("php")
    if found is None:
        missing_service("there is no php on this machine")
    return str(found)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Iterator[Flask]:
    service = _free()
    app = _demo(make_app, service, server__trusted_proxies="127.0.0.0/8")
    app.config["TEST_ADDRESS"] = service
    with _served(app, service):
        yield app


def plugin(*what: str, page: str = PAGE, locale: str = "it_IT", **settings: str) -> dict[str, Any]:
    command = ["php", str(HARNESS), str(PLUGIN / "engagement-comments.php"), json.dumps(settings), page, *what]
    environ = os.environ | {"WP_LOCALE": locale}
    done = subprocess.run(command, check=False, env=environ, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def post(app: Flask, body: str = "Un articolo molto chiaro.") -> None:
    sent = {"page_url": PAGE, "author": "Anna", "body": body}
    assert app.test_client().post(URL, json=sent).status_code == 201


@pytest.mark.parametrize("name", ["engagement-comments.php", "thread.php"])
def test_php_reads_it(name: str) -> None:
    done = subprocess.run(["php", "-l", str(PLUGIN / name)], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_the_theme_s_form_is_sent_to_the_service_and_tells_its_article(app: Flask) -> None:
    post(app)
    address = app.config["TEST_ADDRESS"]
    found = plugin("form", address=address, site="demo", mode="form")
    (html,) = found["found"]
    assert f'<form action="{address}/sites/demo/wp-comments-post.php"' in html
    assert '<input type="hidden" name="page_url" value="https://blog.example/?p=42&amp;x=&#039;a&#039;">' in html
    assert html.index("Un articolo molto chiaro.") < html.index('id="commentform"')
    assert html.count("<form") == 1
    assert found["scripts"] == []


def test_what_has_not_changed_is_not_sent_again_and_readers_are_counted_one_by_one(app: Flask) -> None:
    post(app)
    found = plugin("form", "form", address=app.config["TEST_ADDRESS"], site="demo", mode="form")
    assert [status for status, _ in found["asked"]] == [200, 304]
    assert {headers["X-Forwarded-For"] for _, headers in found["asked"]} == {"203.0.113.9"}
    assert found["found"][0] == found["found"][1]


def test_the_service_s_own_thread_and_form_take_the_theme_s_place(app: Flask) -> None:
    post(app)
    address = app.config["TEST_ADDRESS"]
    found = plugin("widget", "native", address=address, site="demo", mode="widget")
    html, native = found["found"]
    assert f'action="{address}/sites/demo/comments"' in html
    assert "Un articolo molto chiaro." in html
    assert 'data-engagement data-site="demo"' in html
    assert found["scripts"] == [f"{address}/embed.js"]
    assert native == ["one"]


@pytest.mark.parametrize("settings", [{}, {"address": "https://c.example"}, {"site": "demo"}])
def test_until_it_is_set_everything_stays_as_it_was(settings: dict[str, str]) -> None:
    found = plugin("form", "widget", "native", **settings)
    form, widget, native = found["found"]
    assert form == '<form action="https://blog.example/wp-comments-post.php" method="post" id="commentform"></form>'
    assert (widget, native) == ("", ["one"])


@pytest.mark.parametrize(("locale", "words"), [("it_IT", "Leggi i commenti"), ("de_DE", "Read the comments")])
def test_without_the_service_a_link_leads_to_the_thread(locale: str, words: str) -> None:
    (html,) = plugin("widget", locale=locale, address=_free(), site="demo", mode="widget")["found"]
    assert words in html
    assert "/sites/demo/thread?page_url=https%3A%2F%2Fblog.example%2F%3Fp%3D42%26x%3D%27a%27" in html


def test_a_refused_page_is_no_thread(app: Flask) -> None:
    (html,) = plugin(
        "form", page="https://evil.example/", address=app.config["TEST_ADDRESS"], site="demo", mode="form"
    )["found"]
    assert "Leggi i commenti" in html
    assert "<h1" not in html


def test_the_settings_page_shows_what_is_kept_and_escapes_it() -> None:
    kept = {"address": 'https://c.example/"><script>', "site": "demo", "mode": "widget"}
    (html,) = plugin("page", **kept)["found"]
    assert "<script" not in html
    assert 'value="https://c.example/&quot;&gt;&lt;script&gt;"' in html
    assert re.search(r'value="widget" checked', html)
    assert "_wpnonce" in html
    assert "Chiave del sito" in html


@pytest.mark.parametrize(
    ("sent", "kept", "errors"),
    [
        (
            {"address": " https://c.example/ ", "site": "blog-1", "mode": "widget"},
            {"address": "https://c.example", "site": "blog-1", "mode": "widget"},
            0,
        ),
        (
            {"address": "javascript:alert(1)", "site": "No Good", "mode": "x"},
            {"address": "https://before.example", "site": "before", "mode": "form"},
            2,
        ),
        ("nonsense", {"address": "https://before.example", "site": "before", "mode": "form"}, 2),
    ],
)
def test_settings_are_made_safe(sent: Any, kept: dict[str, str], errors: int) -> None:
    before = {"address": "https://before.example", "site": "before", "mode": "form"}
    found = plugin(f"sanitize:{json.dumps(sent)}", **before)
    assert found["found"] == [kept]
    assert len(found["errors"]) == errors
