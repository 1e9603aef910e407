"""The inbox: what readers wrote to the author, newest first, and what to do with each message."""

from dataclasses import dataclass
from urllib.parse import quote

from flask import Response, redirect, request
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from engagement.domain.errors import NotFound
from engagement.domain.mailing.contact import MessageStatus, ReaderMessage, Treatment
from engagement.domain.messages import N_
from engagement.language import say
from engagement.services.mailing import contact
from engagement.web.desk import room
from engagement.web.desk.reading import frame
from engagement.web.house import toolbox

LETTERS = 25
STATUSES = {
    MessageStatus.NEW: N_("New"),
    MessageStatus.HELD: N_("Held, not sent by mail"),
    MessageStatus.READ: N_("Read"),
    MessageStatus.SPAM: N_("Spam"),
}
ALL = N_("All")


@dataclass(frozen=True)
class Letter:
    """A message as the inbox shows it. ``answer`` is a ``mailto:`` address; ``may`` names what can be done."""

    message: ReaderMessage
    site: str
    status: str
    reasons: str
    answer: str
    may: tuple[str, ...]


@room.blueprint.get("/inbox")
def inbox() -> Response:
    """Messages of one status, or all. Looking marks nothing as read."""
    session = room.present()
    status = _asked(request.args.get("status", ""))
    after = request.args.get("after") or None
    found, more = contact.inbox(session.site_ids, status=status, limit=LETTERS, after=after)
    names = {site.id: site.name for site in session.sites}
    tabs = [("", say(ALL, room.language())), *((s.value, say(STATUSES[s], room.language())) for s in MessageStatus)]
    here = status.value if status else ""
    return room.show(
        "inbox",
        room="inbox",
        **frame(session),
        found=[_letter(message, names[message.site_id]) for message in found],
        tabs=[(_place(value), name, value == here) for value, name in tabs],
        more=_place(here, more) if more else "",
        status=here,
    )


@room.blueprint.post("/inbox/<message_id>")
def treat(message_id: str) -> AnyResponse:
    session = room.present()
    room.check_form(session)
    version = request.form.get("version", "")
    try:
        treatment = Treatment(request.form.get("treatment", ""))
    except ValueError as error:
        raise BadRequest from error
    if not room.is_number(version):
        raise BadRequest
    contact.treat(
        toolbox(),
        message_id,
        treatment,
        who=session.moderator.email,
        version=int(version),
        site_ids=session.site_ids,
    )
    status = _asked(request.form.get("status", ""))
    return redirect(_place(status.value if status else ""), 303)


def _letter(message: ReaderMessage, site: str) -> Letter:
    subject = f"Re: {message.subject}".strip() if message.subject else f"Re: {site}"
    return Letter(
        message=message,
        site=site,
        status=say(STATUSES[message.status], room.language()),
        reasons=room.told(message.reasons),
        answer=f"mailto:{quote(message.email, safe='@')}?subject={quote(subject)}",
        may=_may(message),
    )


def _may(message: ReaderMessage) -> tuple[str, ...]:
    release = message.mailed_at is None or message.status is MessageStatus.SPAM
    options = {
        Treatment.RELEASE: release,
        Treatment.READ: message.status is not MessageStatus.READ,
        Treatment.SPAM: message.status is not MessageStatus.SPAM,
    }
    return tuple(treatment.value for treatment, there in options.items() if there)


def _asked(status: str) -> MessageStatus | None:
    """Raises ``NotFound`` for a status that is none; "" is all of them."""
    try:
        return MessageStatus(status) if status else None
    except ValueError as error:
        raise NotFound from error


def _place(status: str, after: str = "") -> str:
    return room.to("/desk/inbox", status=status, after=after)
