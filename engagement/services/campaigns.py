"""Campaigns: new articles to all confirmed subscribers, a batch at a time, so that a crash costs nothing."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engagement.domain.articles import (
    Article,
    Campaign,
    CampaignState,
    Mailing,
    Order,
    Progress,
    Recipient,
    listed,
    state_after,
)
from engagement.domain.errors import Conflict, NotFound, Unavailable
from engagement.domain.messages import N_, Message
from engagement.domain.newsletter import Subscription, SubscriptionState
from engagement.domain.notices import Notice, NoticeKind, QueuedNotice
from engagement.domain.sites import Site
from engagement.services.feeds import open_digests
from engagement.services.ports import Toolbox
from engagement.storage import audit, campaigns, feeds, newsletter, outbox, pace, sites
from engagement.storage.db import reading, transaction

_log = logging.getLogger(__name__)
BATCH = 500  # mails that one transaction puts into the outbox
LOW_WATER = BATCH // 2  # the next batch comes when so few are left: mails must not grow old in the outbox
PRIORITY = 9  # after everything else
SHOWN = 50
DONE_WITH = N_("This campaign has ended or is in that state already.")
AUDITED = {Order.PAUSE: "campaign-paused", Order.RESUME: "campaign-resumed", Order.CANCEL: "campaign-cancelled"}


@dataclass(frozen=True)
class CampaignView:
    """A campaign as the desk shows it."""

    campaign: Campaign
    articles: tuple[Article, ...]
    progress: Progress


def advance(tools: Toolbox) -> bool:
    """Open the digests whose day has come, and move each campaign on; whether one moved."""
    open_digests(tools)
    with reading() as session:
        moving = campaigns.moving(session)
    moved = False
    for campaign_id in moving:
        if tools.stopping():
            break
        moved = (
            _hand_over(tools, campaign_id) if _elsewhere(tools, campaign_id) else _step(tools, campaign_id)
        ) or moved
    return moved


def claim(tools: Toolbox, session: Session, now: datetime, token: str) -> list[QueuedNotice]:
    """Lease one mail of a campaign, if one is due and the pace allows it."""
    if not outbox.bulk_due(session, now) or not pace.may_begin(session, now, tools.settings.mail.bulk_per_minute):
        return []
    due = outbox.claim(session, now, 1, token, bulk=True)
    if due:
        pace.begun(session, now)
    return due


def letter_facts(tools: Toolbox, queued: QueuedNotice) -> dict[str, object] | None:
    """What the letter tells; None when the address left meanwhile, or the campaign was cancelled."""
    notice = queued.notice
    with reading() as session:
        found = newsletter.get(session, int(notice.payload["subscription"]))
        campaign = campaigns.get(session, notice.campaign or 0)
        if campaign is None or campaign.state is CampaignState.CANCELLED or not _may_get(found, notice):
            return None
        articles = feeds.of_campaign(session, campaign.id)
        site = sites.by_id(session, notice.site_id)
    named = listed(articles)
    return {
        "recipient": notice.recipient,
        "created_at": queued.created_at,
        "site_name": site.name,
        "list": f"{site.key}.newsletter",
        "articles": [
            {"title": tools.letters.cite(a.title), "summary": tools.letters.cite(a.summary), "url": a.url}
            for a in named
        ],
        "more": len(articles) - len(named),
        "leave_url": tools.links.newsletter(
            "leave", int(notice.payload["subscription"]), int(notice.payload["version"])
        ),
    }


def view(site_ids: Sequence[int]) -> list[CampaignView]:
    """The newest campaigns of sites."""
    with reading() as session:
        found = campaigns.newest(session, site_ids, SHOWN)
        return [
            CampaignView(one, tuple(feeds.of_campaign(session, one.id)), campaigns.progress(session, one))
            for one in found
        ]


def give_order(tools: Toolbox, campaign_id: int, order: Order, *, who: str, site_ids: Sequence[int]) -> None:
    """Pause, resume or cancel. Raises ``NotFound`` outside one's sites, ``Conflict`` where the order does not fit."""
    now = tools.clock.now()
    with transaction() as session:
        campaign = campaigns.get(session, campaign_id, lock=True)
        if campaign is None or campaign.site_id not in site_ids:
            raise NotFound
        state = state_after(campaign.state, order)
        if state is None:
            raise Conflict(Message(DONE_WITH))
        if order is Order.CANCEL:
            campaigns.drop_waiting(session, campaign_id)
        if order is Order.RESUME:
            campaigns.renew_waiting(session, campaign_id, now)
        campaigns.change(session, campaign_id, state, now)
        audit.write(session, now, who, AUDITED[order], f"campaign {campaign_id}")
    tools.wake()


def _step(tools: Toolbox, campaign_id: int) -> bool:
    """Put the next batch into the outbox and move the cursor, in one transaction; or end what is over."""
    now = tools.clock.now()
    with transaction() as session:
        campaign = campaigns.get(session, campaign_id, lock=True)
        if campaign is None or campaign.state is not CampaignState.SENDING:
            return False
        waiting = campaigns.waiting(session, campaign_id)
        if campaign.walked and not waiting:
            campaigns.change(session, campaign_id, CampaignState.DONE, now)
            return True
        if campaign.walked or waiting > LOW_WATER:
            return False
        site = sites.by_id(session, campaign.site_id)
        batch = campaigns.next_recipients(session, campaign, BATCH)
        for to in batch:
            outbox.add(session, _notice(campaign, site, to), now, tools.settings.mail.domain)
        cursor = batch[-1].subscription if batch else campaign.cursor
        campaigns.move(session, campaign_id, cursor, walked=len(batch) < BATCH)
    return True


def _notice(campaign: Campaign, site: Site, to: Recipient) -> Notice:
    """It holds the version of now, so that the way out is the same in every try."""
    return Notice(
        kind=NoticeKind(campaign.kind),
        key=f"article:{campaign.id}:{to.subscription}",
        recipient=to.email,
        language=to.language or site.language,
        site_id=site.id,
        payload={"subscription": to.subscription, "version": to.version},
        priority=PRIORITY,
        campaign=campaign.id,
    )


def _elsewhere(tools: Toolbox, campaign_id: int) -> bool:
    """Whether somebody else mails this site's list; a campaign that has begun here is ended here."""
    if tools.lists is None:
        return False
    with reading() as session:
        campaign = campaigns.get(session, campaign_id)
        return (
            campaign is not None and not campaign.cursor and tools.lists.serves(sites.by_id(session, campaign.site_id))
        )


def _hand_over(tools: Toolbox, campaign_id: int) -> bool:
    """Give a campaign away, with no transaction open; the key makes a second time after a crash the same one."""
    with reading() as session:
        campaign = campaigns.get(session, campaign_id)
        if campaign is None or tools.lists is None:
            return False
        site = sites.by_id(session, campaign.site_id)
        articles = tuple(listed(feeds.of_campaign(session, campaign_id)))
    try:
        tools.lists.mail(site, Mailing(f"campaign:{campaign_id}", campaign.kind, site.language, articles))
    except Unavailable as error:
        _log.warning("campaign %s was not taken over yet: %s", campaign_id, error.detail or type(error).__name__)
        return False
    with transaction() as session:
        campaigns.change(session, campaign_id, CampaignState.HANDED_OVER, tools.clock.now())
    return True


def _may_get(found: Subscription | None, notice: Notice) -> bool:
    """Looked at when a mail is sent, not only when it was queued."""
    return found is not None and found.state is SubscriptionState.CONFIRMED and found.email == notice.recipient
