"""Campaigns at Brevo (https://developers.brevo.com/reference, "Email campaigns"): make, find, send, look.

Brevo has no idempotency key for these calls, so each campaign carries its own as tag, and is looked for by it. Most
of these calls may be made 100 times an hour. Every method gives an ``Answer`` and none raises.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from engagement.contacts.calls import Line, confirmed, objects, read
from engagement.domain.mailing.contacts import Answer, Brevo, Outcome
from engagement.domain.mailing.handovers import DRAFT, Draft, Figures, There

PAGE = 100  # campaigns a page, the most that Brevo gives
MOST_PAGES = 3  # with two more calls a step still ends within its lease
_SKEW = timedelta(days=1)  # our clock and Brevo's


def open_campaigns(settings: Brevo) -> "BrevoCampaigns | None":
    """Brevo where there is a key."""
    return BrevoCampaigns(settings) if settings.on else None


class BrevoCampaigns:
    """Safe to use from many threads at once."""

    way_out = "{{ unsubscribe }}"  # Brevo puts each reader's own address here

    def __init__(self, settings: Brevo) -> None:
        self._line = Line(settings)

    def look_for(self, key: str, since: datetime) -> Answer:
        """``value`` is the ``There`` of the campaign with a key, None where there is none.

        ``since``: it is not older than that. ``REFUSED`` where the campaigns are too many to look through them.
        """
        for page in range(MOST_PAGES):
            query = f"limit={PAGE}&offset={page * PAGE}&sort=desc&excludeHtmlContent=true"
            answer = read(self._line.call("GET", f"/emailCampaigns?{query}"), lambda told: _leaf(told, key))
            if answer.outcome is not Outcome.DONE:
                return answer
            found, oldest = answer.value
            if found or oldest is None or oldest < since - _SKEW:
                return replace(answer, value=found)
            if answer.rest:
                return Answer(Outcome.LATER, 429, "the rest waits for the next window", rest=answer.rest)
        return Answer(Outcome.REFUSED, answer.code, f"more than {MOST_PAGES * PAGE} campaigns were made since")

    def make(self, draft: Draft) -> Answer:
        """Make a draft, which nobody is sent; ``value`` is its number."""
        body = {
            "name": draft.name,
            "tag": draft.key,
            "subject": draft.subject,
            "sender": {"name": draft.sender_name, "email": draft.sender_email},
            "htmlContent": draft.html,
            "recipients": {"listIds": list(draft.lists)},
        }
        made = confirmed(self._line.call("POST", "/emailCampaigns", body), {201})
        return read(made, lambda told: int(told["id"]))

    def look(self, number: int) -> Answer:
        """``value`` is the ``There`` of a campaign, with its figures."""
        path = f"/emailCampaigns/{number}?statistics=globalStats&excludeHtmlContent=true"
        return read(self._line.call("GET", path), _there)

    def send(self, number: int) -> Answer:
        """Have a draft sent now. Brevo refuses one that is none any more."""
        return confirmed(self._line.call("POST", f"/emailCampaigns/{number}/sendNow"), {204})

    def senders(self) -> Answer:
        """``value`` is the set of the addresses that campaigns may come from, in small letters."""
        active = read(self._line.call("GET", "/senders"), lambda told: objects(told, "senders"))
        return read(active, lambda told: frozenset(str(one["email"]).lower() for one in told if one["active"]))


def _there(told: Any) -> There:
    return There(int(told["id"]), str(told["status"]), _figures(told.get("statistics")))


def _figures(told: Any) -> Figures | None:
    """Of all lists together; the totals stay empty where Brevo counts by lists alone."""
    if not isinstance(told, dict):
        return None
    total = told.get("globalStats") or {}
    parts = [total] if total.get("sent") else [one for one in told.get("campaignStats") or [] if isinstance(one, dict)]

    def sum_of(*names: str) -> int:
        return sum(int(part.get(name) or 0) for part in parts or [total] for name in names)

    return Figures(
        sent=sum_of("sent"),
        delivered=sum_of("delivered"),
        bounced=sum_of("hardBounces", "softBounces"),
        complaints=sum_of("complaints"),
        unsubscribed=sum_of("unsubscriptions"),
    )


def _leaf(told: Any, key: str) -> tuple[There | None, datetime | None]:
    """The campaign with a key on a page, and when its oldest one was made; None where the page is the last."""
    page = objects(told, "campaigns")
    mine = [_there(one) for one in page if one.get("tag") == key or str(one.get("name", "")).endswith(f"({key})")]
    # Of several, which only a draft made late can bring about, the one that was sent, else the first.
    found = min(mine, key=lambda one: (one.status == DRAFT, one.number), default=None)
    return found, _made_at(page[-1]) if len(page) >= PAGE else None


def _made_at(told: dict[str, Any]) -> datetime:
    at = datetime.fromisoformat(str(told["createdAt"]))
    return at if at.tzinfo else at.replace(tzinfo=UTC)
