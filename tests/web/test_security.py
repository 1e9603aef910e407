"""What holds for every door: who may come in, whose rows they see, what each answer carries, what it never holds."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from flask import Flask
from flask.testing import FlaskClient

from engagement.domain.desk.moderators import Scope
from engagement.domain.sites import Site
from engagement.services import sites
from engagement.services.desk import keys, moderators
from engagement.services.ports import Toolbox
from tests.fakes import FixedScreener
from tests.web.test_desk import EMAIL, PASSWORD, enter, fields

OTHER = "altro"
ID = "0" * 20
MOST = 2**31

# Who may call each route: everybody, who holds a token of a mail, an edit or a hook, a moderator, a program with a key.
# A new route that stands nowhere here makes a test fail: decide who may call it first.
EVERYBODY = {
    "/api/docs", "/api/openapi.json", "/api/v1/sites/<site>/challenge", "/api/v1/sites/<site>/comments",
    "/api/v1/sites/<site>/comments/<comment_id>/reports", "/api/v1/sites/<site>/comments/<comment_id>/vote",
    "/api/v1/sites/<site>/comments/preview", "/api/v1/sites/<site>/counts", "/api/v1/sites/<site>/latest",
    "/api/v1/sites/<site>/messages", "/api/v1/sites/<site>/most-discussed", "/api/v1/sites/<site>/newsletter",
    "/assets/engagement.css", "/desk/login", "/desk/static/<path:filename>", "/embed.<digest>.js", "/embed.js",
    "/f/<form_key>", "/health/live", "/health/ready", "/metrics", "/problems/<slug>", "/sites/<site>/comments",
    "/sites/<site>/comments.atom", "/sites/<site>/messages", "/sites/<site>/newsletter",
    "/sites/<site>/newsletter/leave", "/sites/<site>/thread", "/sites/<site>/wp-comments-post.php",
    "/sites/<site>/write", "/wp-comments-post.php", "/$discovery/rest",
}  # fmt: skip
TOKEN = {
    "/api/v1/sites/<site>/comments/<comment_id>", "/appeal/<token>", "/coral/<site_key>", "/decide/<token>",
    "/desk/enter/<token>", "/hooks/brevo/<site_key>", "/newsletter/confirm/<token>", "/newsletter/leave/<token>",
    "/preferences/<token>", "/replies/confirm/<token>", "/replies/leave/<token>",
}  # fmt: skip
MODERATOR = {
    "/desk/", "/desk/audit", "/desk/campaigns", "/desk/campaigns/<int:campaign_id>", "/desk/comments/<comment_id>",
    "/desk/comments/<comment_id>/undo", "/desk/comments/<comment_id>/verdict", "/desk/forms", "/desk/inbox",
    "/desk/inbox/<message_id>", "/desk/logout", "/desk/mails", "/desk/mails/<int:mail_id>/resend", "/desk/reports",
    "/desk/settings", "/desk/statistics",
}  # fmt: skip
KEY = {
    "/api/v1/moderation/queue", "/api/v1/moderation/comments/<comment_id>/verdict",
    "/api/v1/moderation/comments/<comment_id>/log", "/v1alpha1/comments:analyze", "/v1alpha1/comments:suggestscore",
}  # fmt: skip


def rules(app: Flask) -> Iterator[tuple[str, str]]:
    """(rule, method) of every route, without HEAD and OPTIONS."""
    for rule in app.url_map.iter_rules():
        yield from ((rule.rule, method) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))


def path_of(rule: str, **given: str) -> str:
    """An address that a rule answers."""
    plain = {"site": "demo", "site_key": "demo", "comment_id": ID, "message_id": ID, "form_key": "demo", "token": "x"}
    plain |= {"slug": "not-found", "digest": "0", "filename": "desk.css", "campaign_id": "1", "mail_id": "1"} | given
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: plain[found[1]], rule)


def another_site(client: FlaskClient) -> None:
    with client.application.app_context():
        known = sites.find_site("demo")
        wanted = replace(known, key=OTHER, name="Un altro blog", origins=("https://altro.example",))
        sites.save_site(client.application.extensions["engagement"], wanted)


def post(client: FlaskClient, site: str, **more: str) -> dict[str, Any]:
    origin = "https://altro.example" if site == OTHER else "https://blog.example"
    body = {"page_url": f"{origin}/a", "author": "Anna", "body": "Parole da leggere."} | more
    found: dict[str, Any] = client.post(f"/api/v1/sites/{site}/comments", json=body).get_json()
    return found


def test_every_route_says_who_may_call_it(client: FlaskClient) -> None:
    known = {rule for rule, _ in rules(client.application)}
    assert known == EVERYBODY | TOKEN | MODERATOR | KEY


def test_without_a_session_the_desk_shows_and_does_nothing(client: FlaskClient) -> None:
    asked = [(rule, method) for rule, method in rules(client.application) if rule in MODERATOR]
    assert len(asked) > 14
    answers = {(r, m): client.open(path_of(r), method=m).headers.get("Location") for r, m in asked}
    assert {key: place for key, place in answers.items() if place != "/desk/login"} == {}


def test_without_a_key_programs_get_nothing(client: FlaskClient) -> None:
    asked = [(rule, method) for rule, method in rules(client.application) if rule in KEY]
    assert {client.open(path_of(r), method=m).status_code for r, m in asked} == {401, 403}


def test_a_session_opens_no_door_of_programs_and_a_key_none_of_people(client: FlaskClient) -> None:
    enter(client)
    assert client.get("/api/v1/moderation/queue").status_code == 401
    with client.application.app_context():
        made = keys.add(client.application.extensions["engagement"], "robot", "demo", Scope.MODERATE)
    stranger = client.application.test_client()
    answer = stranger.get("/desk/", headers={"Authorization": f"Bearer {made}"})
    assert answer.headers["Location"] == "/desk/login"


def test_a_moderator_of_one_site_neither_sees_nor_changes_another(client: FlaskClient, screener: FixedScreener) -> None:
    another_site(client)
    enter(client)  # at the site "demo" alone
    screener.toxicity = 0.7
    theirs = post(client, OTHER)["comment"]["id"]
    letter = {"name": "Lia", "email": "lia@posta.example", "body": "Una domanda che nessun altro legge."}
    client.post(f"/api/v1/sites/{OTHER}/messages", json=letter)
    with client.application.app_context():
        key = keys.add(client.application.extensions["engagement"], "robot", "demo", Scope.MODERATE)
    bearer = {"Authorization": f"Bearer {key}"}

    pages = [
        "/desk/",
        f"/desk/?site={OTHER}",
        "/desk/audit",
        "/desk/inbox",
        "/desk/reports",
        "/desk/mails",
        "/desk/forms",
    ]
    seen = "".join(client.get(page).text for page in pages)
    for secret in (theirs, "Parole da leggere.", "nessun altro legge", "Un altro blog"):
        assert secret not in seen
    own = fields(client)
    tries: dict[str, dict[str, str]] = {
        f"/desk/comments/{theirs}/verdict": {"verdict": "approve", "version": "1"},
        f"/desk/comments/{theirs}/undo": {"version": "1"},
        "/desk/forms": {"site": OTHER, "key": "nuovo", "new": "1"},
    }
    assert {p: client.post(p, data=own | d).status_code for p, d in tries.items()} == dict.fromkeys(tries, 404)
    assert client.get(f"/desk/comments/{theirs}").status_code == 404
    assert f"{theirs}" not in client.get(f"/desk/?done={theirs}").text
    assert client.get(f"/api/v1/moderation/queue?site={OTHER}", headers=bearer).status_code == 403
    assert client.get("/api/v1/moderation/queue", headers=bearer).get_json()["items"] == []
    assert client.get(f"/api/v1/moderation/comments/{theirs}/log", headers=bearer).status_code == 404
    sent = {"verdict": "approve", "version": 1}
    path = f"/api/v1/moderation/comments/{theirs}/verdict"
    assert client.post(path, json=sent, headers=bearer).status_code == 404
    assert client.get(f"/api/v1/sites/{OTHER}/comments?page_url=https://altro.example/a").get_json()["count"] == 0


def test_a_comment_cannot_be_reached_through_another_site(client: FlaskClient) -> None:
    another_site(client)
    receipt = post(client, "demo")
    mine = {"Authorization": f"Bearer {receipt['edit_token']}"}
    here, there = (f"/api/v1/sites/{site}/comments/{receipt['comment']['id']}" for site in ("demo", OTHER))
    assert client.get(here, headers=mine).status_code == 200
    calls: list[Callable[[], Any]] = [
        lambda: client.get(there),
        lambda: client.get(there, headers=mine),
        lambda: client.patch(there, json={"body": "x"}, headers=mine),
        lambda: client.delete(there, headers=mine),
        lambda: client.put(f"{there}/vote", json={"value": 1}),
    ]
    assert [call().status_code for call in calls] == [404] * len(calls)


def test_the_token_of_one_comment_does_nothing_to_another(client: FlaskClient) -> None:
    one, other = post(client, "demo"), post(client, "demo", body="Ben altre parole.")
    path = f"/api/v1/sites/demo/comments/{other['comment']['id']}"
    headers = {"Authorization": f"Bearer {one['edit_token']}"}
    assert client.patch(path, json={"body": "x"}, headers=headers).status_code == 403
    assert client.delete(path, headers=headers).status_code == 403
    swapped = one["edit_token"].replace(one["comment"]["id"], other["comment"]["id"])
    assert client.delete(path, headers={"Authorization": f"Bearer {swapped}"}).status_code == 401
    assert client.get(path).status_code == 200


def test_every_answer_says_what_a_browser_may_do_with_it(make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(server__public_url="https://commenti.example")
    enter(client)
    queries = {"thread": "?page_url=https://blog.example/a", "comments": "?page_url=https://blog.example/a"}
    for rule, method in rules(client.application):
        answer = client.open(path_of(rule) + queries.get(rule.rpartition("/")[2], ""), method=method)
        answer.close()
        told = answer.headers
        assert told["X-Content-Type-Options"] == "nosniff", rule
        assert "frame-ancestors" in told["Content-Security-Policy"], rule
        assert "unsafe" not in told["Content-Security-Policy"], rule
        assert told["Strict-Transport-Security"] == "max-age=31536000", rule
        assert "Referrer-Policy" in told, rule
        assert answer.status_code < 500, rule
        assert "Access-Control-Allow-Credentials" not in told, rule


def test_without_https_no_browser_is_told_to_insist_on_it(client: FlaskClient) -> None:
    assert "Strict-Transport-Security" not in client.get("/health/live").headers


def test_only_the_desk_sets_cookies(client: FlaskClient) -> None:
    for rule, method in rules(client.application):
        with client.open(path_of(rule), method=method) as answer:
            assert "Set-Cookie" not in answer.headers, rule
    answer = client.post(_invitation(client), data={"password": PASSWORD})
    assert len(answer.headers.getlist("Set-Cookie")) == 2
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert re.match(r"(session|device)=[\w-]{43,64};.*HttpOnly; Path=/; SameSite=Lax", cookie)


def _invitation(client: FlaskClient) -> str:
    with client.application.app_context():
        address = moderators.add(client.application.extensions["engagement"], EMAIL, ["demo"])
    return "/desk/" + address.partition("/desk/")[2]


def test_who_guesses_elsewhere_does_not_lock_the_owner_out(client: FlaskClient) -> None:
    """A browser that was in before is counted apart, and no more often."""
    client.post(_invitation(client), data={"password": PASSWORD})
    stranger = client.application.test_client()
    stranger.set_cookie("device", "0" * 64)
    sent = {"email": EMAIL, "password": "indovino indovino"}
    assert [stranger.post("/desk/login", data=sent).status_code for _ in range(11)] == [401] * 10 + [429]
    right = sent | {"password": PASSWORD}
    assert stranger.post("/desk/login", data=right).status_code == 429
    client.delete_cookie("session")
    assert client.post("/desk/login", data=right).status_code == 303
    assert [client.post("/desk/login", data=sent).status_code for _ in range(11)] == [401] * 10 + [429]


@pytest.mark.parametrize(
    "where", ["/desk/comments/%00", "/desk/?done=%00", "/desk/?after=risk~0.5~%00" + "0" * 19, "/%00"]
)
def test_an_address_that_no_database_can_hold_is_refused(client: FlaskClient, where: str) -> None:
    enter(client)
    assert client.get(where).status_code == 400


def test_a_form_of_the_desk_that_no_database_can_hold_is_refused(client: FlaskClient, screener: FixedScreener) -> None:
    assert client.post("/desk/login", data={"email": "a\0@b.example", "password": "x"}).status_code == 400
    enter(client)
    screener.toxicity = 0.7
    comment = post(client, "demo")["comment"]["id"]
    data = fields(client) | {"verdict": "approve", "note": "x\0"}
    assert client.post(f"/desk/comments/{comment}/verdict", data=data).status_code == 400
    assert client.post(f"/desk/mails/{10**20}/resend", data=fields(client)).status_code == 404
    assert client.post(f"/desk/mails/{MOST}/resend", data=fields(client)).status_code == 404


def test_a_verdict_with_a_note_that_no_database_can_hold_is_refused(
    client: FlaskClient, screener: FixedScreener
) -> None:
    screener.toxicity = 0.7
    comment = post(client, "demo")["comment"]["id"]
    with client.application.app_context():
        made = keys.add(client.application.extensions["engagement"], "robot", "demo", Scope.MODERATE)
    sent = {"verdict": "approve", "version": 1, "note": "x\0", "reason": "\0"}
    path = f"/api/v1/moderation/comments/{comment}/verdict"
    answer = client.post(path, json=sent, headers={"Authorization": f"Bearer {made}"})
    assert answer.status_code == 422
    assert {e["pointer"] for e in answer.get_json(force=True)["errors"]} == {"/note", "/reason"}


def test_a_foreign_host_changes_no_link(client: FlaskClient) -> None:
    post(client, "demo")
    feed = client.get("/sites/demo/comments.atom?page_url=https://blog.example/a%3Fb", headers={"Host": "male.example"})
    assert "male.example" not in feed.text
    link = Xml.fromstring(feed.text).find("{http://www.w3.org/2005/Atom}link[@rel='self']")
    assert link is not None
    assert link.get("href") == (
        "http://127.0.0.1:8000/sites/demo/comments.atom?page_url=https%3A%2F%2Fblog.example%2Fa%3Fb%3D"
    )


def decide_path(client: FlaskClient, screener: FixedScreener, recipient: str) -> str:
    screener.toxicity = 0.7
    comment = post(client, "demo")["comment"]["id"]
    tools: Toolbox = client.application.extensions["engagement"]
    return "/decide/" + tools.links.decide(comment, 1, recipient).rpartition("/")[2]


def test_a_decision_link_is_void_once_its_holder_looks_after_the_site_no_more(
    client: FlaskClient, screener: FixedScreener
) -> None:
    tools: Toolbox = client.application.extensions["engagement"]
    path = decide_path(client, screener, "autore@demo.example")
    assert "Parole da leggere." in client.get(path).text
    with client.application.app_context():
        known: Site = sites.find_site("demo")
        sites.save_site(tools, replace(known, author_email="nuova@demo.example"))
    assert client.get(path).status_code == 410
    assert "Parole da leggere." not in client.get(path).text
    assert client.post(path, data={"verdict": "approve"}).status_code == 410
    assert client.get("/api/v1/sites/demo/comments?page_url=https://blog.example/a").get_json()["count"] == 0


def test_a_decision_link_of_a_moderator_ends_with_the_moderator(client: FlaskClient, screener: FixedScreener) -> None:
    _invitation(client)
    path = decide_path(client, screener, EMAIL)
    assert client.get(path).status_code == 200
    with client.application.app_context():
        moderators.remove(client.application.extensions["engagement"], EMAIL)
    assert client.get(path).status_code == 410


def test_reports_do_not_make_a_mailbox_a_target(client: FlaskClient) -> None:
    sent = {
        "reason": "hate",
        "explanation": "x",
        "name": "Vittima",
        "email": "Vittima@posta.example",
        "good_faith": True,
    }
    paths = []
    for number in range(11):
        comment = post(client, "demo", body=f"Il parere numero {number}, uno per riga.")["comment"]["id"]
        paths.append(f"/api/v1/sites/demo/comments/{comment}/reports")
    assert [client.post(path, json=sent).status_code for path in paths] == [202] * 10 + [429]
    assert client.post(paths[10], json=sent | {"email": "altra@posta.example"}).status_code == 202
