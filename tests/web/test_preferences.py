"""A subscriber's own page, and leaving by typing an address: what GET shows, what POST does, who hears what."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engagement.domain.mailing.suppression import SuppressionReason
from engagement.services import sites
from engagement.services.audience import suppressions
from engagement.services.mail import deliver_due
from engagement.services.ports import Toolbox
from engagement.storage.tables import OutboxRow, SubscriptionRow, SuppressionRow
from tests.services.test_privacy import everything
from tests.web.test_newsletter import READER, ask, carried_out, path, rows, state

LEAVE = "/sites/demo/newsletter/leave"


def subscribed(client: FlaskClient) -> str:
    """The address of the page of a confirmed reader."""
    ask(client, name="Lia")
    client.post(path(client, "confirm"))
    return path(client, "preferences")


def press(client: FlaskClient, address: str, do: str, **more: str) -> TestResponse:
    return client.post(address, data={"do": do} | more)


def everywhere(client: FlaskClient) -> dict[str, list[dict[str, Any]]]:
    carried_out(client)
    with client.application.app_context():
        return everything()


def mails(client: FlaskClient) -> Sequence[tuple[str, bytes]]:
    carried_out(client)
    with client.application.app_context():
        tools: Any = client.application.extensions["engagement"]
        deliver_due(tools)
        return list(tools.postman.sent)


def test_the_letters_carry_the_link(client: FlaskClient) -> None:
    ask(client)
    client.post(LEAVE, data={"email": READER})
    for _, letter in mails(client):
        assert b"/preferences/" in letter.replace(b"=\r\n", b"")
    assert len(mails(client)) == 2


def test_the_page_shows_what_is_kept_and_hides_the_address(client: FlaskClient) -> None:
    page = client.get(subscribed(client))
    assert page.status_code == 200
    assert 'value="Lia"' in page.text
    assert "l…@posta.example" in page.text
    assert READER not in page.text
    assert "Ricevi la newsletter di Il blog di prova." in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in page.headers


def test_name_and_language_are_changed_and_the_pages_follow(client: FlaskClient) -> None:
    address = subscribed(client)
    page = press(client, address, "save", name="  Lia   Rossi ", language="en")
    assert (page.status_code, "Saved." in page.text) == (200, True)
    [row] = rows(client, SubscriptionRow)
    assert (row.name, row.language) == ("Lia Rossi", "en")
    assert "Forget me" in client.get(address).text
    assert "Leave the newsletter" in client.get(path(client, "leave")).text
    for wrong in ({"name": "x" * 101, "language": "it"}, {"name": "a\x00b", "language": "it"}):
        assert press(client, address, "save", **wrong).status_code == 422
    assert press(client, address, "save", name="x", language="de").status_code == 400
    assert press(client, address, "sing").status_code == 400
    assert client.post(address, json={"do": "stop"}).status_code == 415
    assert rows(client, SubscriptionRow)[0].name == "Lia Rossi"


def test_leaving_from_the_page(client: FlaskClient) -> None:
    address = subscribed(client)
    assert "Non ricevi più la newsletter." in press(client, address, "leave").text
    assert state(client)[0][2] == "left"
    assert 'value="leave"' not in client.get(address).text


def test_stop_everything_silences_all_sites_and_can_be_taken_back(client: FlaskClient) -> None:
    with client.application.app_context():
        tools: Toolbox = client.application.extensions["engagement"]
        sites.save_site(tools, sites.Site(0, "altro", "Altro", origins=("https://altro.example",)))
    address = subscribed(client)
    other = {"email": READER, "consent": True}
    client.post("/api/v1/sites/altro/newsletter", json=other)
    carried_out(client)
    assert "nessuna e-mail" in press(client, address, "stop").text
    assert {row.state for row in rows(client, SubscriptionRow)} == {"left"}
    assert [row.reason for row in rows(client, SuppressionRow) if row.source == "page"].count("manual") == 2
    before = len(rows(client, OutboxRow))
    assert client.post("/api/v1/sites/altro/newsletter", json=other).status_code == 202
    assert len(rows(client, OutboxRow)) == before
    assert 'value="resume"' in client.get(address).text
    press(client, address, "resume")
    assert rows(client, SuppressionRow) == []


def test_the_page_does_not_lift_what_other_hands_wrote(client: FlaskClient) -> None:
    address = subscribed(client)
    with client.application.app_context():
        tools: Toolbox = client.application.extensions["engagement"]
        suppressions.suppress(tools, READER, SuppressionReason.COMPLAINED)
    assert 'value="resume"' not in client.get(address).text
    press(client, address, "stop")
    press(client, address, "resume")
    assert [row.reason for row in rows(client, SuppressionRow)] == ["complained"]


def test_one_s_own_data_come_as_json_for_who_knows_the_address(client: FlaskClient) -> None:
    address = subscribed(client)
    ask(client, "altra@posta.example")
    assert press(client, address, "download", email="altra@posta.example").status_code == 422
    answer = press(client, address, "download", email=f" {READER.upper()} ")
    assert answer.mimetype == "application/json"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Cache-Control"] == "no-store"
    found = json.loads(answer.data)
    assert {one["kind"] for one in found} == {"subscription", "consent", "mail"}
    assert "altra@posta.example" not in answer.text
    assert {one["what"] for one in found if one["kind"] == "consent"} == {"asked", "mailed", "confirmed"}


def test_forget_me_erases_the_address_and_ends_the_link(client: FlaskClient) -> None:
    address = subscribed(client)
    body = {"page_url": "https://blog.example/a", "author": "Lia Segreta", "email": READER, "body": "Un saluto."}
    assert client.post("/api/v1/sites/demo/comments", json=body).status_code == 201
    assert press(client, address, "forget", email="altra@posta.example").status_code == 422
    assert state(client) != []
    answer = press(client, address, "forget", email=READER)
    assert (answer.status_code, "è stato cancellato" in answer.text) == (200, True)
    text = json.dumps(everywhere(client), default=str)
    assert READER not in text
    assert "Segreta" not in text
    assert [row.reason for row in rows(client, SuppressionRow)] == ["forgotten"]
    assert client.get(address).status_code == client.post(address, data={"do": "stop"}).status_code == 410
    assert ask(client).status_code == 202
    assert rows(client, SubscriptionRow) == []


def test_an_author_is_told_why_the_page_cannot_forget(client: FlaskClient) -> None:
    ask(client, "autore@demo.example")
    answer = press(client, path(client, "preferences"), "forget", email="autore@demo.example")
    assert (answer.status_code, answer.mimetype) == (409, "text/html")
    assert len(state(client)) == 1


def test_a_link_that_is_not_ours_is_a_page_that_says_so(client: FlaskClient) -> None:
    token = subscribed(client).rpartition("/")[2]
    for address in (f"/preferences/{token[:-1]}", "/preferences/x.y", f"/newsletter/leave/{token}"):
        assert client.get(address).status_code == 410
        assert client.post(address, data={"do": "stop"}).status_code == 410


@pytest.mark.parametrize("purpose", ["confirm", "leave", "preferences"])
def test_no_link_changes_anything_when_it_is_only_followed(client: FlaskClient, purpose: str) -> None:
    ask(client)
    for address in (path(client, purpose), LEAVE):
        before = everywhere(client)
        answers = [client.get(address), client.get(address), client.head(address), client.head(address)]
        assert [a.status_code for a in answers] == [200] * 4
        assert everywhere(client) == before
    client.post(path(client, "confirm"))
    before = everywhere(client)
    client.get(path(client, purpose))
    client.head(path(client, purpose))
    assert everywhere(client) == before


def test_changes_of_one_client_are_limited(make_app: Callable[..., Flask]) -> None:
    client = make_app(limits__enabled="true", limits__preferences="2 per hour", limits__newsletter_leave="2 per hour")
    address = subscribed(client.test_client())
    codes = [press(client.test_client(), address, "save", name="x", language="it").status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    codes = [client.test_client().post(LEAVE, data={"email": READER}).status_code for _ in range(3)]
    assert codes == [200, 200, 429]


def test_asking_to_leave_is_one_answer_for_every_address(client: FlaskClient) -> None:
    assert 'type="email"' in client.get(LEAVE).text
    subscribed(client)
    answers = [client.post(LEAVE, data={"email": email}) for email in (READER, "nessuno@posta.example", READER)]
    assert {a.status_code for a in answers} == {200}
    assert len({a.data for a in answers}) == 1
    assert [row.recipient for row in rows(client, OutboxRow) if row.kind == "newsletter-leave"] == [READER]
    letter = mails(client)[-1][1].replace(b"=\r\n", b"").decode()
    found = re.search(r"/newsletter/leave/[\w.-]+", letter)
    assert found is not None
    assert client.post(found[0]).status_code == 200
    assert state(client)[0][2] == "left"
    wrong = client.post(LEAVE, data={"email": "nessuno"})
    assert (wrong.status_code, wrong.mimetype) == (422, "text/html")
    assert client.post(LEAVE, data={"email": READER}, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.post("/sites/nessuno/newsletter/leave", data={"email": READER}).status_code == 404
    assert client.post(LEAVE, json={"email": READER}).status_code == 415


def test_two_hundred_known_and_unknown_addresses_cannot_be_told_apart(client: FlaskClient) -> None:
    """SEC-50; how long it takes is measured by ``benchmarks/newsletter_answers.py``."""
    known = [f"nota{n}@posta.example" for n in range(200)]
    for email in known[::4]:
        ask(client, email)
    doors: Sequence[Callable[[str], TestResponse]] = (
        lambda email: ask(client, email),
        lambda email: client.post("/sites/demo/newsletter", data={"email": email, "consent": "on"}),
        lambda email: client.post("/f/demo?isAjax=1", data={"EMAIL": email, "OPT_IN": "1"}),
        lambda email: client.post(LEAVE, data={"email": email}),
    )
    for door, pairs in zip(doors, (200, 25, 25, 200), strict=True):  # the second and third do what the first does
        seen = set()
        for n, email in enumerate(known[:pairs]):
            for one in (email, f"ignota{n}@posta.example"):
                answer = door(one)
                told = [(k, v) for k, v in answer.headers if k not in {"Date", "X-Request-Id"}]
                seen.add((answer.status_code, answer.data, tuple(told)))
        assert len(seen) == 1


@pytest.mark.parametrize("language", ["it", "en"])
def test_refused_providers_are_told_in_both_languages(make_app: Callable[..., Flask], language: str) -> None:
    app = make_app(newsletter__refuse_disposable="true", newsletter__blocked_domains="bad.example")
    with app.app_context():
        tools: Toolbox = app.extensions["engagement"]
        sites.save_site(tools, sites.replace(sites.find_site("demo"), language=language))
    client = app.test_client()
    word = "fornitore" if language == "it" else "provider"
    for email in ("a@sub.bad.example", "a@mailinator.com"):
        answer = ask(client, email)
        assert answer.status_code == 422
        [error] = answer.get_json()["errors"]
        assert (error["pointer"], word in error["detail"]) == ("/email", True)
        said = client.post("/f/demo?isAjax=1", data={"EMAIL": email, "OPT_IN": "1"}).get_json()
        assert word in said["errors"]["EMAIL"]
    assert ask(client).status_code == 202
