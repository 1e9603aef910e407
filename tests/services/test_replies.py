"""Telling readers of replies: only who confirmed, once, after publication, and never once they left."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from engagement.domain.comments import Comment, Status, Submission
from engagement.domain.errors import LinkNotValid
from engagement.domain.moderation import Actor, Verdict
from engagement.domain.newsletter import SignUp, SubscriptionState
from engagement.domain.sites import Site
from engagement.mail.postmen import MemoryPostman
from engagement.services import comments, moderation, newsletter, privacy
from engagement.services.audience.wishes import carry_out
from engagement.services.discussion import editing
from engagement.services.mail import deliver_due
from engagement.services.mailing import replies
from engagement.services.ports import Toolbox
from engagement.storage.db import reading, transaction
from engagement.storage.mailing.mail_tables import AnnouncementRow, ReplyConsentRow
from engagement.storage.tables import ConsentRow, OutboxRow
from tests.fakes import FixedScreener, StoppedClock
from tests.mail.facts import part, read

PAGE = "https://blog.example/articolo"
ANNA, BRUNO = "anna@posta.example", "bruno@posta.example"
_numbers = iter(range(10_000))


def say(
    tools: Toolbox,
    site: Site,
    email: str = ANNA,
    *,
    parent: str | None = None,
    name: str = "",
    notify: bool = True,
    page: str = PAGE,
    body: str = "",
) -> Comment:
    body = body or f"Un parere pacato, il numero {next(_numbers)}."
    sent = Submission(
        page,
        name or email.partition("@")[0] or "Senza nome",
        body,
        page_title="Un server di casa",
        email=email,
        parent=parent,
        notify_replies=notify,
    )
    return comments.submit_comment(tools, site, sent).comment


def answer(tools: Toolbox, site: Site, parent: Comment, email: str = BRUNO, **more: str) -> Comment:
    return say(tools, site, email, parent=parent.id, notify=False, **more)


def work(tools: Toolbox, limit: int = 50) -> list[tuple[str, bytes]]:
    """What the background does with published comments; the letters to readers that went out."""
    postman = MemoryPostman()
    replies.announce_published(tools)
    deliver_due(replace(tools, postman=postman), limit=limit)
    return [(to, raw) for to, raw in postman.sent if to != "autore@demo.example"]


def rows(kind: type) -> Sequence[sa.Row[tuple[object, ...]]]:
    with reading() as session:
        return session.scalars(sa.select(kind)).all()


def consent(email: str = ANNA) -> ReplyConsentRow:
    with reading() as session:
        return session.scalars(sa.select(ReplyConsentRow).where(ReplyConsentRow.email == email)).one()


def token(tools: Toolbox, purpose: str, page: int = 0) -> str:
    row = consent()
    return tools.links.replies(purpose, row.id, row.version, page=page).rpartition("/")[2]  # type: ignore[arg-type]


def confirmed(tools: Toolbox, site: Site) -> Comment:
    """A comment of Anna's, whose address is confirmed and has no letter waiting."""
    comment = say(tools, site)
    work(tools)
    replies.confirm(tools, token(tools, "confirm"))
    return comment


def test_who_asked_gets_one_letter_to_confirm_and_then_the_reply(tools: Toolbox, site: Site) -> None:
    comment = say(tools, site)
    [(to, raw)] = work(tools)
    assert to == ANNA
    assert "/replies/confirm/" in part(raw, "plain")
    assert "List-Unsubscribe" not in read(raw)
    replies.confirm(tools, token(tools, "confirm"))
    reply = answer(tools, site, comment)
    [(to, raw)] = work(tools)
    assert to == ANNA
    assert f"{PAGE}#comment-{reply.id}" in part(raw, "plain")
    assert "bruno ha risposto al tuo commento su «Un server di casa»" in part(raw, "plain")
    assert work(tools) == []


def test_more_comments_bring_no_second_letter_to_confirm(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    for _ in range(3):
        say(tools, site)
    assert len(work(tools)) == 1
    say(tools, site)
    assert work(tools) == []
    replies.confirm(tools, token(tools, "confirm"))
    clock.move(days=2)
    say(tools, site)
    assert work(tools) == []


def test_a_mailbox_is_asked_once_a_day_and_thrice_a_month_whatever_its_tags(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    sent = 0
    for day in range(6):
        say(tools, site, f"anna+{day}@posta.example")
        sent += len(work(tools))
        say(tools, site, f"anna+{day}b@posta.example")
        sent += len(work(tools))
        clock.move(days=1, minutes=1)
    assert sent == 3


@pytest.mark.parametrize("limit", ["mail_per_hour", "mail_per_site_hour"])
def test_letters_to_confirm_count_with_those_of_the_newsletter(tools: Toolbox, site: Site, limit: str) -> None:
    limits = replace(tools.settings.limits, **{limit: 2})
    tools = replace(tools, settings=replace(tools.settings, limits=limits))
    newsletter.sign_up(tools, site, SignUp("lia@posta.example", "Lia"))
    carry_out(tools)
    for email in (ANNA, BRUNO):
        say(tools, site, email)
        replies.announce_published(tools)
    newsletter.sign_up(tools, site, SignUp("ugo@posta.example", "Ugo"))
    carry_out(tools)
    asked = [(row.kind, row.recipient) for row in rows(OutboxRow) if row.kind.endswith("-confirm")]
    assert asked == [("newsletter-confirm", "lia@posta.example"), ("reply-confirm", ANNA)]


@pytest.mark.parametrize(("email", "notify"), [("", True), (ANNA, False)])
def test_without_an_address_or_a_wish_nobody_is_written_to(
    tools: Toolbox, site: Site, email: str, notify: bool
) -> None:
    comment = say(tools, site, email, notify=notify)
    answer(tools, site, comment)
    assert work(tools) == []
    assert rows(ReplyConsentRow) == []


def test_nobody_is_asked_or_told_before_a_comment_is_published(
    tools: Toolbox, site: Site, screener: FixedScreener
) -> None:
    comment = confirmed(tools, site)
    screener.toxicity = 0.7
    held = answer(tools, site, comment)
    stranger = say(tools, site, BRUNO)
    assert work(tools) == []
    for one in (held, stranger):
        moderation.settle(tools, one.id, Verdict.APPROVE, actor=Actor.MODERATOR, who="x", version=None)
    assert sorted(to for to, _ in work(tools)) == [ANNA, BRUNO]


def test_a_rejected_reply_is_never_told(tools: Toolbox, site: Site, screener: FixedScreener) -> None:
    comment = confirmed(tools, site)
    screener.toxicity = 0.97
    answer(tools, site, comment)
    assert work(tools) == []


def test_ones_own_replies_are_not_told(tools: Toolbox, site: Site) -> None:
    comment = confirmed(tools, site)
    answer(tools, site, comment, ANNA.upper())
    answer(tools, site, comment, "", name="ANNA")
    assert work(tools) == []
    answer(tools, site, comment, "", name="Carla")
    assert [to for to, _ in work(tools)] == [ANNA]


def test_a_reply_that_is_published_hidden_and_published_again_is_told_once(tools: Toolbox, site: Site) -> None:
    comment = confirmed(tools, site)
    reply = answer(tools, site, comment)
    assert len(work(tools)) == 1
    for verdict in (Verdict.REJECT, Verdict.APPROVE):
        moderation.settle(tools, reply.id, verdict, actor=Actor.MODERATOR, who="x", version=None)
    assert work(tools) == []


def test_a_reply_hidden_before_its_letter_went_out_is_told_when_it_is_back(tools: Toolbox, site: Site) -> None:
    comment = confirmed(tools, site)
    reply = answer(tools, site, comment)
    replies.announce_published(tools)
    moderation.settle(tools, reply.id, Verdict.REJECT, actor=Actor.MODERATOR, who="x", version=None)
    assert work(tools) == []
    moderation.settle(tools, reply.id, Verdict.APPROVE, actor=Actor.MODERATOR, who="x", version=None)
    assert len(work(tools)) == 1


def test_replies_that_came_before_the_confirmation_are_told_after_it(tools: Toolbox, site: Site) -> None:
    comment = say(tools, site)
    answer(tools, site, comment)
    assert [to for to, _ in work(tools)] == [ANNA]  # the letter to confirm alone
    replies.confirm(tools, token(tools, "confirm"))
    assert [to for to, _ in work(tools)] == [ANNA]
    assert work(tools) == []


def test_whoever_left_one_page_still_hears_of_another(tools: Toolbox, site: Site) -> None:
    comment = confirmed(tools, site)
    other = say(tools, site, page="https://blog.example/altro")
    replies.leave(tools, token(tools, "leave", comment.page_id), "link", everywhere=False)
    answer(tools, site, comment)
    answer(tools, site, other, page="https://blog.example/altro")
    assert [read(raw)["References"] for _, raw in work(tools)] != []
    assert consent().state == SubscriptionState.CONFIRMED


@pytest.mark.parametrize("when", ["before", "between"])
def test_whoever_left_hears_nothing_even_of_what_was_queued(tools: Toolbox, site: Site, when: str) -> None:
    comment = confirmed(tools, site)
    link = token(tools, "leave", comment.page_id)
    if when == "before":
        replies.leave(tools, link, "one-click", everywhere=True)
    answer(tools, site, comment)
    replies.announce_published(tools)
    replies.leave(tools, link, "one-click", everywhere=True)
    replies.leave(tools, link, "one-click", everywhere=True)
    assert work(tools) == []
    assert [row.what for row in rows(ConsentRow)].count("reply-left") == 1


def test_whoever_left_and_asks_again_confirms_again(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    comment = confirmed(tools, site)
    old = token(tools, "leave")
    replies.leave(tools, old, "link", everywhere=True)
    clock.move(days=2)
    say(tools, site)
    assert [to for to, _ in work(tools)] == [ANNA]
    answer(tools, site, comment)
    assert work(tools) == []
    replies.confirm(tools, token(tools, "confirm"))
    assert len(work(tools)) == 1
    replies.leave(tools, old, "link", everywhere=True)  # links in old letters stay good
    assert consent().state == SubscriptionState.LEFT


def test_a_letter_about_a_reply_can_be_left_with_one_click_and_holds_no_live_link_of_its_writer(
    tools: Toolbox, site: Site
) -> None:
    comment = confirmed(tools, site)
    text = "Guarda [qui](https://evil.example/x) <b>subito</b> https://evil.example/y"
    reply = answer(tools, site, comment, name="www.evil.example", body=text)
    if reply.status is not Status.PUBLISHED:
        moderation.settle(tools, reply.id, Verdict.APPROVE, actor=Actor.MODERATOR, who="x", version=None)
    [(_, raw)] = work(tools)
    letter = read(raw)
    address = str(letter["List-Unsubscribe"]).strip("<>")
    assert address in part(raw, "plain")
    assert "/replies/leave/" in address
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"List-Unsubscribe: <{address}>".encode() in raw.replace(b"\r\n ", b" ")
    for where in ("plain", "html"):
        assert "://evil" not in part(raw, where)
        assert "www.evil" not in part(raw, where)
    assert "<b>" not in part(raw, "html")


def test_all_letters_about_one_article_stand_in_one_thread(tools: Toolbox, site: Site) -> None:
    comment = confirmed(tools, site)
    answer(tools, site, comment)
    answer(tools, site, comment)
    assert len({read(raw)["References"] for _, raw in work(tools)}) == 1


def test_links_are_for_one_purpose_and_end(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    say(tools, site)
    work(tools)
    link = token(tools, "confirm")
    with pytest.raises(LinkNotValid):
        replies.leave(tools, link, "link", everywhere=True)
    clock.move(days=7)
    with pytest.raises(LinkNotValid):
        replies.confirm(tools, link)


def test_addresses_that_nobody_confirmed_are_forgotten(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    say(tools, site)
    work(tools)
    clock.move(days=6)
    replies.purge(tools)
    assert len(rows(ReplyConsentRow)) == 1
    clock.move(days=2)
    replies.purge(tools)
    assert rows(ReplyConsentRow) == []


def test_a_forgotten_address_is_not_asked_again(tools: Toolbox, site: Site) -> None:
    confirmed(tools, site)
    assert privacy.forget(tools, ANNA).reply_consents == 1
    say(tools, site)
    assert work(tools) == []


def test_an_erased_comment_ends_its_letters(tools: Toolbox, site: Site) -> None:
    comment = confirmed(tools, site)
    answer(tools, site, comment)
    replies.announce_published(tools)
    until = comment.created_at + timedelta(minutes=15)
    editing.delete_comment(tools, site, comment.id, tools.links.edit_token(comment.id, until))
    assert work(tools) == []


def test_an_announcement_is_lost_with_nothing_but_its_letters(tools: Toolbox, site: Site) -> None:
    """A process that ends between publication and announcement leaves the row; one that ends within, too."""
    comment = confirmed(tools, site)
    answer(tools, site, comment)
    assert len(rows(AnnouncementRow)) == 1
    broken = replace(tools, settings=replace(tools.settings, mail=None))  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        replies.announce_published(broken)
    assert len(rows(AnnouncementRow)) == 1
    assert len(work(tools)) == 1
    assert rows(AnnouncementRow) == []


def test_two_announcers_make_one_letter(tools: Toolbox, site: Site) -> None:
    comment = confirmed(tools, site)
    reply = answer(tools, site, comment)
    replies.announce_published(tools)
    with transaction() as session:
        session.add(AnnouncementRow(comment_id=reply.id))
    replies.announce_published(tools)
    assert [row.kind for row in rows(OutboxRow)].count("comment-reply") == 1
