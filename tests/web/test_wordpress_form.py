"""The WordPress and tagDiv drop-in: an existing theme changes only its ``action``."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engagement.domain.sites import Site
from engagement.services import sites
from engagement.services.discussion.posts import map_posts
from tests.fakes import FixedScreener
from tests.web.test_comments_api import PAGE, close, listed
from tests.web.test_desk import enter

URL = "/sites/demo/wp-comments-post.php"
TYPED = {
    "comment": "Bell’articolo, grazie!",
    "author": "Ada Rossi",
    "email": "ada@lettori.example",
    "url": "",
    "comment_post_ID": "42",
    "comment_parent": "0",
    "wp-comment-cookies-consent": "yes",
    "submit": "Pubblica",
    "ak_js": "1700000000000",
}


def send(client: FlaskClient, url: str = URL, *, referer: str = PAGE, accept: str = "", **changes: str) -> TestResponse:
    headers = {name: value for name, value in {"Referer": referer, "Accept": accept}.items() if value}
    return client.post(url, data=TYPED | changes, headers=headers)


def learn(client: FlaskClient, *found: tuple[int, str, str]) -> None:
    with client.application.app_context():
        assert map_posts(sites.find_site("demo"), found) == (len(found), [])


def test_a_published_comment_leads_to_its_place(client: FlaskClient) -> None:
    answer = send(client)
    (shown,) = listed(client)["comments"]
    assert (answer.status_code, answer.location) == (303, f"{PAGE}#comment-{shown['id']}")
    assert shown["author"] == "Ada Rossi"


def test_a_held_comment_leads_to_the_form(client: FlaskClient, screener: FixedScreener) -> None:
    screener.toxicity = 0.7
    answer = send(client)
    assert (answer.status_code, answer.location) == (303, f"{PAGE}?commento=attesa#respond")


def test_the_article_is_found_by_number_then_by_field_then_by_referer(client: FlaskClient) -> None:
    learn(client, (42, "https://blog.example/quarantadue", "Quarantadue"))
    other = "https://blog.example/altro"
    assert send(client, page_url=other).location.startswith("https://blog.example/quarantadue#")
    assert send(client, comment="Due.", comment_post_ID="7", page_url=other).location.startswith(f"{other}#")
    assert send(client, comment="Tre.", comment_post_ID="7").location.startswith(f"{PAGE}#")
    assert listed(client, page_url="https://blog.example/quarantadue")["page"]["title"] == "Quarantadue"


@pytest.mark.parametrize("referer", ["", "https://blog.example/", "https://evil.example/articolo"])
def test_a_form_that_does_not_tell_its_article_is_refused_and_keeps_the_text(client: FlaskClient, referer: str) -> None:
    answer = send(client, referer=referer)
    assert answer.status_code == 200
    assert "Questo modulo non dice sotto quale articolo si trova." in answer.text
    assert "Bell’articolo, grazie!" in answer.text


def test_empty_fields_are_answered_in_the_theme_s_own_words_with_200(client: FlaskClient) -> None:
    answer = send(client, comment=" ", author="")
    assert answer.status_code == 200
    assert "Per favore inserisci il tuo commento!" in answer.text
    assert "Per favore inserisci il tuo nome qui" in answer.text
    assert 'value="ada@lettori.example"' in answer.text
    assert listed(client)["count"] == 0


def test_a_wrong_address_is_an_invalid_field(client: FlaskClient) -> None:
    answer = send(client, email="no")
    assert answer.status_code == 200
    assert "Bell’articolo, grazie!" in answer.text


def test_duplicate_and_rejected_are_pages_that_keep_the_text(client: FlaskClient, screener: FixedScreener) -> None:
    send(client)
    twice = send(client)
    assert (twice.status_code, twice.mimetype) == (409, "text/html")
    assert "Bell’articolo, grazie!" in twice.text
    screener.toxicity = 0.99
    refused = send(client, comment="Altro testo.")
    assert (refused.status_code, "Altro testo." in refused.text) == (403, True)
    assert "/appeal/" in refused.text


def test_too_many_is_429_with_retry_after(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__comments="1 per minute")
    assert send(client).status_code == 303
    answer = send(client, comment="Di nuovo.")
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)
    assert "Di nuovo." in answer.text


def test_programs_get_problems_and_receipts_as_json(client: FlaskClient) -> None:
    answer = send(client, accept="application/json", comment="")
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert answer.get_json(force=True)["errors"][0]["detail"] == "Per favore inserisci il tuo commento!"
    taken = send(client, accept="application/json")
    assert (taken.status_code, taken.get_json()["comment"]["status"]) == (201, "published")


def test_the_way_back_is_a_listed_origin_s(client: FlaskClient) -> None:
    there = "https://blog.example/altrove?x=1"
    assert send(client, redirect_to=there).location.startswith(f"{there}#comment-")
    assert send(client, comment="Due.", redirect_to="https://evil.example/").location.startswith(PAGE)


def test_a_reply_stands_below_its_parent(client: FlaskClient) -> None:
    send(client)
    (parent,) = listed(client)["comments"]
    send(client, comment="Rispondo.", comment_parent=parent["id"])
    send(client, comment="Numero ignoto.", comment_parent="17")
    assert sorted((c["parent"] or "") for c in listed(client)["comments"]) == ["", "", parent["id"]]


def test_a_filled_trap_holds_the_comment_and_says_why(client: FlaskClient) -> None:
    assert send(client, ak_hp_textarea="compra").location.endswith("?commento=attesa#respond")
    assert listed(client)["count"] == 0
    enter(client)
    assert "indizi di spam (punti: 2): compilato un campo che nessuno vede" in client.get("/desk/").text


def test_without_a_site_in_the_path_the_page_tells(client: FlaskClient) -> None:
    with client.application.app_context():
        tools = client.application.extensions["engagement"]
        sites.save_site(tools, Site(0, "due", "Due", "it", ("https://due.example",)))
    root = "/wp-comments-post.php"
    assert send(client, root, referer="https://due.example/a").location.startswith("https://due.example/a#")
    assert send(client, root).location.startswith(PAGE)
    assert send(client, root, referer="https://ignoto.example/a").status_code == 404


def test_only_forms_come_in(client: FlaskClient) -> None:
    answer = client.get(URL)
    assert (answer.status_code, set(answer.headers["Allow"].split(", "))) == (405, {"POST", "OPTIONS"})
    assert client.post(URL, json={}).status_code == 415


def test_a_foreign_origin_is_refused(client: FlaskClient) -> None:
    answer = client.post(URL, data=TYPED, headers={"Referer": PAGE, "Origin": "https://evil.example"})
    assert answer.status_code == 403


def test_a_closed_page_is_403_as_at_wordpress(client: FlaskClient) -> None:
    send(client)
    close(client)
    answer = send(client, comment="Tardi.")
    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert "I commenti a questa pagina sono chiusi." in answer.text
    assert "Tardi." in answer.text
    told = send(client, comment="Tardi.", accept="application/json")
    assert (told.status_code, told.get_json(force=True)["type"][-11:]) == (409, "page-closed")


def test_a_rejection_says_where_to_appeal(client: FlaskClient, screener: FixedScreener) -> None:
    screener.toxicity = 0.99
    assert 'href="http://127.0.0.1:8000/appeal/' in send(client).text
    told = send(client, comment="Ancora.", accept="application/json").get_json(force=True)
    assert told["appeal"].startswith("http://127.0.0.1:8000/appeal/")
    assert "/appeal/" not in send(client, comment="Senza indirizzo.", email="").text


def test_a_page_s_script_can_read_every_answer_of_the_path_without_a_site(client: FlaskClient) -> None:
    root, origin = "/wp-comments-post.php", {"Origin": "https://blog.example"}
    answers = [
        client.options(root, headers=origin | {"Access-Control-Request-Method": "POST"}),
        client.get(root, headers=origin),
        client.post(root, json={}, headers=origin),
        client.post(root, data={"comment": "x" * 300_000}, headers=origin),
        client.post(root, data={"comment": ""}, headers=origin),
        client.post(root, data=TYPED, headers=origin | {"Referer": PAGE}),
    ]
    assert [answer.status_code for answer in answers] == [200, 405, 415, 413, 200, 303]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == "https://blog.example"
        assert "Origin" in answer.headers["Vary"]
    foreign = client.post(root, json={}, headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in foreign.headers
