"""Reported comments that nobody has decided about."""

from dataclasses import dataclass

from flask import Response

from engagement.domain.discussion.reports import REASON_NAMES, KeptReport
from engagement.domain.messages import N_, Message
from engagement.language import say
from engagement.services import moderation
from engagement.services.desk import reports as notices
from engagement.web.desk import reading, room

REPORTED_BY = N_("%(reason)s, reported by %(name)s")
REPORTED = N_("%(reason)s, reported without a name")


@dataclass(frozen=True)
class Notice:
    """One report in words."""

    heading: str
    kept: KeptReport


@room.blueprint.get("/reports")
def reported() -> Response:
    """Cards of reported comments, the oldest report first; a verdict closes its reports."""
    session = room.present()
    found = notices.open_reports(session.site_ids)
    cards = [
        (reading.card(moderation.item(one.comment.id, session.site_ids)), [_notice(r) for r in one.reports])
        for one in found
    ]
    return room.show("reports", room="reports", **reading.frame(session), cards=cards)


def _notice(report: KeptReport) -> Notice:
    values = {"reason": Message(REASON_NAMES[report.reason]), "name": f"{report.name} <{report.email}>"}
    return Notice(say(Message(REPORTED_BY if report.email else REPORTED, values), room.language()), report)
