"""New articles: a feed is read, subscribers are told once, whatever happens in between; on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
import sqlalchemy as sa

from engagement import jobs
from engagement.domain.errors import Conflict, InvalidInput, NotFound
from engagement.domain.mailing.articles import CampaignState, Feed, FeedState, Order, Recipient, Rhythm
from engagement.domain.newsletter import SignUp, SubscriptionState
from engagement.domain.notices import LEASE, OutboxState
from engagement.domain.sites import Site
from engagement.services import newsletter, sites
from engagement.services.audience.wishes import carry_out
from engagement.services.mail import deliver_due
from engagement.services.mailing import campaigns, feeds
from engagement.services.mailing.bounces import Taken, take_report
from engagement.services.ports import Toolbox
from engagement.storage.db import reading, transaction
from engagement.storage.outbox import add, neglected
from engagement.storage.tables import OutboxRow, SubscriptionRow
from tests.archives.blog import Blog, blog, rss
from tests.fakes import StoppedClock
from tests.mail.returned import postfix

FEED = "/feed.xml"


@pytest.fixture
def server() -> Iterator[Blog]:
    with blog() as made:
        made.put(FEED, rss(("vecchio", "Un articolo vecchio")))
        yield made


@pytest.fixture
def tools(tools: Toolbox) -> Toolbox:
    """A pace that no test feels, but the one about it."""
    return at_pace(tools, 1_000_000)


def at_pace(tools: Toolbox, per_minute: int) -> Toolbox:
    settings = tools.settings
    changed = replace(
        settings,
        mail=replace(settings.mail, bulk_per_minute=per_minute),
        feeds=replace(settings.feeds, allow_private=True),
    )
    return replace(tools, settings=changed)


def subscribe(
    site: Site, clock: StoppedClock, count: int, state: SubscriptionState = SubscriptionState.CONFIRMED
) -> None:
    with transaction() as session:
        known = session.scalar(sa.select(sa.func.count()).select_from(SubscriptionRow)) or 0
        values = [
            {
                "site_id": site.id,
                "email": f"lettore{known + number}@posta.example",
                "name": "",
                "state": state.value,
                "version": 7,
                "created_at": clock.now(),
                "confirmed_at": clock.now(),
            }
            for number in range(count)
        ]
        session.execute(sa.insert(SubscriptionRow), values)


def follow(tools: Toolbox, site: Site, server: Blog, rhythm: Rhythm = Rhythm.AT_ONCE, day: int = 0) -> Feed:
    return feeds.add_feed(tools, site, server.url + FEED, rhythm, day)[0]


def run(tools: Toolbox) -> None:
    """All background work there is, until none is left."""
    for _ in range(10_000):
        if not sum(bool(job(tools)) for job in jobs.OFTEN):
            return
    raise AssertionError("the work does not end")


def publish(tools: Toolbox, server: Blog, clock: StoppedClock, *articles: tuple[str, str]) -> None:
    server.put(FEED, rss(*articles, ("vecchio", "Un articolo vecchio")))
    clock.move(minutes=15)
    assert feeds.poll_due(tools)


def letters(tools: Toolbox) -> list[EmailMessage]:
    sent: list[tuple[str, bytes]] = tools.postman.sent  # type: ignore[attr-defined]
    found = [message_from_bytes(raw, policy=policy.default) for _, raw in sent]
    return [one for one in found if isinstance(one, EmailMessage)]


def plain(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def rows() -> list[OutboxRow]:
    with reading() as session:
        return list(session.scalars(sa.select(OutboxRow).order_by(OutboxRow.id)))


def the_campaign(site: Site) -> campaigns.CampaignView:
    [found] = campaigns.view([site.id])
    return found


def figures(site: Site) -> tuple[int, int, int, int]:
    progress = the_campaign(site).progress
    return progress.waiting, progress.sent, progress.failed, progress.left_out


def test_the_first_look_mails_nothing_and_a_new_article_goes_to_every_confirmed_subscriber_once(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock
) -> None:
    subscribe(site, clock, 3)
    subscribe(site, clock, 1, SubscriptionState.PENDING)
    subscribe(site, clock, 1, SubscriptionState.LEFT)
    other = sites.save_site(tools, replace(site, key="altro"))
    subscribe(other, clock, 1)
    follow(tools, site, server)
    run(tools)
    assert letters(tools) == []
    publish(tools, server, clock, ("nuovo", "Un articolo nuovo"))
    run(tools)
    assert sorted(str(one["To"]) for one in letters(tools)) == [f"lettore{n}@posta.example" for n in range(3)]
    assert the_campaign(site).campaign.state is CampaignState.DONE
    assert figures(site) == (0, 3, 0, 0)
    publish(tools, server, clock, ("nuovo", "Un articolo nuovo, corretto"))
    run(tools)
    assert len(letters(tools)) == 3


def test_the_letter_has_title_summary_link_and_a_way_out(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock
) -> None:
    subscribe(site, clock, 1)
    follow(tools, site, server)
    publish(tools, server, clock, ("nuovo", "Un &lt;b&gt;server&lt;/b&gt; di casa: http://evil.example"))
    run(tools)
    [letter] = letters(tools)
    text = plain(letter)
    assert "Un server di casa: http[:]//evil.example\nDi che cosa parla nuovo.\nhttps://blog.example/nuovo\n" in text
    assert "vecchio" not in text
    assert letter["Subject"] == "Nuovo articolo: Un server di casa: http[:]//evil.example"
    assert letter["List-Id"] == "<demo.newsletter.blog.example>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    leave = str(letter["List-Unsubscribe"]).strip("<>")
    assert leave in text
    left = newsletter.leave(tools, leave.rpartition("/")[2], "one-click")
    assert (left.email, left.state) == ("lettore0@posta.example", SubscriptionState.LEFT)


def test_a_letter_speaks_the_language_that_its_reader_chose(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock
) -> None:
    subscribe(site, clock, 2)
    with transaction() as session:
        second = SubscriptionRow.email == "lettore1@posta.example"
        session.execute(sa.update(SubscriptionRow).where(second).values(language="en"))
    follow(tools, site, server)
    publish(tools, server, clock, ("nuovo", "Un server di casa"))
    run(tools)
    assert {str(one["To"]): str(one["Subject"]) for one in letters(tools)} == {
        "lettore0@posta.example": "Nuovo articolo: Un server di casa",
        "lettore1@posta.example": "New article: Un server di casa",
    }


def test_the_way_out_stands_on_one_line_of_the_bytes(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock
) -> None:
    """Folded, it would be written as encoded words, which no mail program follows."""
    settings = replace(tools.settings.server, public_url="https://commenti.un-giornale-dal-nome-lungo.example")
    subscribe(site, clock, 1)
    follow(tools, site, server)
    publish(tools, server, clock, ("nuovo", "Nuovo"))
    run(replace(tools, settings=replace(tools.settings, server=settings)))
    raw = tools.postman.sent[0][1]  # type: ignore[attr-defined]
    [line] = [one for one in raw.split(b"\r\n") if one.startswith(b"List-Unsubscribe:")]
    assert len(line) > 78
    assert line.startswith(b"List-Unsubscribe: <http")
    assert line.endswith(b">")


def test_several_new_articles_are_one_mail(tools: Toolbox, site: Site, server: Blog, clock: StoppedClock) -> None:
    subscribe(site, clock, 2)
    follow(tools, site, server)
    publish(tools, server, clock, *((f"n{number}", f"Titolo {number}") for number in range(35)))
    run(tools)
    assert len(letters(tools)) == 2
    letter = letters(tools)[0]
    assert letter["Subject"] == "35 nuovi articoli su Il blog di prova"
    assert plain(letter).count("https://blog.example/n") == 30
    assert "E altri 5." in plain(letter)


def test_a_weekly_digest_gathers_and_goes_out_on_its_day(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock
) -> None:
    subscribe(site, clock, 1)  # the clock stands at Wednesday, 12:00
    assert follow(tools, site, server, Rhythm.WEEKLY, 3).digest_at == clock.now() + timedelta(hours=19)
    publish(tools, server, clock, ("uno", "Il primo"))
    publish(tools, server, clock, ("due", "Il secondo"), ("uno", "Il primo"))
    run(tools)
    assert letters(tools) == []
    clock.move(days=1)
    run(tools)
    [letter] = letters(tools)
    assert letter["Subject"] == "La settimana su Il blog di prova"
    assert plain(letter).index("Il secondo") < plain(letter).index("Il primo")
    clock.move(days=7)  # nothing new: no mail
    run(tools)
    assert len(letters(tools)) == 1


def test_who_left_after_the_mail_was_queued_gets_none(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock
) -> None:
    subscribe(site, clock, 2)
    follow(tools, site, server)
    publish(tools, server, clock, ("nuovo", "Nuovo"))
    campaigns.advance(tools)
    assert [row.state for row in rows()] == [OutboxState.QUEUED] * 2
    with reading() as session:
        first = session.scalars(sa.select(SubscriptionRow.id).order_by(SubscriptionRow.id)).first()
    newsletter.leave(tools, tools.links.newsletter("leave", first or 0, 7).rpartition("/")[2], "link")
    run(tools)
    assert [str(one["To"]) for one in letters(tools)] == ["lettore1@posta.example"]
    assert figures(site) == (0, 1, 0, 1)


def test_an_urgent_mail_overtakes_a_campaign(tools: Toolbox, site: Site, server: Blog, clock: StoppedClock) -> None:
    subscribe(site, clock, 30)
    follow(tools, site, server)
    publish(tools, server, clock, ("nuovo", "Nuovo"))
    campaigns.advance(tools)
    deliver_due(tools, limit=5)
    newsletter.sign_up(tools, site, SignUp("fretta@posta.example"))
    carry_out(tools)
    deliver_due(tools, limit=1)
    assert [str(one["To"]) for one in letters(tools)][5:] == ["fretta@posta.example"]


def test_the_pace_is_kept_in_any_minute_and_others_are_not_slowed(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock
) -> None:
    subscribe(site, clock, 100)
    slow = at_pace(tools, 60)
    follow(slow, site, server)
    publish(slow, server, clock, ("nuovo", "Nuovo"))
    campaigns.advance(slow)
    sent_at = []
    for _ in range(110):
        for worker in (slow, replace(slow)):  # two workers have one pace
            before = len(letters(tools))
            deliver_due(worker, limit=1000)
            sent_at += [clock.now()] * (len(letters(tools)) - before)
        clock.move(seconds=1)
    windows = [sum(start <= at < start + timedelta(seconds=60) for at in sent_at) for start in sent_at]
    assert max(windows) == 60
    assert max(sum(start <= at < start + timedelta(seconds=10) for at in sent_at) for start in sent_at) == 10
    assert len(sent_at) == 100
    with transaction() as session:
        assert not neglected(session, clock.now(), timedelta(seconds=1))


def test_a_clock_set_back_does_not_stop_the_pace(tools: Toolbox, site: Site, server: Blog, clock: StoppedClock) -> None:
    subscribe(site, clock, 20)
    slow = at_pace(tools, 60)
    follow(slow, site, server)
    publish(slow, server, clock, ("nuovo", "Nuovo"))
    campaigns.advance(slow)
    deliver_due(slow, limit=1000)
    clock.move(hours=-1)
    with transaction() as session:
        session.execute(sa.update(OutboxRow).values(next_attempt_at=clock.now()))
    deliver_due(slow, limit=1000)
    assert len(letters(tools)) == 20


def test_a_batch_waits_until_the_one_before_is_nearly_out(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaigns, "BATCH", 10)
    monkeypatch.setattr(campaigns, "LOW_WATER", 5)
    subscribe(site, clock, 25)
    follow(tools, site, server)
    publish(tools, server, clock, ("nuovo", "Nuovo"))
    assert campaigns.advance(tools)
    assert not campaigns.advance(tools)
    assert len(rows()) == 10
    assert figures(site) == (25, 0, 0, 0)
    deliver_due(tools, limit=5)
    assert figures(site) == (20, 5, 0, 0)
    assert campaigns.advance(tools)
    assert len(rows()) == 20
    run(tools)
    assert figures(site) == (0, 25, 0, 0)
    assert len({str(one["To"]) for one in letters(tools)}) == len(letters(tools)) == 25


def test_a_transaction_that_fails_moves_neither_mails_nor_cursor(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(site, clock, 5)
    follow(tools, site, server)
    publish(tools, server, clock, ("nuovo", "Nuovo"))

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("engagement.storage.mailing.campaigns.move", fails)
        with pytest.raises(RuntimeError):
            campaigns.advance(tools)
    assert rows() == []
    run(tools)
    assert len(letters(tools)) == 5


def test_a_paused_campaign_sends_nothing_for_however_long_and_goes_on_where_it_was(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock
) -> None:
    subscribe(site, clock, 6)
    follow(tools, site, server)
    publish(tools, server, clock, ("nuovo", "Nuovo"))
    campaigns.advance(tools)
    deliver_due(tools, limit=2)
    number = the_campaign(site).campaign.id
    campaigns.give_order(tools, number, Order.PAUSE, who="m@demo.example", site_ids=[site.id])
    clock.move(days=10)
    run(tools)
    assert (len(letters(tools)), figures(site)) == (2, (4, 2, 0, 0))
    campaigns.give_order(tools, number, Order.RESUME, who="m@demo.example", site_ids=[site.id])
    run(tools)
    assert figures(site) == (0, 6, 0, 0)
    assert len({str(one["To"]) for one in letters(tools)}) == 6


def test_a_mail_that_comes_back_after_the_end_is_counted_as_failed_and_as_nothing_else(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock
) -> None:
    subscribe(site, clock, 3)
    follow(tools, site, server)
    publish(tools, server, clock, ("nuovo", "Nuovo"))
    run(tools)
    assert (the_campaign(site).campaign.state, figures(site)) == (CampaignState.DONE, (0, 3, 0, 0))
    mail = rows()[0]
    assert take_report(tools, postfix(mail.message_id, to=mail.recipient)) is Taken.HARD
    assert figures(site) == (0, 2, 1, 0)
    with transaction() as session:
        session.execute(sa.delete(OutboxRow))
    assert figures(site) == (0, 3, 0, 0), "as it was at the end, once the mails are forgotten"


def test_a_cancelled_campaign_sends_nothing_more_not_even_a_try_that_comes_back(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock
) -> None:
    subscribe(site, clock, 4)
    follow(tools, site, server)
    publish(tools, server, clock, ("nuovo", "Nuovo"))
    campaigns.advance(tools)
    deliver_due(tools, limit=1)
    with transaction() as session:  # a worker has one in hand, and dies
        assert len(campaigns.claim(tools, session, clock.now(), "other")) == 1
    number = the_campaign(site).campaign.id
    campaigns.give_order(tools, number, Order.CANCEL, who="m@demo.example", site_ids=[site.id])
    clock.move(seconds=LEASE.total_seconds() + 1)
    run(tools)
    assert len(letters(tools)) == 1
    assert figures(site) == (0, 1, 0, 3)
    for order in Order:
        with pytest.raises(Conflict):
            campaigns.give_order(tools, number, order, who="m@demo.example", site_ids=[site.id])


def test_orders_are_for_moderators_of_the_site(tools: Toolbox, site: Site, server: Blog, clock: StoppedClock) -> None:
    subscribe(site, clock, 1)
    follow(tools, site, server)
    publish(tools, server, clock, ("nuovo", "Nuovo"))
    with pytest.raises(NotFound):
        campaigns.give_order(tools, the_campaign(site).campaign.id, Order.PAUSE, who="x", site_ids=[site.id + 1])
    assert the_campaign(site).campaign.state is CampaignState.SENDING


def test_a_look_asks_whether_anything_changed(tools: Toolbox, site: Site, server: Blog, clock: StoppedClock) -> None:
    body = rss(("vecchio", "Vecchio")).encode()

    def answer(headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        same = (
            headers.get("if-none-match") == '"v1"'
            and headers.get("if-modified-since") == "Wed, 25 Nov 2026 10:00:00 GMT"
        )
        tags = {"ETag": '"v1"', "Last-Modified": "Wed, 25 Nov 2026 10:00:00 GMT"}
        return (304, {"Content-Length": "0"}, b"") if same else (200, tags, body)

    server.pages[FEED] = answer
    follow(tools, site, server)
    for _ in range(2):
        clock.move(minutes=15)
        assert feeds.poll_due(tools)
    assert not feeds.poll_due(tools)
    assert [bool(headers.get("if-none-match")) for _, headers in server.asked] == [False, True, True]
    [feed] = feeds.feeds_of([site])
    assert (feed.etag, feed.failures, feed.polled_at) == ('"v1"', 0, clock.now())


def test_a_feed_that_fails_is_asked_ever_more_seldom_and_forgiven_at_once(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock
) -> None:
    follow(tools, site, server)
    server.put(FEED, "", 500)
    clock.move(minutes=15)
    waits = []
    for _ in range(9):
        assert feeds.poll_due(tools)
        [feed] = feeds.feeds_of([site])
        assert feed.next_poll_at is not None
        waits.append((feed.next_poll_at - clock.now()) / timedelta(minutes=1))
        clock.at = feed.next_poll_at
    assert waits == [30, 60, 120, 240, 480, 960, 1440, 1440, 1440]
    assert (feed.failures, feed.problem) == (9, "the server answered 500")
    server.put(FEED, "", 503, Retry_After="7200")
    feeds.poll_due(tools)
    server.put(FEED, rss(("vecchio", "Vecchio")))
    assert feeds.poll_now(tools, feed).failures == 0


def test_a_server_is_not_asked_before_it_wants_to(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock
) -> None:
    follow(tools, site, server)
    server.put(FEED, "", 429, Retry_After="7200")
    clock.move(minutes=15)
    feeds.poll_due(tools)
    [feed] = feeds.feeds_of([site])
    assert feed.next_poll_at == clock.now() + timedelta(hours=2)


def test_a_feed_that_is_gone_is_asked_no_more_and_somebody_is_told(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    follow(tools, site, server)
    server.put(FEED, "", 410)
    clock.move(minutes=15)
    feeds.poll_due(tools)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "is gone (410)" in caplog.text
    clock.move(days=30)
    assert not feeds.poll_due(tools)
    assert feeds.feeds_of([site])[0].state is FeedState.GONE
    server.put(FEED, rss(("altro", "Uscito nel frattempo")))
    subscribe(site, clock, 1)
    assert follow(tools, site, server).state is FeedState.ACTIVE
    clock.move(minutes=15)
    run(tools)
    assert letters(tools) == []


def test_old_articles_under_new_identities_and_moved_ones_are_not_news(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock
) -> None:
    subscribe(site, clock, 1)
    follow(tools, site, server)
    items = (
        "<item><title>La stessa pagina</title><link>https://blog.example/vecchio</link><guid>nuova-identità</guid></item>"
        "<item><title>Di un anno fa</title><link>https://blog.example/anno</link><guid>anno</guid>"
        "<pubDate>Tue, 25 Nov 2025 10:00:00 +0000</pubDate></item>"
        "<item><title>Del futuro</title><link>https://blog.example/futuro</link><guid>futuro</guid>"
        "<pubDate>Fri, 25 Nov 2050 10:00:00 +0000</pubDate></item>"
    )
    server.put(FEED, f"<rss><channel>{items}</channel></rss>")
    clock.move(minutes=15)
    run(tools)
    assert [str(one["Subject"]) for one in letters(tools)] == ["Nuovo articolo: Del futuro"]
    assert the_campaign(site).articles[0].published_at == clock.now()


def test_an_article_that_leads_to_a_foreign_site_is_not_mailed(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock
) -> None:
    subscribe(site, clock, 1)
    feed = follow(tools, site, server)
    server.put(FEED, rss(("x", "Vinci un premio"), base="https://evil.example"))
    clock.move(minutes=15)
    run(tools)
    assert letters(tools) == []
    assert feeds.poll_now(tools, feed).problem == "1 articles lead to other sites and are not mailed"


def test_a_feed_that_cannot_be_read_is_not_added(tools: Toolbox, site: Site, server: Blog) -> None:
    server.put(FEED, "<html><body>no</body></html>")
    with pytest.raises(Conflict):
        follow(tools, site, server)
    with pytest.raises(InvalidInput):
        feeds.add_feed(tools, site, "file:///etc/passwd", Rhythm.AT_ONCE, 0)
    private = replace(tools, settings=replace(tools.settings, feeds=replace(tools.settings.feeds, allow_private=False)))
    asked = len(server.asked)
    with pytest.raises(Conflict) as refused:
        follow(private, site, server)
    assert "not a public address" in str(refused.value.message.values)
    assert len(server.asked) == asked
    assert feeds.feeds_of([site]) == []


def test_a_removed_feed_tells_nothing_more_and_starts_anew_when_it_is_added_again(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock
) -> None:
    subscribe(site, clock, 3)
    feed = follow(tools, site, server)
    publish(tools, server, clock, ("nuovo", "Nuovo"))
    campaigns.advance(tools)
    deliver_due(tools, limit=1)
    assert feeds.remove_feed(tools, site, feed.url)
    assert not feeds.remove_feed(tools, site, feed.url)
    clock.move(days=1)
    run(tools)
    assert (len(letters(tools)), the_campaign(site).campaign.state) == (1, CampaignState.CANCELLED)
    server.put(FEED, rss(("intanto", "Intanto")))
    follow(tools, site, server)
    clock.move(minutes=15)
    run(tools)
    assert len(letters(tools)) == 1


def test_a_look_that_another_process_overtook_is_thrown_away(
    tools: Toolbox, site: Site, server: Blog, clock: StoppedClock
) -> None:
    subscribe(site, clock, 1)
    feed = follow(tools, site, server)
    body = rss(("nuovo", "Nuovo")).encode()
    inner: list[bool] = []

    def slow(_: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, body

    def overtaken(*args: object, **kwargs: object) -> object:
        if not inner:
            inner.append(True)
            feeds.poll_now(tools, feed)
        return real(*args, **kwargs)  # type: ignore[arg-type]

    real = feeds.parse
    server.pages[FEED] = slow
    clock.move(minutes=15)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feeds, "parse", overtaken)
        assert feeds.poll_due(tools)
    run(tools)
    assert len(campaigns.view([site.id])) == 1
    assert len(letters(tools)) == 1


def test_a_campaign_s_mail_is_queued_once_however_often_it_is_asked_for(
    site: Site, clock: StoppedClock, tools: Toolbox, server: Blog
) -> None:
    subscribe(site, clock, 1)
    follow(tools, site, server)
    publish(tools, server, clock, ("nuovo", "Nuovo"))
    campaigns.advance(tools)
    campaign = the_campaign(site).campaign
    [row] = rows()
    assert row.key == f"article:{campaign.id}:{row.payload['subscription']}"
    with transaction() as session:
        add(
            session,
            campaigns._notice(campaign, site, Recipient(row.payload["subscription"], 7, row.recipient)),
            clock.now(),
            "b.example",
        )
    assert len(rows()) == 1
