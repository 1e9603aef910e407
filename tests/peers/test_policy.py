"""Trust, links, lists and signs as WordPress and Antispam Bee test them, in our words (docs/peers.md: T24, T25, T27)."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from engagement.domain.moderation import Actor, Verdict
from engagement.domain.sites import SiteRules
from engagement.domain.spam import signs_of
from engagement.services import moderation, sites
from engagement.services.ports import Toolbox
from tests.web.test_comments_api import post

MAIL = "ada@lettori.example"


def tools_of(client: FlaskClient) -> Toolbox:
    tools: Toolbox = client.application.extensions["engagement"]
    return tools


def rule(client: FlaskClient, rules: SiteRules) -> None:
    with client.application.app_context():
        sites.save_site(tools_of(client), replace(sites.find_site("demo"), rules=rules))


def reasons(client: FlaskClient, comment: str) -> list[str]:
    with client.application.app_context():
        return [reason.code for reason in moderation.item(comment).reasons]


def test_a_first_comment_waits_only_where_a_site_says_so(client: FlaskClient) -> None:
    post(client, 201, email=MAIL)
    rule(client, SiteRules(hold_first_time=True))
    given = post(client, 202, email="nuova@lettori.example", body="Il mio primo commento.")
    assert reasons(client, given["comment"]["id"]) == ["first-time"]


def test_an_earlier_comment_counts_once_it_is_approved(client: FlaskClient) -> None:
    rule(client, SiteRules(hold_first_time=True))
    first = post(client, 202, email=MAIL)["comment"]["id"]
    post(client, 202, email=MAIL, body="Il secondo, prima del verdetto.")
    with client.application.app_context():
        moderation.settle(tools_of(client), first, Verdict.APPROVE, actor=Actor.MODERATOR, who="m", version=None)
    post(client, 201, email=MAIL, body="Il terzo, dopo il verdetto.")
    post(client, 202, email="altra@lettori.example", body="Lo stesso nome, un altro indirizzo.")


@pytest.mark.parametrize(("body", "words"), [("Avete visto Pippo?", ("pippo",)), ("Установка", ("установка",))])
def test_a_watched_word_holds_in_any_script_and_case(client: FlaskClient, body: str, words: tuple[str, ...]) -> None:
    rule(client, SiteRules(hold_words=("altro", *words)))
    assert reasons(client, post(client, 202, body=body)["comment"]["id"]) == ["held-word"]
    rule(client, SiteRules(hold_words=("altro",)))
    post(client, 201, body=f"{body} Di nuovo.")


def test_links_hold_from_the_number_that_is_set(make_client: Callable[..., FlaskClient]) -> None:
    two = "Vedi [uno](https://uno.example) e [due](https://due.example)."
    bare = "Vedi https://uno.example, http://due.example, www.tre.example e https://quattro.example/a."
    client = make_client(policy__hold_links="2", policy__hold_spam="0")
    for body in (two, bare):
        assert reasons(client, post(client, 202, body=body)["comment"]["id"]) == ["links"]
    client = make_client(policy__hold_links="3", policy__hold_spam="0")
    for body in (two, bare):
        post(client, 201, body=f"{body} Di nuovo.")


@pytest.mark.parametrize(
    "fields",
    [
        {"body": "La parola proibita è qui."},
        {"body": "La parola **proi**bita è qui."},
        {"author": "Signor Proibita"},
    ],
)
def test_a_blocked_word_rejects_in_text_and_name(client: FlaskClient, fields: dict[str, str]) -> None:
    rule(client, SiteRules(block_words=("proibita",)))
    assert [r["code"] for r in post(client, 403, **fields)["reasons"]] == ["blocked-word"]


@pytest.mark.parametrize(
    "fields",
    [
        {"website": "https://proibita.example/"},
        {"email": "ada@proibita.example"},
        {"body": "Noi andiamo [là](https://blog.example/proibita/x)."},
    ],
)
def test_a_blocked_word_in_an_address_is_for_a_person(client: FlaskClient, fields: dict[str, str]) -> None:
    rule(client, SiteRules(block_words=("proibita",)))
    assert reasons(client, post(client, 202, **fields)["comment"]["id"]) == ["held-word"]
    post(client, 201, body="Qui non c’è.", website="https://permessa.example/")


@pytest.mark.parametrize(
    "body",
    [
        "[url=https://x.example]qui[/url]",
        "[URL]https://x.example[/URL]",
        "[link=https://x.example]qui[/link]",
        "[img]https://x.example/a.png[/img]",
        '[url href="https://x.example"]qui[/url]',
    ],
)
def test_every_kind_of_bbcode_is_a_sign(body: str) -> None:
    assert "bbcode" in signs_of(body, "Anna", 0)


@pytest.mark.parametrize("body", ["L’elenco [1] e [2].", "[x] fatto", "[qui](https://x.example)", "array[i][j]"])
def test_brackets_are_not_bbcode(body: str) -> None:
    assert "bbcode" not in signs_of(body, "Anna", 0)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("Dieser Artikel ist wirklich sehr gut, und ich habe ihn mit Freude gelesen.", 202),
        ("Это очень хорошая статья, спасибо.", 202),
        ("This article is really good and I have read it with pleasure.", 202),
        ("Questo articolo mi è piaciuto molto, lo rileggerò.", 201),
        ("Danke!", 201),
        ("👍👍", 201),
    ],
)
def test_other_languages_are_held_and_short_texts_pass(client: FlaskClient, body: str, status: int) -> None:
    rule(client, SiteRules(languages=("it",)))
    given = post(client, status, body=body)
    assert reasons(client, given["comment"]["id"]) == (["other-language"] if status == 202 else [])


def test_every_language_passes_where_no_rule_is_set(client: FlaskClient) -> None:
    post(client, 201, body="Dieser Artikel ist wirklich sehr gut, und ich habe ihn mit Freude gelesen.")
