"""``engagement embed``, through the console script."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from engagement.console import commands


def ask(*words: str) -> Result:
    return CliRunner().invoke(commands, words)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ENGAGEMENT_AXE", raising=False)  # for the tests in a browser, no setting
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENGAGEMENT_SERVER__SECRET_KEY", "dRx8vWq2mT5zLk0pBn7sYc4hJf1gAe9u")
    monkeypatch.setenv("ENGAGEMENT_SERVER__PUBLIC_URL", "https://commenti.example/")
    return tmp_path


def test_the_printed_hash_is_that_of_the_script_at_the_printed_address(here: Path, client: FlaskClient) -> None:
    printed = re.fullmatch(
        r'<script src="https://commenti\.example(/embed\.[0-9a-f]{16}\.js)" integrity="sha384-([^"]+)" '
        r'crossorigin="anonymous" defer></script>\n',
        ask("embed").output,
    )
    assert printed
    served = client.get(printed[1])
    assert served.status_code == 200
    assert base64.b64encode(hashlib.sha384(served.data).digest()).decode() == printed[2]


def test_programs_get_the_same_as_json(here: Path) -> None:
    found = json.loads(ask("embed", "--json").stdout)
    assert found["latest"] == "https://commenti.example/embed.js"
    assert f'src="{found["src"]}" integrity="{found["integrity"]}"' in ask("embed").output


def test_an_element_is_printed_for_a_site_that_exists(here: Path) -> None:
    ask("db", "upgrade")
    assert "there is no site my-blog" in ask("embed", "--site", "my-blog").output
    ask("site", "add", "my-blog", "--origin", "https://blog.example", "--author-email", "a@blog.example")
    assert '<engagement-comments site="my-blog">' in ask("embed", "--site", "my-blog").output
