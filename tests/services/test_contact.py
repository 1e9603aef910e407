"""Messages to the author: kept whatever happens, mailed to one person, forgotten in time."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Barrier
from typing import Any

import pytest
from flask import Flask

from engagement import jobs
from engagement.domain.errors import (
    AlreadySettled,
    Conflict,
    DuplicateMessage,
    IdempotencyKeyReused,
    NotFound,
    TooManyRequests,
)
from engagement.domain.mailing.contact import MessageStatus, NewMessage, ReaderMessage, Treatment
from engagement.domain.screening import NotScreened
from engagement.domain.sites import Site, SiteRules
from engagement.mail.postmen import MemoryPostman
from engagement.services import sites
from engagement.services.mail import deliver_due
from engagement.services.mailing import contact
from engagement.services.once import Once
from engagement.services.ports import Toolbox
from engagement.storage import outbox
from engagement.storage.db import reading
from engagement.storage.tables import MessageRow, OutboxRow
from tests.fakes import FixedScreener, StoppedClock

READER, AUTHOR, MODERATOR = "lettrice@posta.example", "autore@demo.example", "moderatrice@demo.example"


def write(
    tools: Toolbox, site: Site, body: str = "Un saluto da una lettrice.", once: Once | None = None, **more: Any
) -> None:
    fields = {"name": "Lia", "email": READER, "subject": "Una domanda", "client": "203.0.113.7"} | more
    contact.write_to_author(tools, site, NewMessage(body=body, **fields), once)


def kept(site: Site, status: MessageStatus | None = None) -> list[ReaderMessage]:
    return contact.inbox([site.id], status=status, limit=50, after=None)[0]


def treat(tools: Toolbox, site: Site, what: Treatment) -> None:
    message = kept(site)[0]
    contact.treat(tools, message.id, what, who=MODERATOR, version=message.version, site_ids=[site.id])


def sent(tools: Toolbox) -> list[tuple[str, EmailMessage]]:
    deliver_due(tools)
    assert isinstance(tools.postman, MemoryPostman)
    letters = [(to, message_from_bytes(raw, policy=policy.default)) for to, raw in tools.postman.sent]
    return [(to, letter) for to, letter in letters if isinstance(letter, EmailMessage)]


def test_the_author_gets_it_and_answers_the_reader_who_gets_no_copy(tools: Toolbox, site: Site) -> None:
    write(tools, site, "Prima riga.\nVedi https://pagina.example/x")
    [(recipient, letter)] = sent(tools)
    assert (recipient, letter["To"], letter["Reply-To"]) == (AUTHOR, AUTHOR, READER)
    assert letter["Subject"] == "Messaggio di Lia: Una domanda"
    text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "> Prima riga.\r\n" in text
    assert "https://pagina.example" not in text
    assert (letter["Cc"], letter["Bcc"]) == (None, None)
    assert [m.status for m in kept(site)] == [MessageStatus.NEW]


@pytest.mark.parametrize("score", [0.71, 0.97])
def test_a_toxic_message_waits_in_the_inbox_until_a_moderator_releases_it(
    tools: Toolbox, site: Site, screener: FixedScreener, score: float
) -> None:
    screener.toxicity = score
    write(tools, site)
    assert sent(tools) == []
    [held] = kept(site, MessageStatus.HELD)
    assert [r.code for r in held.reasons] == ["toxicity"]
    treat(tools, site, Treatment.RELEASE)
    assert [to for to, _ in sent(tools)] == [AUTHOR]
    treat(tools, site, Treatment.READ)
    treat(tools, site, Treatment.RELEASE)
    assert len(sent(tools)) == 1


def test_many_links_hold_it_also_where_they_are_bare(tools: Toolbox, site: Site) -> None:
    write(tools, site, "https://a.example/1 www.b.example http://c.example")
    assert [r.code for r in kept(site, MessageStatus.HELD)[0].reasons] == ["links"]


def test_the_subject_and_the_name_are_screened_too(tools: Toolbox, site: Site, screener: FixedScreener) -> None:
    screener.answers = {"parolaccia": 0.9}
    write(tools, site, subject="una parolaccia")
    write(tools, site, "Un altro testo.", name="Signor parolaccia")
    assert len(kept(site, MessageStatus.HELD)) == 2


def test_rules_about_publishing_do_not_hold_a_letter(tools: Toolbox, site: Site) -> None:
    strict = sites.save_site(tools, replace(site, rules=SiteRules(hold_all=True, hold_first_time=True)))
    write(tools, strict)
    assert [(m.status, m.reasons) for m in kept(site)] == [(MessageStatus.NEW, ())]


def test_without_a_score_it_goes_out_marked(tools: Toolbox, site: Site, screener: FixedScreener) -> None:
    screener.toxicity = NotScreened("broken")
    write(tools, site)
    [(_, letter)] = sent(tools)
    assert letter["Subject"].startswith("[non controllato]")
    assert [r.code for r in kept(site, MessageStatus.NEW)[0].reasons] == ["not-screened"]


def test_a_site_without_an_author_keeps_it_all_the_same(tools: Toolbox, site: Site) -> None:
    nobody = sites.save_site(tools, replace(site, author_email=""))
    write(tools, nobody)
    assert sent(tools) == []
    assert [m.mailed_at for m in kept(site)] == [None]
    with pytest.raises(Conflict):
        treat(tools, site, Treatment.RELEASE)


def test_message_reasons_and_mail_are_one_transaction(
    tools: Toolbox, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the outbox is full")

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "add", broken)
        with pytest.raises(RuntimeError):
            write(tools, site)
    assert kept(site) == []
    write(tools, site)
    assert len(kept(site)) == 1


def test_the_same_message_twice_and_a_flood_are_refused(make_app: Any) -> None:
    app: Flask = make_app(limits__flood_per_minute="2")
    with app.app_context():
        tools, site = app.extensions["engagement"], sites.find_site("demo")
        write(tools, site)
        with pytest.raises(DuplicateMessage):
            write(tools, site, "  un SALUTO da una   lettrice. ")
        write(tools, site, "Il secondo.")
        with pytest.raises(TooManyRequests):
            write(tools, site, "Il terzo.")
        assert len(kept(site)) == 2


@pytest.mark.parametrize("once", [None, Once("a" * 64, "b" * 64)], ids=["no key", "one key"])
def test_two_equal_messages_at_once_are_one(app: Flask, tools: Toolbox, site: Site, once: Once | None) -> None:
    start = Barrier(4)

    def at_once(_: int) -> str:
        with app.app_context():
            start.wait(10)
            try:
                write(tools, site, once=once)
            except DuplicateMessage:
                return "refused"
            return "taken"

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(at_once, range(4)))
    assert answers.count("taken") == (4 if once else 1)
    assert len(kept(site)) == 1


def test_one_text_sent_by_many_is_held(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    for number in range(3):
        clock.move(seconds=1)
        body = "Compra subito il nostro meraviglioso prodotto."
        write(tools, site, body, email=f"n{number}@posta.example", client=f"203.0.113.{number}")
    assert [m.status.value for m in kept(site)] == ["held", "new", "new"]


def test_a_repeated_key_changes_nothing_and_another_body_is_refused(tools: Toolbox, site: Site) -> None:
    write(tools, site, once=Once("a" * 64, "b" * 64))
    write(tools, site, once=Once("a" * 64, "b" * 64))
    assert len(kept(site)) == 1
    with pytest.raises(IdempotencyKeyReused):
        write(tools, site, "Altro.", once=Once("a" * 64, "c" * 64))


def test_over_the_ceiling_messages_wait_in_the_inbox(make_app: Any, clock: StoppedClock) -> None:
    app: Flask = make_app(limits__messages_mailed_per_site_hour="1")
    with app.app_context():
        tools, site = app.extensions["engagement"], sites.find_site("demo")
        write(tools, site)
        clock.move(seconds=1)
        write(tools, site, "Un altro.")
        assert [m.mailed_at is None for m in kept(site)] == [True, False]
        clock.move(hours=1)
        write(tools, site, "Più tardi.")
        assert len(sent(tools)) == 2
        assert len(kept(site)) == 3


def test_marked_as_spam_in_time_it_is_not_mailed_unless_let_through_again(tools: Toolbox, site: Site) -> None:
    write(tools, site)
    treat(tools, site, Treatment.SPAM)
    assert sent(tools) == []
    treat(tools, site, Treatment.RELEASE)
    assert len(sent(tools)) == 1


def test_the_slower_moderator_and_strangers_change_nothing(tools: Toolbox, site: Site) -> None:
    write(tools, site)
    message = kept(site)[0]
    treat(tools, site, Treatment.READ)
    with pytest.raises(AlreadySettled):
        contact.treat(tools, message.id, Treatment.SPAM, who=MODERATOR, version=1, site_ids=[site.id])
    for strange, ids in ((message.id, [site.id + 1]), ("0" * 20, [site.id])):
        with pytest.raises(NotFound):
            contact.treat(tools, strange, Treatment.SPAM, who=MODERATOR, version=2, site_ids=ids)
    assert [m.status for m in kept(site)] == [MessageStatus.READ]


def test_messages_and_their_screening_are_forgotten_in_time(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    write(tools, site)
    clock.move(days=365)
    write(tools, site, "Un anno dopo.")
    assert contact.forget_messages in jobs.HOURLY
    contact.forget_messages(tools)
    assert len(kept(site)) == 2
    clock.move(seconds=1)
    contact.forget_messages(tools)
    assert [m.body for m in kept(site)] == ["Un anno dopo."]
    with reading() as session:
        assert session.query(MessageRow).count() == 1


def test_the_outbox_holds_no_word_of_the_message(tools: Toolbox, site: Site) -> None:
    write(tools, site, "Parole riservate")
    with reading() as session:
        [row] = session.query(OutboxRow).all()
    assert "riservate" not in str(row.payload) + row.key + row.message_id
    assert READER not in str(row.payload) + row.key
