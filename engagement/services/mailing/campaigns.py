"""Campaigns: new articles to all confirmed subscribers, a batch at a time, so that a crash costs nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from engagement.domain.errors import Conflict, NotFound
from engagement.domain.mailing.articles import (
    Article,
    Campaign,
    CampaignState,
    Order,
    Progress,
    Recipient,
    state_after,
)
from engagement.domain.mailing.handovers import Handover
from engagement.domain.messages import N_, Message
from engagement.domain.newsletter import Subscription, SubscriptionState
from engagement.domain.notices import Notice, NoticeKind, QueuedNotice
from engagement.domain.sites import Site
from engagement.services.mailing import handing_over, issues
from engagement.services.mailing.feeds import open_digests
from engagement.services.ports import Toolbox
from engagement.storage import audit, newsletter, outbox, sites
from engagement.storage.db import reading, transaction
from engagement.storage.mailing import campaigns, feeds, handovers, pace

BATCH = 500  # mails that one transaction puts into the outbox
LOW_WATER = BATCH // 2  # the next batch comes when so few are left: mails must not grow old in the outbox
PRIORITY = 9  # after everything else
SHOWN = 50
DONE_WITH = N_("This campaign has ended or is in that state already.")
AUDITED = {
    Order.PAUSE: "campaign-paused",
    Order.RESUME: "campaign-resumed",
    Order.CANCEL: "campaign-cancelled",
    Order.AGAIN: "campaign-again",
}


@dataclass(frozen=True)
class CampaignView:
    """A campaign as the desk shows it; ``handover`` where the newsletter service mails it."""

    campaign: Campaign
    articles: tuple[Article, ...]
    progress: Progress
    handover: Handover | None = None


def advance(tools: Toolbox) -> bool:
    """Open the digests whose day has come, and move each campaign on; whether one moved."""
    open_digests(tools)
    with reading() as session:
        moving = campaigns.moving(session)
    moved = False
    for campaign_id in moving:
        if tools.stopping():
            break
        if not handing_over.goes_there(tools, campaign_id):
            moved = _step(tools, campaign_id) or moved
    return handing_over.move_on(tools) or moved


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
    subscription, version = int(notice.payload["subscription"]), int(notice.payload["version"])
    leave_url = tools.links.newsletter("leave", subscription, version)
    return issues.facts(tools, site, articles, leave_url=leave_url) | {
        "recipient": notice.recipient,
        "created_at": queued.created_at,
        "list": f"{site.key}.newsletter",
    }


def view(site_ids: Sequence[int]) -> list[CampaignView]:
    """The newest campaigns of sites."""
    with reading() as session:
        found = campaigns.newest(session, site_ids, SHOWN)
        there = handovers.of_campaigns(session, [one.id for one in found])
        return [
            CampaignView(
                one,
                tuple(feeds.of_campaign(session, one.id)),
                campaigns.progress(session, one),
                there.get(one.id),
            )
            for one in found
        ]


def give_order(tools: Toolbox, campaign_id: int, order: Order, *, who: str, site_ids: Sequence[int]) -> None:
    """Pause, resume, cancel or try again.

    Raises ``NotFound`` outside one's sites, ``Conflict`` where the order does not fit.
    """
    now = tools.clock.now()
    with transaction() as session:
        campaign = campaigns.get(session, campaign_id, lock=True)
        if campaign is None or campaign.site_id not in site_ids:
            raise NotFound
        state = state_after(campaign.state, order)
        there = handovers.get(session, campaign_id)
        if state is None or (order is Order.AGAIN and not there):
            raise Conflict(Message(DONE_WITH))
        if order is Order.CANCEL:
            campaigns.drop_waiting(session, campaign_id)
        if there and order in {Order.RESUME, Order.AGAIN}:
            handing_over.again(tools, session, campaign_id)
        elif order is Order.RESUME:
            campaigns.renew_waiting(session, campaign_id, now)
        campaigns.change(session, campaign_id, state, now)
        audit.write(session, now, who, AUDITED[order], f"campaign {campaign_id}")
    tools.wake()


def _step(tools: Toolbox, campaign_id: int) -> bool:
    """Put the next batch into the outbox and move the cursor, in one transaction; or end what is over."""
    now = tools.clock.now()
    with transaction() as session:
        campaign = campaigns.get(session, campaign_id, lock=True)
        if campaign is None or campaign.state is not CampaignState.SENDING or handovers.get(session, campaign_id):
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


def _may_get(found: Subscription | None, notice: Notice) -> bool:
    """Looked at when a mail is sent, not only when it was queued."""
    return found is not None and found.state is SubscriptionState.CONFIRMED and found.email == notice.recipient
