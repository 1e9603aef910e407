"""A blog's feed: named by the operator, looked at every now and then, and what is new in it made into campaigns."""

import logging
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from engagement.archives.feeds import NotAFeed, parse
from engagement.archives.fetching import Answer, NotFetched, fetch
from engagement.domain.discussion.pages import BadAddress, belongs, origin_of
from engagement.domain.errors import Conflict, FieldError, InvalidInput
from engagement.domain.mailing.articles import (
    CampaignState,
    Entry,
    Feed,
    FeedState,
    Rhythm,
    back_off,
    next_digest,
)
from engagement.domain.messages import N_, Message
from engagement.domain.notices import NoticeKind
from engagement.domain.sites import Site
from engagement.services.ports import Toolbox
from engagement.storage import sites
from engagement.storage.db import reading, transaction
from engagement.storage.mailing import campaigns, feeds

_log = logging.getLogger(__name__)
NO_ADDRESS = N_("A feed's address looks like https://blog.example/feed.xml.")
NOT_READ = N_("The feed cannot be read: %(why)s.")


def add_feed(tools: Toolbox, site: Site, url: str, rhythm: Rhythm, day: int) -> tuple[Feed, int]:
    """Look at a feed for the first time, or change how an added one is told; how many articles stand in it.

    None of them is mailed: news is what comes later. One that was removed or gone starts anew.
    Raises ``InvalidInput`` for an address that is none, ``Conflict`` when it cannot be read.
    """
    try:
        origin_of(url)
    except BadAddress as error:
        raise InvalidInput([FieldError("/url", Message(NO_ADDRESS))]) from error
    entries, answer = _first_look(tools, url)
    now = tools.clock.now()
    with transaction() as session:
        known = feeds.by_url(session, site.id, url)
        anew = known is None or known.state is not FeedState.ACTIVE
        feed = replace(known or Feed(0, site.id, url), rhythm=rhythm, day=day, state=FeedState.ACTIVE)
        feed = replace(feed, digest_at=_digest_at(tools, feed, now))
        if anew:
            feed = feeds.save(session, replace(feed, primed=False), now)
            feeds.see(session, feed, entries, now=now, oldest=_oldest(tools))
            feed = _read(tools, replace(feed, primed=True), answer, now)
        return feeds.save(session, feed, now), len(entries)


def remove_feed(tools: Toolbox, site: Site, url: str) -> bool:
    """Look at it no more, and cancel what it still has to tell; whether there was one."""
    now = tools.clock.now()
    with transaction() as session:
        feed = feeds.by_url(session, site.id, url)
        if feed is None or feed.state is FeedState.REMOVED:
            return False
        feeds.save(session, replace(feed, state=FeedState.REMOVED, lease=""), now)
        feeds.drop_pending(session, feed.id)
        for campaign_id in campaigns.unfinished(session, feed.id):
            campaigns.get(session, campaign_id, lock=True)  # before its mails, as whoever pauses it does
            campaigns.drop_waiting(session, campaign_id)
            campaigns.change(session, campaign_id, CampaignState.CANCELLED, now)
    return True


def feeds_of(found: Sequence[Site]) -> list[Feed]:
    """The feeds of sites, the oldest first."""
    with reading() as session:
        return feeds.of_sites(session, [site.id for site in found])


def poll_due(tools: Toolbox) -> bool:
    """Look at one feed that is due; whether there was one. Nothing is locked while its server answers."""
    return _poll(tools, None)


def poll_now(tools: Toolbox, feed: Feed) -> Feed:
    """Look at a feed whether it is due or not; the feed as it stands then."""
    _poll(tools, feed.id)
    with reading() as session:
        return feeds.get(session, feed.id) or feed


def open_digests(tools: Toolbox) -> None:
    """Make a campaign of what each weekly feed has gathered, once its day has come; of nothing, none."""
    now = tools.clock.now()
    with reading() as session:
        due = feeds.due_digests(session, now)
    for feed_id in due:
        with transaction() as session:
            feed = feeds.get(session, feed_id, lock=True)
            if feed is None or feed.rhythm is not Rhythm.WEEKLY or feed.digest_at is None or feed.digest_at > now:
                continue  # another process was faster
            _tell(session, feed, now)
            feeds.save(session, replace(feed, digest_at=next_digest(now, feed.day, _hour(tools))), now)


def _poll(tools: Toolbox, feed_id: int | None) -> bool:
    with transaction() as session:
        feed = feeds.claim(session, tools.clock.now(), secrets.token_hex(16), feed_id)
    if feed is None:
        return False
    try:
        answer = _fetch(tools, feed)
        entries = parse(answer.body, url=answer.url, charset=answer.charset) if answer.status == 200 else []
        why = "" if answer.status in {200, 304} else f"the server answered {answer.status}"
    except (NotFetched, NotAFeed) as error:
        answer, entries, why = Answer(0, feed.url), [], str(error)
    now = tools.clock.now()
    with transaction() as session:
        current = feeds.get(session, feed.id, lock=True)
        if current is None or current.lease != feed.lease:
            return True  # it took so long that another process looked meanwhile, or it was removed
        if why:
            feeds.save(session, _failed(tools, current, answer, why, now), now)
        else:
            site = sites.by_id(session, current.site_id)
            _take_in(tools, session, site, current, entries, answer, now)
    return True


def _take_in(
    tools: Toolbox, session: Session, site: Site, feed: Feed, entries: Sequence[Entry], answer: Answer, now: datetime
) -> None:
    """Keep what is new, and tell it where it is told at once, in the transaction that remembers the look."""
    ours = [_led_home(entry, site, feed) for entry in entries]
    feeds.see(session, feed, ours, now=now, oldest=_oldest(tools))
    foreign = sum(1 for entry, kept in zip(entries, ours, strict=True) if entry.url != kept.url)
    read = _read(tools, feed, answer, now)
    if foreign:
        read = replace(read, problem=f"{foreign} articles lead to other sites and are not mailed")
    elif answer.status == 304:
        read = replace(read, problem=feed.problem if not feed.failures else "")
    feeds.save(session, read, now)
    if feed.rhythm is Rhythm.AT_ONCE:
        _tell(session, feed, now)


def _tell(session: Session, feed: Feed, now: datetime) -> None:
    """A campaign for all that waits to be told; the feed is locked, so each article is in one."""
    untold = feeds.pending(session, feed.id)
    if not untold:
        return
    kind = NoticeKind.WEEKLY_DIGEST if feed.rhythm is Rhythm.WEEKLY else NoticeKind.NEW_ARTICLE
    campaign_id = campaigns.add(session, feed.site_id, feed.id, kind, now)
    feeds.tell(session, [article.id for article in untold], campaign_id)


def _led_home(entry: Entry, site: Site, feed: Feed) -> Entry:
    """The entry, without its address where that is neither the site's nor the feed's own: it is not mailed then."""
    return entry if belongs(entry.url, (*site.origins, origin_of(feed.url))) else replace(entry, url="")


def _first_look(tools: Toolbox, url: str) -> tuple[list[Entry], Answer]:
    try:
        answer = _fetch(tools, Feed(0, 0, url))
        if answer.status != 200:
            raise NotFetched(f"the server answered {answer.status}")
        return parse(answer.body, url=answer.url, charset=answer.charset), answer
    except (NotFetched, NotAFeed) as error:
        raise Conflict(Message(NOT_READ, {"why": str(error)})) from error


def _fetch(tools: Toolbox, feed: Feed) -> Answer:
    wanted = tools.settings.feeds
    return fetch(
        feed.url,
        etag=feed.etag,
        last_modified=feed.last_modified,
        allow_private=wanted.allow_private,
        seconds=wanted.timeout,
    )


def _read(tools: Toolbox, feed: Feed, answer: Answer, now: datetime) -> Feed:
    """The feed after a look that succeeded; a server that says "not modified" may leave its validators out."""
    changed = answer.status == 200
    return replace(
        feed,
        primed=True,
        etag=answer.etag if changed else feed.etag,
        last_modified=answer.last_modified if changed else feed.last_modified,
        failures=0,
        problem="",
        polled_at=now,
        next_poll_at=now + _interval(tools),
        lease="",
    )


def _failed(tools: Toolbox, feed: Feed, answer: Answer, why: str, now: datetime) -> Feed:
    """The feed after a look that failed: later next time, and never again where the server says that it is gone."""
    failures = feed.failures + 1
    asked = timedelta(seconds=answer.retry_after) if answer.retry_after is not None else None
    gone = answer.status == 410
    if gone:
        _log.error("the feed %s of site %s is gone (410) and is polled no more", feed.id, feed.site_id)
    else:
        _log.warning("the feed %s of site %s was not read, %s times now: %s", feed.id, feed.site_id, failures, why)
    return replace(
        feed,
        state=FeedState.GONE if gone else feed.state,
        failures=failures,
        problem=why,
        next_poll_at=now + back_off(failures, _interval(tools), asked),
        lease="",
    )


def _digest_at(tools: Toolbox, feed: Feed, now: datetime) -> datetime | None:
    return next_digest(now, feed.day, _hour(tools)) if feed.rhythm is Rhythm.WEEKLY else None


def _hour(tools: Toolbox) -> int:
    return tools.settings.feeds.digest_hour


def _interval(tools: Toolbox) -> timedelta:
    return timedelta(minutes=tools.settings.feeds.poll_minutes)


def _oldest(tools: Toolbox) -> timedelta:
    return timedelta(days=tools.settings.feeds.oldest_days)
