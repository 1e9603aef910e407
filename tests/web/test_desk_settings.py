"""Settings and statistics at the desk: what stands there, who may change it, what it changes."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engagement.services import sites
from engagement.services.desk import moderators
from engagement.services.sites import find_site
from tests.fakes import FixedScreener, StoppedClock
from tests.web.test_comments_api import post
from tests.web.test_desk import EMAIL, enter

PATH = "/desk/settings"
SENT = {
    "hold_all": "1",
    "hold_first_time": "no",
    "challenge": "always",
    "max_body_bytes": "2000",
    "languages": "it, en",
    "hold_words": "prima parola\r\n\r\nseconda",
    "block_words": "",
    "author_mail": "daily",
    "quiet": "22-7",
    "time_zone": "Europe/Rome",
}


def save(client: FlaskClient, **changed: str) -> TestResponse:
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get(PATH).text)
    assert csrf is not None
    return client.post(PATH, data={"csrf": csrf[1], "site": "demo"} | SENT | changed)


def kept(client: FlaskClient) -> Any:
    with client.application.app_context():
        return find_site("demo").rules


@pytest.mark.parametrize("path", [PATH, "/desk/statistics"])
def test_strangers_are_sent_to_the_entrance(client: FlaskClient, path: str) -> None:
    assert client.get(path).headers["Location"] == "/desk/login"
    assert client.post(PATH, data={"site": "demo"}).headers["Location"] == "/desk/login"


def test_rules_are_shown_and_changed(client: FlaskClient) -> None:
    enter(client)
    assert 'aria-current="page">Impostazioni</a>' in client.get(PATH).text
    assert "Settings" in client.get(f"{PATH}?lang=en").text
    assert save(client).headers["Location"] == f"{PATH}?saved=demo#s-demo"
    page = client.get(f"{PATH}?saved=demo").text
    assert "Salvato." in page
    for shown in ('value="2000"', 'value="it en"', "prima parola\nseconda", '<option value="daily" selected>'):
        assert shown in page
    rules = kept(client)
    assert (rules.hold_all, rules.email_required, rules.hold_first_time, rules.challenge) == (
        True,
        False,
        False,
        "always",
    )
    assert (rules.hold_words, rules.languages, rules.quiet) == (("prima parola", "seconda"), ("it", "en"), "22-7")
    save(client, hold_all="", hold_first_time="", challenge="")
    rules = kept(client)
    assert (rules.hold_all, rules.hold_first_time, rules.challenge) == (False, None, None)
    with client.application.app_context():
        lines = [(line.what, line.about) for line in moderators.audit_of(EMAIL)]
    assert lines[:2] == [("settings-saved", "demo")] * 2
    assert "ha cambiato le impostazioni di un sito" in client.get("/desk/audit").text


def test_the_next_comment_is_judged_by_them(client: FlaskClient) -> None:
    enter(client)
    post(client, 201, body="Una parola qualunque.")
    save(client, hold_all="", challenge="off")
    post(client, 202, body="Qui sta la seconda, appunto.")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_body_bytes", "0"),
        ("max_body_bytes", "65526"),
        ("max_body_bytes", "molti"),
        ("languages", "italiano"),
        ("hold_words", "x" * 101),
        ("block_words", "\n".join(map(str, range(201)))),
        ("author_mail", "weekly"),
        ("quiet", "22-22"),
        ("time_zone", "Roma"),
    ],
)
def test_a_wrong_field_is_told_and_what_was_typed_is_kept(client: FlaskClient, field: str, value: str) -> None:
    enter(client)
    before = kept(client)
    answer = save(client, **{field: value, "quiet": value if field == "quiet" else "1-2"})
    assert answer.status_code == 422
    assert answer.text.count('role="alert"') == 1
    assert "prima parola" in answer.text or field == "hold_words"
    assert kept(client) == before


def test_forged_forms_and_other_sites_change_nothing(client: FlaskClient) -> None:
    enter(client)
    with client.application.app_context():
        tools = client.application.extensions["engagement"]
        sites.save_site(tools, sites.Site(0, "altro", "Altro", origins=("https://altro.example",)))
    before = kept(client)
    assert save(client, csrf="falso").status_code == 403
    assert save(client, site="altro").status_code == 404
    assert kept(client) == before
    for path in (PATH, "/desk/statistics"):
        assert "Altro" not in client.get(path).text


def test_comments_are_counted_by_status_language_and_day(
    client: FlaskClient, screener: FixedScreener, clock: StoppedClock
) -> None:
    enter(client)
    assert "Non è ancora arrivato nessun commento." in client.get("/desk/statistics").text
    post(client, 201, body="Un articolo molto chiaro, l’ho letto con piacere.")
    post(client, 201, body="Ok!")
    screener.toxicity = 0.7
    post(client, 202, body="Questo invece resta in attesa di qualcuno.")
    page = client.get("/desk/statistics").text
    rows = re.findall(r'<th scope="row">(.+?)</th><td class="number">(\d+)</td>', page)
    assert rows == [
        ("Trattenuto", "1"),
        ("Pubblicato", "2"),
        ("troppo brevi per dirlo", "1"),
        ("it", "2"),
        ("2026-11-25", "3"),
    ]
