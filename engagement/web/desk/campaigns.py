"""Campaigns at the desk: how far each got, and how to pause, resume or cancel it; feeds that are not well."""

from dataclasses import dataclass

from flask import Response, redirect, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from engagement.domain.articles import CampaignState, Feed, FeedState, Order, state_after
from engagement.domain.messages import N_
from engagement.domain.troubles import TROUBLES
from engagement.language import retold, say
from engagement.services import campaigns, feeds
from engagement.web.desk import room
from engagement.web.desk.reading import frame
from engagement.web.house import toolbox

STATES = {
    CampaignState.SENDING: N_("Being sent"),
    CampaignState.PAUSED: N_("Paused"),
    CampaignState.CANCELLED: N_("Cancelled"),
    CampaignState.DONE: N_("Sent"),
    CampaignState.HANDED_OVER: N_("Handed over to the mailing service"),
}


@dataclass(frozen=True)
class Shown:
    """``may`` names what can be done; ``share`` is how much of it is over, 0 to 100."""

    view: campaigns.CampaignView
    site: str
    state: str
    share: int
    may: tuple[str, ...]


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
    state = view.campaign.state
    return Shown(
        view=view,
        site=names[view.campaign.site_id],
        state=say(STATES[state], room.language()),
        share=100 * over // max(1, over + told.waiting),
        may=tuple(order.value for order in Order if state_after(state, order) is not None),
    )


def _is_gone(feed: Feed) -> bool:
    return feed.state is FeedState.GONE
