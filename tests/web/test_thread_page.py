"""The plain form and thread page: what a reader without JavaScript meets."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engagement.domain.screening import NotScreened
from tests.fakes import FixedScreener, StoppedClock

PAGE = "https://blog.example/articolo?id=3"
TYPED = {
    "page_url": PAGE,
    "page_title": "Articolo",
    "author": "Ada Rossi",
    "email": "ada@example.org",
    "website": "",
    "body": "Bell’articolo, grazie!",
    "parent": "",
    "submit": "Invia",
}


def send(client: FlaskClient, **changes: str) -> TestResponse:
    return client.post("/sites/demo/comments", data=TYPED | changes)


def thread(client: FlaskClient, **query: str) -> str:
    return client.get("/sites/demo/thread", query_string={"page_url": PAGE} | query).text


def test_times_are_those_of_the_site(client: FlaskClient) -> None:
    send(client)
    assert "25 novembre 2026, 13:00</time>" in thread(client)  # 12:00 UTC, in Rome


def test_mistakes_are_named_in_the_order_of_the_form(client: FlaskClient) -> None:
    page = send(client, author="", email="no", body="").text
    assert re.findall(r'<a href="#eng-(\w+)">', page) == ["author", "email", "body"]


def test_who_only_looks_is_not_told_that_nothing_was_sent(client: FlaskClient) -> None:
    for path in ("thread", "write"):
        page = client.get(f"/sites/nessuno/{path}").text
        assert "<h1>Sito non trovato</h1>" in page
        assert "non è stato inviato" not in page


def test_what_is_too_large_to_be_read_still_has_a_way_back(client: FlaskClient) -> None:
    large, browser = TYPED | {"body": "x" * 3_000_000}, {"Accept": "text/html,*/*;q=0.8"}
    answer = client.post("/sites/demo/comments", data=large, headers=browser | {"Referer": PAGE})
    assert answer.status_code == 413
    assert f'<a href="{PAGE}">Torna alla pagina</a>' in answer.text
    for site in ("demo", "nessuno"):
        foreign = client.post(
            f"/sites/{site}/comments", data=large, headers=browser | {"Referer": "https://evil.example/"}
        )
        assert "evil.example" not in foreign.text


def test_a_published_comment_leads_back_to_its_place_on_the_page(client: FlaskClient) -> None:
    answer = send(client)
    assert answer.status_code == 303
    address, _, fragment = answer.location.partition("#")
    assert address == PAGE
    assert f'id="{fragment}"' in thread(client)
    assert "Bell’articolo, grazie!" in thread(client)


def test_a_held_comment_leads_back_to_the_form(client: FlaskClient, screener: FixedScreener) -> None:
    screener.toxicity = NotScreened("missing")
    answer = send(client)
    assert answer.status_code == 303
    assert answer.location == PAGE + "&commento=attesa#respond"
    assert "in attesa di moderazione" in thread(client, commento="attesa")
    assert "Bell’articolo" not in thread(client)


def test_wrong_fields_are_told_together_and_nothing_typed_is_lost(client: FlaskClient) -> None:
    answer = send(client, author=" ", email="non-una-email", body='Il mio <b>"testo"</b>')
    assert answer.status_code == 422
    assert answer.mimetype == "text/html"
    assert 'id="eng-author-error"' in answer.text
    assert 'href="#eng-email"' in answer.text
    assert "Il mio &lt;b&gt;&#34;testo&#34;&lt;/b&gt;</textarea>" in answer.text
    assert 'value="non-una-email"' in answer.text
    assert f'name="page_url" value="{PAGE}"' in answer.text
    assert 'lang="it"' in answer.text


def test_a_rejection_is_a_calm_page_with_reasons_and_no_score(client: FlaskClient, screener: FixedScreener) -> None:
    screener.toxicity = 0.97
    answer = send(client)
    assert answer.status_code == 403
    assert "Bell’articolo, grazie!</textarea>" in answer.text
    assert "<li>" in answer.text
    assert "0.97" not in answer.text
    assert "0,97" not in answer.text


def test_a_form_that_asks_first_is_advised_once_and_keeps_everything(
    client: FlaskClient, screener: FixedScreener
) -> None:
    screener.toxicity = 0.7
    advice = send(client, reconsider="ask", notify_replies="on")
    assert advice.status_code == 200
    assert "Vuoi rileggerlo prima di inviarlo?" in advice.text
    assert "Invia comunque" in advice.text
    assert "Bell’articolo, grazie!</textarea>" in advice.text
    assert 'value="ada@example.org"' in advice.text
    assert 'name="notify_replies"' in advice.text
    assert 'name="reconsider"' not in advice.text  # the next press decides
    assert send(client).location == PAGE + "&commento=attesa#respond"


def test_a_form_that_asks_first_sends_a_calm_text_at_once(client: FlaskClient) -> None:
    assert send(client, reconsider="ask").status_code == 303
    assert 'name="reconsider" value="ask"' in thread(client)


def test_a_refusal_asks_again_only_where_nothing_was_advised(client: FlaskClient, screener: FixedScreener) -> None:
    assert 'name="reconsider"' in send(client, reconsider="ask", author="").text
    assert 'name="reconsider"' not in send(client, author="").text
    screener.toxicity = 0.97
    rejected = send(client)
    assert rejected.status_code == 403
    assert 'name="reconsider"' not in rejected.text


def test_other_refusals_are_pages_too(client: FlaskClient) -> None:
    assert send(client).status_code == 303
    assert send(client).status_code == 409
    foreign = client.post("/sites/demo/comments", data=TYPED, headers={"Origin": "https://other.example"})
    assert foreign.status_code == 403
    assert foreign.mimetype == "text/html"
    json = client.post("/sites/demo/comments", json=TYPED)
    assert json.status_code == 415
    assert client.post("/sites/nessuno/comments", data=TYPED).status_code == 404
    assert client.get("/sites/demo/thread").status_code == 422


def test_a_foreign_page_address_is_never_a_link_or_a_redirect(client: FlaskClient) -> None:
    answer = send(client, page_url="https://other.example/x")
    assert answer.status_code == 422
    assert 'href="https://other.example' not in answer.text


def test_too_many_are_told_when_to_come_back(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__comments="1 per minute")
    send(client)
    answer = send(client, body="E ancora una cosa che volevo dire")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 61
    assert "E ancora una cosa" in answer.text


def test_only_the_site_may_frame_the_thread(client: FlaskClient) -> None:
    answer = client.get("/sites/demo/thread", query_string={"page_url": PAGE})
    policy = answer.headers["Content-Security-Policy"]
    ancestors = next(p for p in policy.split("; ") if p.startswith("frame-ancestors"))
    assert "https://blog.example" in ancestors
    assert "*" not in ancestors
    assert "script-src" not in policy


def test_answers_stand_below_what_they_answer(client: FlaskClient, clock: StoppedClock) -> None:
    first = urlsplit(send(client).location).fragment.removeprefix("comment-")
    clock.move(seconds=1)
    send(client, body="Una seconda voce, per conto suo")
    clock.move(seconds=1)
    send(client, body="Sono d’accordo con te", parent=first, author="Ugo")
    text = thread(client)
    assert text.index("d’accordo con te") < text.index("Una seconda voce")
    assert "eng-depth-1" in text
    assert "in risposta a Ada Rossi" in text
    assert f'name="parent" value="{first}"' in thread(client, parent=first)


def test_a_name_is_never_markup(client: FlaskClient) -> None:
    send(client, author="<script>x</script>", body="<img src=x onerror=alert(1)>")
    text = thread(client)
    assert re.findall("<script[^>]*>", text) == ['<script type="application/ld+json">']
    assert "<img" not in text


@pytest.mark.parametrize("path", ["/embed.js", "/assets/engagement.css"])
def test_assets_are_kept_by_browsers(app: Flask, path: str) -> None:
    client = app.test_client()
    first = client.get(path)
    assert first.status_code == 200
    assert "max-age" in first.headers["Cache-Control"]
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""
