"""Campaigns at the desk: how far each got, and how to pause, resume or cancel it; feeds that are not well."""

from dataclasses import asdict, dataclass

from flask import Response, redirect, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from engagement.domain.mailing.articles import CampaignState, Feed, FeedState, Order, state_after
from engagement.domain.mailing.handovers import DEPARTING, NO_CREDITS, Handover
from engagement.domain.mailing.troubles import TROUBLES
from engagement.domain.messages import N_, Message
from engagement.language import retold, say
from engagement.services.mailing import campaigns, feeds
from engagement.web.desk import room
from engagement.web.desk.reading import frame
from engagement.web.house import toolbox

_NOT_LET_IN, _GONE = (401, 403), 404
STATES = {
    CampaignState.SENDING: N_("Being sent"),
    CampaignState.PAUSED: N_("Paused"),
    CampaignState.CANCELLED: N_("Cancelled"),
    CampaignState.DONE: N_("Sent"),
    CampaignState.HANDED_OVER: N_("Handed over to the mailing service"),
}
STATUSES = {
    "": N_("Not at Brevo yet."),
    "draft": N_("A draft at Brevo, not sent yet."),
    "queued": N_("Brevo has taken it and will send it."),
    "inProcess": N_("Brevo is sending it."),
    "in_process": N_("Brevo is sending it."),
    "inReview": N_("Brevo looks it over before it is sent."),
    "in_review": N_("Brevo looks it over before it is sent."),
    "sent": N_("Sent by Brevo."),
    "archive": N_("Archived at Brevo."),
    "suspended": N_("Suspended at Brevo: see there why."),
}
OTHER_STATUS = N_("At Brevo it is “%(status)s”.")
FIGURES = N_(
    "Sent: %(sent)s. Delivered: %(delivered)s. Bounced: %(bounced)s. Complaints: %(complaints)s. Left: %(left)s."
)
SOMEBODY_LEFT = N_("It waits until Brevo knows of everybody who left here.")
NO_CREDITS_LEFT = N_("Brevo has no credits left for it.")
NOT_LET_IN = N_("Brevo lets us send no campaigns (%(code)s %(reply)s). Mend the key or the account, then try again.")
GONE = N_("It is gone at Brevo. If you try again it is made anew.")
REFUSED = N_("Brevo refused it (%(code)s %(reply)s). Mend that, then try again.")
NOT_DONE = N_("Brevo did not do it (%(code)s %(reply)s). It is tried again by itself.")


@dataclass(frozen=True)
class Shown:
    """``may`` names what can be done; ``share`` is how much of it is over, 0 to 100.

    ``there`` are sentences about it at the newsletter service, ``trouble`` what went wrong with it there.
    """

    view: campaigns.CampaignView
    site: str
    state: str
    share: int
    may: tuple[str, ...]
    there: tuple[str, ...] = ()
    trouble: str = ""


@room.blueprint.get("/campaigns")
def all_campaigns() -> Response:
    session = room.present()
    names = {site.id: site.name for site in session.sites}
    unwell = [one for one in feeds.feeds_of(session.sites) if one.problem or one.state is FeedState.GONE]
    return room.show(
        "campaigns",
        room="campaigns",
        **frame(session),
        found=[_shown(one, names) for one in campaigns.view(session.site_ids)],
        unwell=[(one, _is_gone(one), retold(one.problem, TROUBLES, room.language())) for one in unwell],
    )


@room.blueprint.post("/campaigns/<int:campaign_id>")
def give_order(campaign_id: int) -> AnyResponse:
    session = room.present()
    room.check_form(session)
    try:
        order = Order(request.form.get("order", ""))
    except ValueError as error:
        raise BadRequest from error
    if campaign_id > 2**31 - 1:  # more than the column holds
        raise BadRequest
    campaigns.give_order(toolbox(), campaign_id, order, who=session.moderator.email, site_ids=session.site_ids)
    return redirect(room.to("/desk/campaigns"), 303)


def _shown(view: campaigns.CampaignView, names: dict[int, str]) -> Shown:
    told = view.progress
    over = told.sent + told.failed + told.left_out
    state, there = view.campaign.state, view.handover
    trouble = bool(there and there.trouble and state is CampaignState.SENDING)
    fitting = [order for order in Order if state_after(state, order) is not None]
    return Shown(
        view=view,
        site=names[view.campaign.site_id],
        state=say(STATES[state], room.language()),
        share=100 * over // max(1, over + told.waiting),
        may=tuple(order.value for order in fitting if order is not Order.AGAIN or trouble),
        there=_there(there) if there else (),
        trouble=say(_trouble(there), room.language()) if there and trouble else "",
    )


def _there(handover: Handover) -> tuple[str, ...]:
    status = STATUSES.get(handover.status)
    said = Message(status) if status else Message(OTHER_STATUS, {"status": handover.status})
    figures = (
        [Message(FIGURES, asdict(handover.figures) | {"left": handover.figures.unsubscribed})]
        if handover.figures.sent
        else []
    )
    return tuple(say(sentence, room.language()) for sentence in (said, *figures))


def _trouble(handover: Handover) -> Message:
    told = {"code": handover.code or "", "reply": handover.reply}
    if handover.reply == DEPARTING:
        return Message(SOMEBODY_LEFT)
    if handover.code == NO_CREDITS:
        return Message(NO_CREDITS_LEFT)
    if handover.code in _NOT_LET_IN:
        return Message(NOT_LET_IN, told)
    if handover.stopped:
        return Message(GONE) if handover.code == _GONE else Message(REFUSED, told)
    return Message(NOT_DONE, told)


def _is_gone(feed: Feed) -> bool:
    return feed.state is FeedState.GONE
