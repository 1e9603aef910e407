"""``/appeal/{token}``: a look changes nothing, a press asks a person once, and the author is told the verdict."""

from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Barrier
from typing import Any

import pytest
from flask.testing import FlaskClient

from engagement.domain.desk.moderators import Scope
from engagement.domain.discussion.reasons import public_text
from engagement.domain.moderation import Actor, LogLine, Verdict
from engagement.language import say
from engagement.services import moderation, sites
from engagement.services.desk import keys
from engagement.services.mail import deliver_due
from engagement.services.ports import Toolbox
from tests.fakes import FixedScreener, StoppedClock
from tests.web.test_desk import decide, enter

API, PAGE = "/api/v1/sites/demo/comments", "https://blog.example/a"
BODY = {"page_url": PAGE, "author": "Anna", "email": "anna@posta.example", "body": "Parole respinte."}
WORDS = "Era una <b>citazione</b>,\r\nnon un insulto."


def reject(
    client: FlaskClient, screener: FixedScreener, headers: dict[str, str] | None = None, **more: Any
) -> dict[str, Any]:
    screener.toxicity = 0.97
    answer = client.post(API, json=BODY | more, headers=headers or {})
    assert answer.status_code == 403
    problem: dict[str, Any] = answer.get_json()
    return problem


def path(client: FlaskClient, screener: FixedScreener, **more: Any) -> str:
    return "/appeal/" + str(reject(client, screener, **more)["appeal"]).rpartition("/appeal/")[2]


def toolbox(client: FlaskClient) -> Toolbox:
    tools: Toolbox = client.application.extensions["engagement"]
    return tools


def waiting(client: FlaskClient) -> list[str]:
    """The ids of held comments."""
    with client.application.app_context():
        site = sites.find_site("demo")
        items, _ = moderation.queue(
            toolbox(client), [site.id], status=moderation.Status.HELD, order="oldest", limit=9, after=None
        )
        return [item.comment.id for item in items]


def log(client: FlaskClient, comment: str) -> list[LogLine]:
    with client.application.app_context():
        return moderation.log(comment, None)


def settle(client: FlaskClient, comment: str, verdict: Verdict) -> None:
    with client.application.app_context():
        moderation.settle(
            toolbox(client), comment, verdict, actor=Actor.MODERATOR, who="moderatrice@demo.example", version=None
        )


def letters(client: FlaskClient) -> list[tuple[str, EmailMessage]]:
    with client.application.app_context():
        deliver_due(toolbox(client))
    found = [(to, message_from_bytes(raw, policy=policy.default)) for to, raw in toolbox(client).postman.sent]  # type: ignore[attr-defined]
    return [(to, letter) for to, letter in found if isinstance(letter, EmailMessage)]


def to_the_appellant(client: FlaskClient) -> list[str]:
    return [str(letter["Subject"]) for to, letter in letters(client) if to == BODY["email"]]


def test_a_rejection_says_where_to_appeal_where_an_address_was_left(
    client: FlaskClient, screener: FixedScreener
) -> None:
    assert reject(client, screener)["appeal"].startswith("http://127.0.0.1:8000/appeal/")
    assert "appeal" not in reject(client, screener, email="", body="Senza indirizzo.")


def test_the_same_key_gives_the_same_link_also_after_the_appeal(
    client: FlaskClient, screener: FixedScreener, clock: StoppedClock
) -> None:
    key = {"Idempotency-Key": "uno"}
    first = reject(client, screener, key)
    clock.move(hours=2)
    client.post("/appeal/" + first["appeal"].rpartition("/")[2])
    assert reject(client, screener, key) == first


def test_the_plain_form_offers_the_link_too(client: FlaskClient, screener: FixedScreener) -> None:
    screener.toxicity = 0.97
    answer = client.post("/sites/demo/comments", data=BODY)
    assert 'href="http://127.0.0.1:8000/appeal/' in answer.text
    assert "Chiedi a un moderatore" in answer.text


def test_a_look_shows_what_and_why_and_changes_nothing(client: FlaskClient, screener: FixedScreener) -> None:
    link = path(client, screener)
    for _ in range(2):
        page = client.get(link)
        assert page.status_code == 200
        assert "Parole respinte." in page.text
        assert f"<li>{say(public_text('toxicity'), 'it')}</li>" in page.text
        assert "0,97" not in page.text
        assert page.text.count("<button") == 1
    client.head(link)
    assert waiting(client) == []
    assert page.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_a_press_asks_a_person_once(client: FlaskClient, screener: FixedScreener) -> None:
    link = path(client, screener)
    answer = client.post(link, data={"words": WORDS})
    assert (answer.status_code, "un moderatore lo guarderà" in answer.text) == (200, True)
    [comment] = waiting(client)
    last = log(client, comment)[-1]
    assert (last.what, last.actor.value, last.status_before.value, last.status_after.value) == (
        "appealed", "author", "rejected", "held",
    )  # fmt: skip
    assert last.note == WORDS.replace("\r\n", "\n")
    assert client.post(link, data={"words": "Di nuovo."}).status_code == 409
    assert [line.what for line in log(client, comment)] == ["reject", "appealed"]
    assert "un moderatore lo guarderà" in client.get(link).text


def test_two_presses_at_once_are_one_appeal(client: FlaskClient, screener: FixedScreener) -> None:
    link, start = path(client, screener), Barrier(4)

    def at_once(number: int) -> int:
        start.wait(10)
        return client.application.test_client().post(link, data={"words": f"Parola {number}."}).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(at_once, range(4))) == [200, 409, 409, 409]
    assert [line.what for line in log(client, waiting(client)[0])] == ["reject", "appealed"]


def test_the_moderator_sees_the_words_at_the_desk_and_behind_the_mail_s_link(
    client: FlaskClient, screener: FixedScreener
) -> None:
    enter(client)
    client.post(path(client, screener), data={"words": WORDS})
    shown = "Era una &lt;b&gt;citazione&lt;/b&gt;,\nnon un insulto."
    page = client.get("/desk/").text
    assert shown in page
    assert "In attesa: 1." in page
    assert "Ultima decisione" not in page  # an appeal is no moderator's decision
    assert "riesame chiesto" in client.get("/desk/audit").text
    [(to, letter)] = letters(client)
    assert to == "autore@demo.example"
    text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "chi lo ha scritto chiede un riesame" in text
    assert "tossicità 0,97" in text
    link = "/decide/" + text.partition("/decide/")[2].split()[0]
    assert shown in client.get(link).text


def test_words_are_optional_and_bounded(client: FlaskClient, screener: FixedScreener) -> None:
    link = path(client, screener)
    for bad in ("x" * 2_001, "a\x00b"):
        answer = client.post(link, data={"words": bad})
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
    assert "x" * 2_001 in client.post(link, data={"words": "x" * 2_001}).text
    assert waiting(client) == []
    assert client.post(link).status_code == 200
    assert len(waiting(client)) == 1


@pytest.mark.parametrize(
    ("verdict", "subject"),
    [
        (Verdict.APPROVE, "Il tuo commento su Il blog di prova è pubblicato"),
        (Verdict.REJECT, "Il tuo commento su Il blog di prova resta non pubblicato"),
        (Verdict.SPAM, "Il tuo commento su Il blog di prova resta non pubblicato"),
    ],
)
def test_the_author_of_the_comment_is_told_the_verdict_once(
    client: FlaskClient, screener: FixedScreener, verdict: Verdict, subject: str
) -> None:
    link = path(client, screener)
    client.post(link, data={"words": WORDS})
    [comment] = waiting(client)
    assert to_the_appellant(client) == []
    settle(client, comment, verdict)
    assert to_the_appellant(client) == [subject]
    settle(client, comment, Verdict.REJECT)
    assert to_the_appellant(client) == [subject]
    published = client.get(API, query_string={"page_url": PAGE}).get_json()["count"]
    assert published == 0  # the second verdict
    assert client.post(link).status_code == 409


def test_a_verdict_that_was_undone_is_not_told(client: FlaskClient, screener: FixedScreener) -> None:
    client.post(path(client, screener))
    [comment] = waiting(client)
    settle(client, comment, Verdict.APPROVE)
    with client.application.app_context():
        moderation.undo(toolbox(client), comment, "moderatrice@demo.example", None, None)
    assert to_the_appellant(client) == []
    settle(client, comment, Verdict.REJECT)
    assert to_the_appellant(client) == ["Il tuo commento su Il blog di prova resta non pubblicato"]


def test_a_verdict_without_an_appeal_writes_to_nobody(client: FlaskClient, screener: FixedScreener) -> None:
    screener.toxicity = 0.71
    client.post(API, json=BODY)
    settle(client, waiting(client)[0], Verdict.REJECT)
    assert to_the_appellant(client) == []


def test_the_letter_holds_nothing_that_was_typed_into_the_form(client: FlaskClient, screener: FixedScreener) -> None:
    client.post(path(client, screener, page_title="TITOLO", author="NOME", body="TESTO."), data={"words": "PAROLE"})
    settle(client, waiting(client)[0], Verdict.APPROVE)
    [letter] = [letter.as_string() for to, letter in letters(client) if to == BODY["email"]]
    assert not any(word in letter for word in ("TITOLO", "NOME", "TESTO", "PAROLE"))


def test_decided_by_a_person_meanwhile_there_is_nothing_to_appeal(client: FlaskClient, screener: FixedScreener) -> None:
    enter(client)
    link = path(client, screener)
    with client.application.app_context():
        tools, site = toolbox(client), sites.find_site("demo")
        [item] = moderation.queue(
            tools, [site.id], status=moderation.Status.REJECTED, order="newest", limit=1, after=None
        )[0]
    assert decide(client, item.comment.id, "approve", version="1").status_code == 303
    assert client.post(link, data={"words": "x"}).status_code == 409
    assert "è pubblicato" in client.get(link).text


def test_forged_and_expired_links_show_nothing_and_change_nothing(
    client: FlaskClient, screener: FixedScreener, clock: StoppedClock
) -> None:
    link = path(client, screener)
    for wrong in (link + "x", "/appeal/falso", link[:-3]):
        for answer in (client.get(wrong), client.post(wrong)):
            assert answer.status_code == 410
            assert "Parole respinte." not in answer.text
    clock.move(days=30)
    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 410
    assert waiting(client) == []


def test_other_links_open_no_appeal(client: FlaskClient, screener: FixedScreener) -> None:
    enter(client)
    path(client, screener)
    tools = toolbox(client)
    token = tools.links.decide("0" * 20, 1, "a@posta.example").rpartition("/")[2]
    assert client.post(f"/appeal/{token}").status_code == 410


def test_the_links_rate_counts_here_too(make_client: Any) -> None:
    client = make_client(limits__enabled="true", limits__links="2 per minute")
    assert [client.get("/appeal/falso").status_code for _ in range(3)] == [410, 410, 429]


def test_programs_of_moderators_see_the_words(client: FlaskClient, screener: FixedScreener) -> None:
    client.post(path(client, screener), data={"words": "Una parola."})
    with client.application.app_context():
        key = keys.add(toolbox(client), "programma", "demo", Scope.MODERATE)
    queue = client.get("/api/v1/moderation/queue", headers={"Authorization": f"Bearer {key}"}).get_json()
    assert [item["appeal"] for item in queue["items"]] == ["Una parola."]


def test_a_decide_link_ends_by_the_clock_of_the_service(
    client: FlaskClient, screener: FixedScreener, clock: StoppedClock
) -> None:
    screener.toxicity = 0.71
    client.post(API, json=BODY)
    link = toolbox(client).links.decide(waiting(client)[0], 1, "autore@demo.example").partition(":8000")[2]
    clock.move(hours=71, minutes=59)
    assert client.get(link).status_code == 200
    clock.move(minutes=1)
    assert client.get(link).status_code == 410
    assert client.post(link, data={"verdict": "approve"}).status_code == 410
    assert len(waiting(client)) == 1
