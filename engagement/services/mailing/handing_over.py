"""Campaigns by the newsletter service: made there once, sent there once, whatever happens to the calls in between.

Nothing there takes an idempotency key, so each step asks before it acts: a campaign is looked for by its key before it
is made, and looked at before it is sent; only a draft is sent, and the service refuses anything else itself.
"""

import hashlib
import logging
import secrets
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from engagement.domain.errors import Unavailable
from engagement.domain.mailing.articles import Campaign, CampaignState
from engagement.domain.mailing.contacts import Answer, Outcome, Way, heard
from engagement.domain.mailing.handovers import (
    DEPARTING,
    NO_CREDITS,
    Draft,
    Handover,
    Step,
    There,
    failed,
    stands,
    step_of,
)
from engagement.domain.messages import N_, Message
from engagement.domain.notices import NoticeKind
from engagement.domain.sites import Site
from engagement.services.audience.contacts import is_shut, key_mark
from engagement.services.mailing import issues
from engagement.services.ports import ListMailer, Toolbox
from engagement.storage import sites
from engagement.storage.audience import contacts
from engagement.storage.audience.contacts import CAMPAIGNS
from engagement.storage.db import reading, transaction
from engagement.storage.mailing import campaigns, feeds, handovers

_log = logging.getLogger(__name__)
_MOST_NAME = 80  # characters of a site's name and of a subject in the campaign's name
_QUEUED = "queued"  # how a campaign stands right after "send now"
_NO_CALL = Answer(Outcome.DONE, 0)
_STILL_DEPARTING = Answer(Outcome.LATER, 0, DEPARTING)
_SEVERAL = 3  # tries after which it is told at the desk that Brevo does not do
NO_KEY = N_("A campaign waits for Brevo, and there is no brevo.api_key any more. See the campaigns.")
SHUT = N_("Brevo lets us send no campaigns (%(code)s): they wait here, none is lost. See the campaigns.")
STOPPED = N_("Brevo refused a campaign, which waits for you. See the campaigns.")
FAILING = N_("Brevo does not answer as it should about a campaign. It is tried again by itself. See the campaigns.")
POOR = N_("Brevo has no credits left for a campaign. It is tried again after midnight (UTC). See the campaigns.")


def goes_there(tools: Toolbox, campaign_id: int) -> bool:
    """Whether a campaign is mailed by the newsletter service; decided once, and for ever.

    One that has begun here ends here, and one that was begun there is never mailed from here, whatever the settings
    say by then.
    """
    with reading() as session:
        if handovers.get(session, campaign_id):
            return True
        if not _may_begin(tools, session, campaigns.get(session, campaign_id)):
            return False
    with transaction() as session:
        campaign = campaigns.get(session, campaign_id, lock=True)
        if handovers.get(session, campaign_id):
            return True
        if campaign is None or not _may_begin(tools, session, campaign):
            return False
        handovers.begin(session, campaign_id, _key(campaign, sites.by_id(session, campaign.site_id)), _now(tools))
    return True


def move_on(tools: Toolbox) -> bool:
    """Take the next step of one handover that is due; whether there was one. No transaction is open during a call."""
    lists = tools.lists
    if lists is None:
        return False
    now = _now(tools)
    with reading() as session:
        known = contacts.way(session, CAMPAIGNS)
    if is_shut(tools, known) or known.may_call_at(now) > now:
        return False
    with transaction() as session:
        claimed = handovers.claim(session, now, secrets.token_hex(16))
        if claimed is None:
            return False
        campaign = campaigns.get(session, claimed.campaign_id)
        site = sites.by_id(session, campaign.site_id) if campaign else None
    if campaign is None or site is None:
        return False
    try:
        after, answer = _step(tools, lists, claimed, campaign, site)
    except Unavailable:
        raise  # the database is away; the lease brings the campaign back
    except Exception as error:  # noqa: BLE001 - one campaign must not block the others
        _log.exception("a campaign cannot be handed over")
        after, answer = claimed, Answer(Outcome.LATER, 0, f"not tried: {type(error).__name__}")
    _keep(tools, claimed, after, answer)
    return True


def again(tools: Toolbox, session: Session, campaign_id: int | None = None) -> None:
    """Somebody has mended what was wrong: the way is open, and what waited is tried now."""
    contacts.keep_way(session, Way(), CAMPAIGNS)
    handovers.again(session, _now(tools), campaign_id)


def resume(tools: Toolbox) -> None:
    """The same for all campaigns that are not finished."""
    with transaction() as session:
        again(tools, session)


def standing(tools: Toolbox) -> tuple[Way, int]:
    """What is known of the way, and how many campaigns have still to be sent this way."""
    with reading() as session:
        return contacts.way(session, CAMPAIGNS), handovers.waiting(session)


def alarm(tools: Toolbox) -> Message | None:
    """What whoever looks after the desk must know about campaigns there; None while all is well."""
    with reading() as session:
        waiting, troubled = handovers.waiting(session), handovers.troubled(session)
        known = contacts.way(session, CAMPAIGNS)
    if not waiting:
        return None
    if tools.lists is None:
        return Message(NO_KEY)
    if is_shut(tools, known):
        return Message(SHUT, {"code": known.code or ""})
    if any(one.stopped for one in troubled):
        return Message(STOPPED)
    if any(one.code == NO_CREDITS for one in troubled):
        return Message(POOR)
    failing = any(one.attempt >= _SEVERAL and one.reply != DEPARTING for one in troubled)
    return Message(FAILING) if failing else None


def _step(
    tools: Toolbox, lists: ListMailer, claimed: Handover, campaign: Campaign, site: Site
) -> tuple[Handover, Answer]:
    """One step, and the last answer it got; an answer that is not ``DONE`` says why the step did not do."""
    step = step_of(claimed, campaign.state)
    if step is Step.MAKE:
        return _make(tools, lists, claimed, campaign, site)
    if step is Step.SEND:
        return _send(tools, lists, claimed, site)
    if step is Step.LOOK:
        seen, answer = _look(tools, lists, claimed)
        return (seen if seen.taken else replace(seen, due_at=None)), answer
    return replace(claimed, due_at=None, attempt=0), _NO_CALL


def _make(
    tools: Toolbox, lists: ListMailer, claimed: Handover, campaign: Campaign, site: Site
) -> tuple[Handover, Answer]:
    found = lists.look_for(claimed.key, campaign.created_at)
    if found.outcome is not Outcome.DONE:
        return claimed, found
    if found.value is not None:
        there: There = found.value
        return stands(claimed, there, _now(tools)), found
    if found.rest:
        return claimed, _wait(found)
    made = lists.make(_draft(tools, lists, claimed, campaign, site))
    if made.outcome is not Outcome.DONE:
        return claimed, made
    return replace(claimed, number=int(made.value), attempt=0, code=None, reply="", due_at=_now(tools)), made


def _send(tools: Toolbox, lists: ListMailer, claimed: Handover, site: Site) -> tuple[Handover, Answer]:
    with reading() as session:
        if contacts.departing(session, site.id):  # who left is not written to: the list there must know first
            return claimed, _STILL_DEPARTING
    seen, looked = _look(tools, lists, claimed)
    if looked.outcome is not Outcome.DONE or seen.taken:
        return seen, looked
    if looked.rest:
        return seen, _wait(looked)
    with transaction() as session:
        if contacts.departing(session, site.id):
            return seen, _STILL_DEPARTING
        if not handovers.ask(session, claimed, _now(tools)):
            return seen, _NO_CALL  # paused, cancelled, or in somebody else's hands by now
    sent = lists.send(seen.number or 0)
    if sent.outcome is Outcome.DONE:
        now = _now(tools)
        return stands(replace(seen, asked_at=now), There(seen.number or 0, _QUEUED), now), sent
    if sent.outcome is Outcome.REFUSED and not sent.rest:  # perhaps because an earlier call was heard after all
        again_seen, looked = _look(tools, lists, seen)
        if looked.outcome is Outcome.DONE and again_seen.taken:
            return again_seen, looked
    return seen, sent


def _look(tools: Toolbox, lists: ListMailer, claimed: Handover) -> tuple[Handover, Answer]:
    looked = lists.look(claimed.number or 0)
    if looked.outcome is not Outcome.DONE:
        return claimed, looked
    return stands(claimed, looked.value, _now(tools)), looked


def _keep(tools: Toolbox, claimed: Handover, after: Handover, answer: Answer) -> None:
    """Write down what became of a step; the campaign is the service's own once that has taken it."""
    now, jitter = _now(tools), tools.randomness(16) / 32_768 - 1
    with transaction() as session:
        campaign = campaigns.get(session, claimed.campaign_id, lock=True)
        before = contacts.way(session, CAMPAIGNS)
        # Credits are this campaign's matter: a smaller list may have enough. 0: nobody was called.
        way = before if answer.code in {0, NO_CREDITS} else heard(before, answer, now, key_mark(tools))
        if way != before:
            contacts.keep_way(session, way, CAMPAIGNS)
        if answer.outcome is not Outcome.DONE:
            after = replace(after, attempt=claimed.attempt)
            after = failed(after, answer, now, opens_at=way.may_call_at(now), jitter=jitter)
        kept = handovers.finish(session, replace(after, token=claimed.token))
        if kept and after.taken and campaign and campaign.state is not CampaignState.HANDED_OVER:
            campaigns.change(session, campaign.id, CampaignState.HANDED_OVER, now)
    if not kept:
        _log.warning("campaign %s was taken over by another worker meanwhile", claimed.campaign_id)
    elif answer.outcome is not Outcome.DONE:
        level = logging.ERROR if after.stopped or way.shut or answer.code == NO_CREDITS else logging.WARNING
        said = answer.code or "no answer", answer.reply
        _log.log(level, "campaign %s waits: Brevo said %s %s", claimed.campaign_id, *said)


def _draft(tools: Toolbox, lists: ListMailer, claimed: Handover, campaign: Campaign, site: Site) -> Draft:
    with reading() as session:
        articles = feeds.of_campaign(session, campaign.id)
    facts = issues.facts(tools, site, articles, leave_url=lists.way_out)
    subject, html = tools.letters.issue(NoticeKind(campaign.kind), site.language, facts)
    ours = tools.settings.brevo
    return Draft(
        key=claimed.key,
        name=f"{site.name[:_MOST_NAME]}: {subject[:_MOST_NAME]} ({claimed.key})",
        subject=subject,
        html=html,
        lists=ours.lists_of(site.key),
        sender_name=site.name,
        sender_email=ours.sender or tools.settings.mail.sender,
    )


def _may_begin(tools: Toolbox, session: Session, campaign: Campaign | None) -> bool:
    if campaign is None or campaign.state is not CampaignState.SENDING or campaign.cursor or campaign.walked:
        return False
    known = {site.id: site.key for site in sites.every(session)}
    return tools.lists is not None and tools.settings.brevo.mails(known[campaign.site_id], list(known.values()))


def _key(campaign: Campaign, site: Site) -> str:
    """The campaign's own, the same for the same campaign of a database that was restored from a copy."""
    told = f"{site.key}\n{campaign.id}\n{campaign.created_at.isoformat()}"
    return f"engagement-{hashlib.sha256(told.encode()).hexdigest()[:24]}"


def _wait(answer: Answer) -> Answer:
    """That was the last call of a window."""
    return Answer(Outcome.LATER, 429, "the rest waits for the next window", rest=answer.rest)


def _now(tools: Toolbox) -> datetime:
    return tools.clock.now()
