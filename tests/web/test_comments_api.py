"""``/api/v1/sites/{site}/comments``: the happy path first, then every refusal in its order."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from engagement.domain.screening import NotScreened
from engagement.storage.db import db
from tests.fakes import FixedScreener, StoppedClock

URL = "/api/v1/sites/demo/comments"
PAGE = "https://blog.example/articolo"


def post(client: FlaskClient, expect: int, *, headers: dict[str, str] | None = None, **fields: Any) -> Any:
    body = {"page_url": PAGE, "author": "Anna", "body": "Un articolo molto chiaro."} | fields
    answer = client.post(URL, json={k: v for k, v in body.items() if v is not ...}, headers=headers)
    assert answer.status_code == expect, answer.text
    return answer.get_json(force=True)


def listed(client: FlaskClient, **query: Any) -> Any:
    answer = client.get(URL, query_string={"page_url": PAGE} | query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_a_clean_comment_is_published_and_listed(client: FlaskClient) -> None:
    given = post(client, 201, body="Un articolo **chiaro**.")
    assert given["comment"]["status"] == "published"
    assert given["edit_token"]
    assert given["message"] == "Grazie, il tuo commento è pubblicato."
    thread = listed(client)
    assert thread["count"] == 1
    assert [c["body_html"] for c in thread["comments"]] == ["<p>Un articolo <strong>chiaro</strong>.</p>"]
    assert set(thread["comments"][0]) == {
        "id", "parent", "status", "author", "website", "body_html",
        "created_at", "edited_at", "votes", "replies", "permalink",
    }  # fmt: skip


def test_a_held_comment_is_not_listed(client: FlaskClient, screener: FixedScreener) -> None:
    screener.toxicity = 0.7
    given = post(client, 202)
    assert given["comment"]["status"] == "held"
    assert given["message"] == "Il tuo commento è in attesa di moderazione."
    assert listed(client)["comments"] == []
    assert client.get(f"{URL}/{given['comment']['id']}").status_code == 404


def test_a_rejected_comment_is_told_why_without_scores(client: FlaskClient, screener: FixedScreener) -> None:
    screener.toxicity = 0.99
    given = post(client, 403)
    assert given["type"].endswith("/problems/comment-rejected")
    assert [r["code"] for r in given["reasons"]] == ["toxicity"]
    assert given["message"] == "Il tuo commento non è stato pubblicato. Puoi modificarlo e inviarlo di nuovo."
    assert "0.99" not in json.dumps(given)


def test_a_comment_that_could_not_be_screened_is_held(client: FlaskClient, screener: FixedScreener) -> None:
    screener.toxicity = NotScreened("slow", "fixed@1")
    assert post(client, 202)["comment"]["status"] == "held"


def test_an_empty_form_names_every_field(client: FlaskClient) -> None:
    given = post(client, 422, page_url="", author="", body=" ", email="no", website="javascript:x")
    pointers = {e["pointer"] for e in given["errors"]}
    assert pointers == {"/page_url", "/author", "/body", "/email", "/website"}


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"author": 5}, "/author"),
        ({"body": ["x"]}, "/body"),
        ({"notify_replies": "yes"}, "/notify_replies"),
        ({"notify_replies": 1}, "/notify_replies"),
        ({"status": "published"}, "/status"),
        ({"author": "x" * 246}, "/author"),
        ({"author": "\u200b\u200b"}, "/author"),
        ({"author": "a\u202eb"}, "/author"),
        ({"body": "à" * 32_763}, "/body"),
        ({"page_url": "https://blog.example@evil.example/"}, "/page_url"),
        ({"page_url": "https://evil.example/"}, "/page_url"),
        ({"parent": "01m88z2qn0b3ha9bhdvv"}, "/parent"),
    ],
)
def test_a_wrong_field_is_named(client: FlaskClient, fields: dict[str, Any], pointer: str) -> None:
    given = post(client, 422, **fields)
    assert [e["pointer"] for e in given["errors"]] == [pointer]


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"null", b"[]", b'"x"', b'{"a":1,"a":2}', b'{"body":"\\ud800"}', b"[" * 6000, b'{"a":NaN}', b"\xff"],
)
def test_a_malformed_body_is_400(client: FlaskClient, raw: bytes) -> None:
    answer = client.post(URL, data=raw, content_type="application/json")
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


def test_type_and_size_are_refused_before_syntax(client: FlaskClient) -> None:
    assert client.post(URL, data=b"{", content_type="text/plain").status_code == 415
    assert client.post(URL, data=b"{").status_code == 415
    assert client.post(URL, data=b"{" * 300_000, content_type="application/json").status_code == 413
    assert client.delete(URL).status_code == 405


def test_an_unknown_site_is_404(client: FlaskClient) -> None:
    answer = client.post("/api/v1/sites/altro/comments", json={})
    assert answer.status_code == 404
    assert answer.get_json(force=True)["type"].endswith("/problems/site-not-found")


def test_a_foreign_origin_is_refused_and_a_listed_one_is_echoed(client: FlaskClient) -> None:
    post(client, 403, headers={"Origin": "https://evil.example"})
    body = {"page_url": PAGE, "author": "Anna", "body": "Ciao a tutti."}
    answer = client.post(URL, json=body, headers={"Origin": "https://blog.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://blog.example"
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_errors_carry_cors_headers_too(client: FlaskClient) -> None:
    for raw, status in ((b"{", 400), (b"{}", 422), (b"{" * 300_000, 413)):
        answer = client.post(URL, data=raw, content_type="application/json", headers={"Origin": "https://blog.example"})
        assert answer.status_code == status
        assert answer.headers["Access-Control-Allow-Origin"] == "https://blog.example"


def test_a_preflight_names_methods_and_headers(client: FlaskClient) -> None:
    answer = client.options(URL, headers={"Origin": "https://blog.example", "Access-Control-Request-Method": "POST"})
    assert answer.status_code == 200
    assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"]
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]


def test_the_same_comment_twice_is_a_duplicate(client: FlaskClient) -> None:
    post(client, 201)
    assert post(client, 409)["type"].endswith("/problems/comment-duplicate")


def test_the_same_key_gives_the_same_answer_and_one_row(client: FlaskClient) -> None:
    first = post(client, 201, headers={"Idempotency-Key": "k"})
    assert post(client, 201, headers={"Idempotency-Key": "k"}) == first
    assert listed(client)["count"] == 1
    other = post(client, 422, headers={"Idempotency-Key": "k"}, body="Un altro testo.")
    assert other["type"].endswith("/problems/idempotency-key-reused")


def test_too_many_comments_are_told_when_to_come_back(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(limits__enabled="true", limits__comments="2 per minute")
    post(client, 201, body="Il primo commento.")
    post(client, 422, author="")  # field errors count, so that probing is limited too
    answer = client.post(URL, json={})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 61


def test_a_flood_of_one_author_is_stopped_by_the_house(
    make_client: Callable[..., FlaskClient], clock: StoppedClock
) -> None:
    client = make_client(limits__flood_per_minute="2")
    post(client, 201, body="Il primo.")
    post(client, 201, body="Il secondo.")
    post(client, 429, body="Il terzo.")
    clock.move(seconds=61)
    post(client, 201, body="Il quarto.")


def test_a_reply_is_listed_with_its_parent_and_counted(client: FlaskClient) -> None:
    parent = post(client, 201)["comment"]["id"]
    child = post(client, 201, body="Rispondo volentieri.", parent=parent)["comment"]
    assert child["parent"] == parent
    assert client.get(f"{URL}/{parent}").get_json()["replies"] == 1


def test_an_unchanged_thread_is_304_and_a_new_comment_changes_it(client: FlaskClient, clock: StoppedClock) -> None:
    post(client, 201)
    query = {"page_url": PAGE}
    tag = client.get(URL, query_string=query).headers["ETag"]
    assert client.get(URL, query_string=query, headers={"If-None-Match": tag}).status_code == 304
    clock.move(seconds=1)
    post(client, 201, body="Un secondo commento.")
    assert client.get(URL, query_string=query, headers={"If-None-Match": tag}).status_code == 200


def test_an_unknown_page_is_an_empty_thread(client: FlaskClient) -> None:
    assert listed(client)["comments"] == []


@pytest.mark.parametrize("sort", ["oldest", "newest", "popular"])
def test_paging_meets_every_comment_once(client: FlaskClient, clock: StoppedClock, sort: str) -> None:
    sent = []
    for number in range(7):
        clock.move(seconds=1)
        sent.append(post(client, 201, body=f"Commento numero {number}.")["comment"]["id"])
    met: list[str] = []
    after = None
    while True:
        part = listed(client, sort=sort, limit=3, **({"after": after} if after else {}))
        met += [c["id"] for c in part["comments"]]
        after = part["next"]
        if after is None:
            break
    assert met == (sent[::-1] if sort == "newest" else sent)


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"sort": "best"}, {"after": "x"}])
def test_a_wrong_query_is_422(client: FlaskClient, query: dict[str, Any]) -> None:
    post(client, 201)
    answer = client.get(URL, query_string={"page_url": PAGE} | query)
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.get_json(force=True)["errors"]] == [f"/{next(iter(query))}"]


def test_addresses_of_one_article_are_one_page(client: FlaskClient) -> None:
    post(client, 201, page_url="HTTPS://Blog.Example:443/articolo?utm_source=x#commenti")
    assert listed(client)["count"] == 1


def test_a_preview_is_the_rendered_text_and_keeps_nothing(client: FlaskClient) -> None:
    answer = client.post(f"{URL}/preview", json={"body": "*ciao* <script>x</script>"})
    assert answer.get_json() == {
        "body_html": "<p><em>ciao</em> &lt;script&gt;x&lt;/script&gt;</p>",
        "advice": None,
    }
    assert listed(client)["count"] == 0


@pytest.mark.parametrize(
    ("toxicity", "advice"),
    [
        (0.97, "Vuoi rileggerlo prima di inviarlo?"),
        (0.7, "Vuoi rileggerlo prima di inviarlo?"),
        (0.3, None),
        (NotScreened("slow", "fixed@1"), None),
    ],
)
def test_a_preview_advises_where_the_words_would_not_be_published(
    client: FlaskClient, screener: FixedScreener, toxicity: float | NotScreened, advice: str | None
) -> None:
    screener.toxicity = toxicity
    answer = client.post(f"{URL}/preview", json={"body": "Parole da rileggere."})
    assert answer.status_code == 200
    assert answer.get_json()["advice"] == advice
    assert "0.9" not in answer.text


def test_a_preview_does_not_advise_against_links(client: FlaskClient) -> None:
    links = " ".join(f"<https://example.org/{n}>" for n in range(5))
    assert client.post(f"{URL}/preview", json={"body": links}).get_json()["advice"] is None
    assert post(client, 202, body=links)["comment"]["status"] == "held"


def test_head_answers_like_get_without_a_body(client: FlaskClient) -> None:
    answer = client.head(URL, query_string={"page_url": PAGE})
    assert (answer.status_code, answer.data) == (200, b"")


def test_health_and_problem_pages_answer(client: FlaskClient) -> None:
    assert client.get("/health/live").status_code == 200
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.get_json()["missing"]) == (200, [])
    assert "Commento rifiutato" in client.get("/problems/comment-rejected").text
    assert client.get("/problems/no-such").status_code == 404
    assert "engagement_requests_total" in client.get("/metrics").text
    assert client.get("/api/openapi.json").get_json()["paths"]


def close(client: FlaskClient, url: str = PAGE) -> None:
    """Close the page, as an import does."""
    with client.application.app_context(), db.engine.begin() as connection:
        done = connection.execute(text("UPDATE pages SET open = :no WHERE url = :url"), {"no": False, "url": url})
    assert done.rowcount == 1


def test_a_closed_page_takes_no_comment_and_says_so(client: FlaskClient) -> None:
    parent = post(client, 201)["comment"]["id"]
    close(client)
    assert listed(client)["page"]["open"] is False
    assert post(client, 409, body="Tardi.")["type"].endswith("/problems/page-closed")
    # Among the refusals of state the parent comes first, then the duplicate, then the closed page.
    assert post(client, 422, body="Tardi.", parent="0" * 20)["errors"][0]["pointer"] == "/parent"
    assert post(client, 409)["type"].endswith("/problems/comment-duplicate")
    assert post(client, 409, body="Tardi.", parent=parent)["type"].endswith("/problems/page-closed")


def test_a_preview_under_a_key_is_for_one_text(client: FlaskClient) -> None:
    headers = {"Idempotency-Key": "k"}
    first = client.post(f"{URL}/preview", json={"body": "*Uno*"}, headers=headers)
    assert first.status_code == 200
    assert client.post(f"{URL}/preview", json={"body": "*Uno*"}, headers=headers).get_json() == first.get_json()
    other = client.post(f"{URL}/preview", json={"body": "Due"}, headers=headers)
    assert other.get_json(force=True)["type"].endswith("/problems/idempotency-key-reused")
    with client.application.app_context(), db.engine.connect() as connection:
        kept = connection.execute(text("SELECT answer FROM idempotency_keys")).scalars().all()
    assert "Uno" not in repr(kept)  # a text that was not sent is not kept


def test_a_key_gives_the_first_answer_whatever_happened_since(client: FlaskClient, clock: StoppedClock) -> None:
    headers = {"Idempotency-Key": "k"}
    first = post(client, 201, headers=headers)
    one, author = f"{URL}/{first['comment']['id']}", {"Authorization": f"Bearer {first['edit_token']}"}
    clock.move(minutes=1)
    assert client.put(f"{one}/vote", json={"value": 1}).status_code == 200
    assert client.patch(one, json={"body": "Un testo nuovo."}, headers=author).status_code == 200
    assert post(client, 201, headers=headers) == first
    assert client.delete(one, headers=author).status_code == 204
    assert post(client, 201, headers=headers) == first
    assert listed(client)["comments"] == []
