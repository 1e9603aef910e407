"""The queue, one comment with its log, verdicts and their undoing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, redirect, request
from markupsafe import Markup
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from engagement import markup
from engagement.domain.comments import Status
from engagement.domain.desk.analysis import utf16_length
from engagement.domain.desk.moderators import DeskSession
from engagement.domain.discussion.appeals import words_of
from engagement.domain.discussion.reasons import LABEL_NAMES, TONGUES
from engagement.domain.errors import NotFound
from engagement.domain.messages import N_, Message
from engagement.domain.moderation import Actor, LogLine, QueueItem, Verdict
from engagement.domain.screening import Span
from engagement.language import age as age_of
from engagement.language import moment, say
from engagement.markup import Mark
from engagement.services import moderation
from engagement.services.desk import highlights, moderators
from engagement.services.mailing import contact, mail_quota, mails
from engagement.web.desk import room
from engagement.web.house import toolbox

CARDS = 25
MOST_NOTE = 2_000
STATUSES = {
    Status.HELD: N_("Held"),
    Status.PUBLISHED: N_("Published"),
    Status.REJECTED: N_("Rejected"),
    Status.SPAM: N_("Spam"),
    Status.RECEIVED: N_("Received"),
    Status.DELETED: N_("Deleted"),
}
DOINGS = {
    "approve": N_("approved"),
    "reject": N_("rejected"),
    "spam": N_("marked as spam"),
    "undo": N_("verdict undone"),
    "appealed": N_("appealed by its author"),
    "screened-again": N_("screened again"),
    "edit": N_("changed by its author"),
    "edit-held": N_("change held by the machine"),
    "edit-rejected": N_("change rejected by the machine"),
    "edit-approve": N_("change approved"),
    "edit-reject": N_("change rejected"),
    "edit-screened": N_("change screened again"),
    "delete": N_("deleted by its author"),
    "imported": N_("imported"),
    "publish": N_("published by the machine"),
    "hold": N_("held by the machine"),
    "sign-in-tried": N_("tried to sign in"),
    "signed-in": N_("signed in"),
    "password-set": N_("chose a password"),
    "message-read": N_("marked a message as read"),
    "message-spam": N_("marked a message as spam"),
    "message-release": N_("let a message through"),
    "settings-saved": N_("changed a site's settings"),
    "form-saved": N_("changed a newsletter form"),
    "mail-resent": N_("sent a mail again"),
    "campaign-paused": N_("paused a campaign"),
    "campaign-resumed": N_("resumed a campaign"),
    "campaign-cancelled": N_("cancelled a campaign"),
    "campaign-again": N_("had a campaign tried again"),
}
MANY = {
    Status.HELD: N_("Held comments"),
    Status.PUBLISHED: N_("Published comments"),
    Status.REJECTED: N_("Rejected comments"),
    Status.SPAM: N_("Spam comments"),
}
PAUSED = N_("No mail leaves: %(reason)s. Next try after %(until)s.")
NO_ANSWER = N_("the mail server does not answer")
BY_WHOM = N_("Then %(doing)s by %(who)s")
THEN = N_("Then %(doing)s")  # by its author, who has no address here
TABS = (Status.HELD, Status.PUBLISHED, Status.REJECTED, Status.SPAM)
STRENGTHS = 3
MOVED = N_("%(label)s +%(score)s")


@dataclass(frozen=True)
class Card:
    """``status`` and ``reasons`` are the machine's words, ``settled`` what a person made of it."""

    item: QueueItem
    body: Markup
    reasons: str
    status: str
    appeal: str | None  # its author's words to the moderator
    stands: Markup  # the published text, where ``body`` is a new one that waits
    settled: str = ""
    language: str = ""


@room.blueprint.get("/")
def queue() -> Response:
    """Cards of one status, the riskiest first while they wait, else the newest."""
    session = room.present()
    status, site = _asked(request.args.get("status", "held")), request.args.get("site", "")
    ids = [s.id for s in session.sites if site in {"", s.key}]
    order = "risk" if status is Status.HELD else "newest"
    after = request.args.get("after") or None
    done = _done(session)
    items, more = moderation.queue(toolbox(), ids, status=status, order=order, limit=CARDS, after=after)
    return room.show(
        "queue",
        room="queue",
        **frame(session),
        cards=[card(item) for item in items],
        tabs=[(room.to("/desk/", status=s.value, site=site), _many(s), s is status) for s in TABS],
        more=room.to("/desk/", status=status.value, site=site, after=more) if more else "",
        status=status.value,
        site=site,
        done=done,
        done_status=_status(done.comment.status) if done else "",
    )


@room.blueprint.get("/comments/<comment_id>")
def one(comment_id: str) -> Response:
    """One comment with every decision about it."""
    session = room.present()
    item = moderation.item(comment_id, session.site_ids)
    lines = [(line, _doing(line.what), room.told(line.reasons)) for line in reversed(item.log)]
    return room.show(
        "comment", **frame(session), card=card(item), lines=lines, status=item.comment.status.value, site=""
    )


@room.blueprint.post("/comments/<comment_id>/verdict")
def settle(comment_id: str) -> AnyResponse:
    session = room.present()
    room.check_form(session)
    try:
        verdict = Verdict(request.form.get("verdict", ""))
    except ValueError as error:
        raise BadRequest from error
    moderation.settle(
        toolbox(),
        comment_id,
        verdict,
        actor=Actor.MODERATOR,
        who=session.moderator.email,
        version=_version(),
        note=request.form.get("note", "").strip().replace("\0", "")[:MOST_NOTE],
        site_ids=session.site_ids,
    )
    return redirect(_back(done=comment_id), 303)


@room.blueprint.post("/comments/<comment_id>/undo")
def undo(comment_id: str) -> AnyResponse:
    session = room.present()
    room.check_form(session)
    moderation.undo(toolbox(), comment_id, session.moderator.email, session.site_ids, _version())
    return redirect(_back(), 303)


@room.blueprint.get("/audit")
def audit() -> Response:
    """The newest verdicts on one's sites, and what was done with one's own account."""
    session = room.present()
    verdicts = [(i, line, _doing(line.what)) for i, line in moderation.decided(session.site_ids)]
    own = [(line, _doing(line.what)) for line in moderators.audit_of(session.moderator.email)]
    return room.show("audit", room="audit", **frame(session), verdicts=verdicts, own=own)


def frame(session: DeskSession) -> dict[str, Any]:
    """What stands above every page: who, what waits, and for how long."""
    count, oldest, last = moderation.waiting(session.site_ids)
    waited = toolbox().clock.now() - oldest if oldest else None
    age = age_of(waited, room.language()) if waited is not None else ""
    letters = contact.waiting(session.site_ids)
    stopped = mail_quota.alarm(toolbox())
    waiting = {"count": count, "age": age, "last": last, "letters": letters}
    return {"me": session, **waiting, "mails_stopped": stopped, "trouble": _trouble(session)}


def _trouble(session: DeskSession) -> str:
    """Why no mail leaves; "" while it does."""
    way = mails.channel_state()
    if way.paused_until is None:
        return ""
    reason = f"{way.code or ''} {way.reply}".strip() or say(NO_ANSWER, room.language())
    values = {"reason": reason, "until": moment(way.paused_until, room.language(), room.clocks(session))}
    return say(Message(PAUSED, values), room.language())


def card(item: QueueItem) -> Card:
    body = underlined(item.comment.body_html, highlights.terms(item), item.spans)
    machine = next((line for line in reversed(item.log) if line.actor is Actor.MACHINE or line.model), None)
    last = item.log[-1] if item.log else None
    status = machine.status_after if machine else item.comment.status
    if item.stands:  # the reasons are those of the new text, which waits
        status = Status.HELD
    settled = _by_whom(last) if last and last.actor is not Actor.MACHINE and not item.stands else ""
    stands = Markup(item.stands)  # noqa: S704 - as in ``underlined``
    tongue = say(TONGUES.get(item.comment.language, item.comment.language), room.language())
    return Card(item, body, room.told(item.reasons), _status(status), words_of(item.log), stands, settled, tongue)


def underlined(html: str, words: Iterable[str], spans: Sequence[Span] = ()) -> Markup:
    """The safe HTML of a comment with listed words and explained spans marked, outside of tags only."""
    marks = _explained(spans)
    for begin, end in _listed(html, words):
        marks = [mark for mark in marks if mark.end <= begin or end <= mark.begin]
        marks.append(Mark(begin, end))
    marks.sort(key=lambda mark: mark.begin)
    return Markup(markup.underlined(html, marks))  # noqa: S704 - cleaned by engagement.markup, and the marks are ours


def _listed(html: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Where listed words stand in the visible text, in UTF-16 code units."""
    plain = [re.escape(w) for w in sorted(words, key=len, reverse=True) if w.replace(" ", "").isalnum()]
    if not plain:
        return []
    text = markup.visible_text(html)
    found = re.finditer(rf"\b(?:{'|'.join(plain)})\b", text, re.IGNORECASE)
    return [(utf16_length(text[: m.start()]), utf16_length(text[: m.end()])) for m in found]


def _explained(spans: Sequence[Span]) -> list[Mark]:
    """A mark for each place, as strong as its strongest label is beside the strongest of all, 1 to 3."""
    places: dict[tuple[int, int], list[Span]] = {}
    for span in spans:
        places.setdefault((span.begin, span.end), []).append(span)
    top = max((span.score for span in spans), default=1.0)
    return [
        Mark(begin, end, f"s{_strength(max(s.score for s in here) / top)}", "; ".join(map(_moved, here)))
        for (begin, end), here in sorted(places.items())
    ]


def _strength(share: float) -> int:
    return min(STRENGTHS, 1 + int(STRENGTHS * share))


def _moved(span: Span) -> str:
    label = Message(LABEL_NAMES.get(span.label, span.label))
    return say(Message(MOVED, {"label": label, "score": span.score}), room.language())


def _done(session: DeskSession) -> QueueItem | None:
    """The comment just decided, to undo it."""
    try:
        item = moderation.item(request.args["done"], session.site_ids) if "done" in request.args else None
    except NotFound:
        return None
    return item if item and item.log and item.log[-1].what in set(Verdict) else None


def _by_whom(line: LogLine) -> str:
    values = {"doing": Message(DOINGS.get(line.what, line.what)), "who": line.who}
    return say(Message(BY_WHOM if line.who else THEN, values), room.language())


def _many(status: Status) -> str:
    return say(MANY[status], room.language())


def _status(status: Status) -> str:
    return say(STATUSES[status], room.language())


def _doing(what: str) -> str:
    return say(Message(DOINGS.get(what, what)), room.language())


def _asked(status: str) -> Status:
    found = next((s for s in TABS if s.value == status), None)
    if found is None:
        raise NotFound
    return found


def _version() -> int | None:
    text = request.form.get("version", "")
    if not text:
        return None
    if not room.is_number(text):
        raise BadRequest
    return int(text)


def _back(**more: str) -> str:
    """The queue the form stood in."""
    status = _asked(request.form.get("status", "held")).value
    return room.to("/desk/", status=status, site=request.form.get("site", ""), **more)
