"""The desk over HTTP: who gets in, what stands there, what a form must prove."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engagement.domain.screening import Span
from engagement.services.desk import moderators
from engagement.services.discussion.explaining import explain_held
from engagement.web.desk.reading import underlined
from tests.fakes import FixedScreener

EMAIL, PASSWORD = "moderatrice@demo.example", "una frase lunga e tranquilla"


def invite(client: FlaskClient) -> str:
    with client.application.app_context():
        address = moderators.add(client.application.extensions["engagement"], EMAIL, ["demo"])
    return "/desk/" + address.partition("/desk/")[2]


def enter(client: FlaskClient) -> None:
    assert client.post(invite(client), data={"password": PASSWORD}).status_code == 303


def hold(client: FlaskClient, screener: FixedScreener) -> str:
    screener.toxicity = 0.71
    body = {"page_url": "https://blog.example/a", "author": "<b>Anna</b>", "body": "Parole da leggere."}
    return str(client.post("/api/v1/sites/demo/comments", json=body).get_json()["comment"]["id"])


def fields(client: FlaskClient, path: str = "/desk/") -> dict[str, str]:
    found = re.findall(r'name="(csrf|version)" value="([^"]*)"', client.get(path).text)
    return dict(found)


def decide(client: FlaskClient, comment: str, verdict: str = "approve", **more: str) -> TestResponse:
    headers = {"Origin": more.pop("origin")} if "origin" in more else {}
    data = fields(client) | {"verdict": verdict} | more
    return client.post(f"/desk/comments/{comment}/verdict", data=data, headers=headers)


def test_strangers_are_sent_to_the_entrance(client: FlaskClient) -> None:
    for path in ("/desk/", "/desk/audit", "/desk/comments/x"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/login")
    assert client.get("/desk/login").status_code == 200


def test_a_look_at_the_login_address_uses_nothing_up(client: FlaskClient) -> None:
    path = invite(client)
    assert EMAIL in client.get(path).text
    assert client.post(path, data={"password": "corta"}).status_code == 422
    assert client.post(path, data={"password": PASSWORD}).status_code == 303
    assert client.get(path).status_code == 410
    assert client.post(path, data={"password": PASSWORD}).status_code == 410


def test_password_and_sign_out(client: FlaskClient) -> None:
    enter(client)
    csrf = fields(client)["csrf"]
    assert client.post("/desk/logout", data={"csrf": csrf}).status_code == 303
    assert client.get("/desk/").status_code == 303
    assert client.post("/desk/login", data={"email": EMAIL, "password": "sbagliata"}).status_code == 401
    assert client.post("/desk/login", data={"email": EMAIL, "password": PASSWORD}).status_code == 303
    assert client.get("/desk/").status_code == 200


def test_the_cookie_fits_the_address(make_client: Callable[..., FlaskClient]) -> None:
    plain = make_client()
    answer = plain.post(invite(plain), data={"password": PASSWORD})
    assert re.match(r"session=[\w-]{43};.*HttpOnly.*SameSite=Lax", answer.headers["Set-Cookie"])
    safe = make_client(server__public_url="https://desk.example")
    answer = safe.post(invite(safe), data={"password": PASSWORD})
    assert re.match(r"__Host-session=.*Secure", answer.headers["Set-Cookie"])


def test_a_card_says_why_and_a_verdict_publishes(client: FlaskClient, screener: FixedScreener) -> None:
    enter(client)
    comment = hold(client, screener)
    page = client.get("/desk/")
    assert "Trattenuto:</strong> tossicità 0,71, soglia 0,60" in page.text
    assert "In attesa: 1." in page.text
    assert "<b>Anna" not in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    answer = decide(client, comment, note="letto")
    assert answer.status_code == 303
    after = client.get(answer.headers["Location"]).text
    assert "Ultima decisione" in after
    assert 'data-key="u"' in after
    assert "letto" in client.get(f"/desk/comments/{comment}").text
    assert EMAIL in client.get("/desk/audit").text
    data = fields(client, answer.headers["Location"])
    assert client.post(f"/desk/comments/{comment}/undo", data=data).status_code == 303
    assert "In attesa: 1." in client.get("/desk/").text


def test_the_slower_moderator_is_told(client: FlaskClient, screener: FixedScreener) -> None:
    enter(client)
    comment = hold(client, screener)
    assert decide(client, comment, version="7").status_code == 409


@pytest.mark.parametrize("more", [{"csrf": "falso"}, {"csrf": ""}, {"origin": "https://male.example"}])
def test_forged_forms_change_nothing(client: FlaskClient, screener: FixedScreener, more: dict[str, str]) -> None:
    enter(client)
    comment = hold(client, screener)
    assert decide(client, comment, **more).status_code == 403
    assert "In attesa: 1." in client.get("/desk/").text


def test_english_is_complete_and_files_are_served(client: FlaskClient) -> None:
    enter(client)
    assert "Nothing is waiting." in client.get("/desk/?lang=en").text
    for name in ("desk.css", "desk.js"):
        with client.get(f"/desk/static/{name}") as answer:
            assert answer.status_code == 200
    assert client.get("/desk/?status=altro").status_code == 404


def test_the_chosen_language_is_carried_along(client: FlaskClient, screener: FixedScreener) -> None:
    assert client.get("/desk/?lang=en").headers["Location"] == "/desk/login?lang=en"
    enter(client)
    comment = hold(client, screener)
    page = client.get("/desk/?lang=en").text
    inside = [a for a in re.findall(r'(?:href|action)="(/desk/[^"]*)"', page) if not a.startswith("/desk/static/")]
    assert len(inside) > 8
    assert [address for address in inside if "lang=" not in address] == []
    assert 'href="/desk/?lang=it" lang="it"' in page
    data = fields(client) | {"verdict": "approve", "status": "held"}
    answer = client.post(f"/desk/comments/{comment}/verdict?lang=en", data=data)
    assert answer.headers["Location"] == f"/desk/?status=held&done={comment}&lang=en"
    assert "Published: comment of" in client.get(answer.headers["Location"]).text
    assert "lang=" not in client.post("/desk/logout", data=data).headers["Location"]


def test_a_decided_card_tells_the_machine_from_the_person(client: FlaskClient, screener: FixedScreener) -> None:
    enter(client)
    comment = hold(client, screener)
    decide(client, comment)
    page = client.get("/desk/?status=published").text
    assert "Trattenuto:</strong> tossicità 0,71, soglia 0,60" in page
    assert f"Poi approvato da {EMAIL}" in page
    pressed = re.search(r'<button name="verdict" value="approve"[^>]*>', page)
    assert pressed is not None
    assert "disabled" in pressed[0]


def test_words_are_underlined_outside_of_tags_only() -> None:
    html = '<p><a href="/parole" title="a > parole">Parole</a> &amp; altre</p>'
    marked = '<p><a href="/parole" title="a > parole"><mark>Parole</mark></a> &amp; altre</p>'
    assert underlined(html, ["parole", "amp"]) == marked


def test_explained_words_are_underlined_as_strongly_as_they_moved_the_score(
    client: FlaskClient, screener: FixedScreener
) -> None:
    enter(client)
    screener.toxicity = 0.71
    body = {"page_url": "https://blog.example/a", "author": "Anna", "body": "Che bello 🙂 & **tu** sei un idiota."}
    client.post("/api/v1/sites/demo/comments", json=body)
    with client.application.app_context():
        assert explain_held(client.application.extensions["engagement"]) == 1
    page = client.get("/desk/").text
    assert re.search(r'<mark class="s3" title="tossicità \+\d,\d\d">idiota</mark>', page)
    assert "Che bello 🙂 &amp; " in page


def test_a_listed_word_wins_over_an_explained_one(client: FlaskClient) -> None:
    html, spans = "<p>Parole e altre</p>", [Span(0, 6, "toxicity", 3.0), Span(9, 14, "toxicity", 1.0)]
    marked = '<p><mark>Parole</mark> e <mark class="s2" title="toxicity +1.00">altre</mark></p>'
    with client.application.test_request_context("/desk/?lang=en"):
        assert underlined(html, ["parole"], spans) == marked


def test_the_desk_has_the_clocks_of_the_site(client: FlaskClient, screener: FixedScreener) -> None:
    enter(client)
    decide(client, hold(client, screener))
    page = client.get("/desk/audit").text
    assert "25 novembre 2026, 13:00</time>" in page  # 12:00 UTC
    assert "Orari: Europe/Rome" in page
    assert "Ultima decisione: 25 novembre 2026, 13:00." in client.get("/desk/").text
