"""The snippets for other kinds of blogs: made into pages by the real tools where they are, and their forms sent."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

import html5lib
import pytest
from flask.testing import FlaskClient

from tests.conftest import missing_service
from tests.web.test_comments_api import listed

FOLDER = Path(__file__).resolve().parents[2] / "integrations"
SERVER = "https://commenti.example"
TITLE = """L'acqua & "il <b>sale</b>\""""
NS = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def run(*command: str, cwd: Path) -> None:
    if shutil.which(command[0]) is None:
        missing_service(f"there is no {command[0]} on this machine")
    done = subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def hugo(folder: Path, language: str) -> str:
    put = {
        "hugo.toml": f'baseURL = "https://blog.example/"\nlanguageCode = "{language}"\ndefaultContentLanguage = "{language}"\n'
        f'[params.engagement]\nserver = "{SERVER}/"\nsite = "demo"\n',
        "content/acqua.md": f"---\ntitle: '{TITLE.replace(chr(39), chr(39) * 2)}'\n---\nTesto.\n",
        "layouts/_default/single.html": '<!doctype html><title>x</title>{{ .Content }}{{ partial "engagement.html" . }}',
        "layouts/partials/engagement.html": (FOLDER / "hugo" / "engagement.html").read_text("utf-8"),
    }
    _write(folder, put)
    run(
        "hugo",
        "--quiet",
        "--config",
        "hugo.toml",
        "--disableKinds",
        "home,taxonomy,term,section,sitemap,RSS,404",
        cwd=folder,
    )
    return (folder / "public" / "acqua" / "index.html").read_text("utf-8")


def jekyll(folder: Path, language: str) -> str:
    put = {
        "_config.yml": f"url: https://blog.example\nlang: {language}\nengagement:\n  server: {SERVER}\n  site: demo\n",
        "acqua.html": f"---\ntitle: '{TITLE.replace(chr(39), chr(39) * 2)}'\npermalink: /acqua/\n---\n"
        "<!doctype html><title>x</title>Testo.{% include engagement.html %}\n",
        "_includes/engagement.html": (FOLDER / "jekyll" / "engagement.html").read_text("utf-8"),
    }
    _write(folder, put)
    run("jekyll", "build", "--quiet", "--disable-disk-cache", cwd=folder)
    return (folder / "_site" / "acqua" / "index.html").read_text("utf-8")


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def only(root: Element, tag: str) -> Element:
    (found,) = root.iter(NS + tag)
    return found


@pytest.mark.parametrize(("language", "send"), [("it", "Invia commento"), ("en", "Send comment")])
@pytest.mark.parametrize("build", [hugo, jekyll])
def test_a_made_page_carries_a_form_that_works(
    build: Callable[[Path, str], str], language: str, send: str, tmp_path: Path, client: FlaskClient
) -> None:
    page = html5lib.parse(build(tmp_path, language))
    section, form = only(page, "section"), only(page, "form")
    about: dict[str, Any] = {name.removeprefix("data-"): value for name, value in section.items()}
    wanted = {"engagement": "", "server": SERVER, "site": "demo", "lang": language}
    assert about == wanted | {"page-url": "https://blog.example/acqua/", "page-title": TITLE}
    assert only(page, "script").get("src") == f"{SERVER}/embed.js"
    assert (only(form, "button").text, form.get("method")) == (send, "post")
    fields = {str(i.get("name")): i.get("value", "") for i in form.iter(f"{NS}input")}
    assert fields.keys() == {"page_url", "page_title", "reconsider", "author", "email"}
    target = urlsplit(str(form.get("action")))
    assert f"{target.scheme}://{target.netloc}" == SERVER
    answer = client.post(target.path, data=fields | {"author": "Ada", "body": "Bello!"})
    assert (answer.status_code, answer.location.partition("#")[0]) == (303, "https://blog.example/acqua/")
    assert listed(client, page_url="https://blog.example/acqua/")["page"]["title"] == TITLE
    (address,) = re.findall(r'<noscript>.*?href="?([^" >]+)', build(tmp_path, language), flags=re.DOTALL)
    assert parse_qs(urlsplit(address).query)["page_url"] == ["https://blog.example/acqua/"]


def test_ghost_s_partial_is_whole() -> None:
    """Its structure alone: Ghost is not run here."""
    text = (FOLDER / "ghost" / "engagement.hbs").read_text("utf-8")
    blocks = re.findall(r"{{(#|/)(\w+)", re.sub(r"{{!--.*?--}}", "", text, flags=re.DOTALL))
    assert blocks == [("#", "if"), ("/", "if")]
    assert "{{{" not in text  # which would not be escaped
    form = only(html5lib.parse(re.sub(r'"(?=true")|(?<=true)"', "'", text)), "form")
    assert [i.get("name") for i in form.iter(f"{NS}input")] == [
        "page_url",
        "page_title",
        "reconsider",
        "author",
        "email",
    ]


@pytest.mark.parametrize("name", ["hugo", "jekyll", "ghost", "html", "wordpress"])
def test_each_says_how_to_use_it_in_three_sentences(name: str) -> None:
    body = (FOLDER / name / "README.md").read_text("utf-8").split("\n", 2)[2]
    assert len(re.findall(r"\.(?=\s|$)", re.sub("`[^`]*`", "", body))) == 3
