"""The queue, one comment with its log, verdicts and their undoing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_timedelta
from flask import Response, redirect, request
from markupsafe import Markup
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from engagement import markup
from engagement.domain.comments import Status
from engagement.domain.errors import NotFound
from engagement.domain.messages import N_, Message
from engagement.domain.moderation import Actor, LogLine, QueueItem, Verdict
from engagement.domain.moderators import DeskSession
from engagement.domain.reasons import LABEL_NAMES, moderator_text
from engagement.domain.screening import Span
from engagement.language import say
from engagement.markup import Mark
from engagement.services import highlights, moderation, moderators
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
    "screened-again": N_("screened again"),
    "publish": N_("published by the machine"),
    "hold": N_("held by the machine"),
    "sign-in-tried": N_("tried to sign in"),
    "signed-in": N_("signed in"),
    "password-set": N_("chose a password"),
}
TABS = (Status.HELD, Status.PUBLISHED, Status.REJECTED, Status.SPAM)
STRENGTHS = 3
MOVED = N_("%(label)s +%(score)s")


@dataclass(frozen=True)
class Card:
    item: QueueItem
    body: Markup
    reasons: str
    status: str


@room.blueprint.get("/")
def queue() -> Response:
    """Cards of one status, the riskiest first while they wait, else the newest."""
    session = room.present()
    status, site = _asked(request.args.get("status", "held")), request.args.get("site", "")
    ids = [s.id for s in session.sites if site in {"", s.key}]
    order = "risk" if status is Status.HELD else "newest"
    after = request.args.get("after") or None
    items, more = moderation.queue(toolbox(), ids, status=status, order=order, limit=CARDS, after=after)
    place = _place(status.value, site)
    return room.show(
        "queue",
        **_frame(session),
        cards=[card(item) for item in items],
        tabs=[(_place(s.value, site), _status(s), s is status) for s in TABS],
        more=f"{place}&{urlencode({'after': more})}" if more else "",
        status=status.value,
        site=site,
        done=_done(session),
    )


@room.blueprint.get("/comments/<comment_id>")
def one(comment_id: str) -> Response:
    """One comment with every decision about it."""
    session = room.present()
    item = moderation.item(comment_id, session.site_ids)
    lines = [(line, _doing(line.what), _reasons(line)) for line in reversed(item.log)]
    return room.show(
        "comment", **_frame(session), card=card(item), lines=lines, status=item.comment.status.value, site=""
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
        note=request.form.get("note", "").strip()[:MOST_NOTE],
        site_ids=session.site_ids,
    )
    return redirect(f"{_back()}&{urlencode({'done': comment_id})}", 303)


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
    return room.show("audit", **_frame(session), verdicts=verdicts, own=own)


def _frame(session: DeskSession) -> dict[str, Any]:
    """What stands above every page: who, what waits, and for how long."""
    count, oldest, last = moderation.waiting(session.site_ids)
    waited = toolbox().clock.now() - oldest if oldest else None
    age = format_timedelta(waited, locale=room.language()) if waited is not None else ""
    return {"me": session, "count": count, "age": age, "last": last}


def card(item: QueueItem) -> Card:
    body = underlined(item.comment.body_html, highlights.terms(item), item.spans)
    reasons = "; ".join(say(moderator_text(r), room.language()) for r in item.reasons)
    return Card(item, body, reasons, _status(item.comment.status))


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
    return [(markup.units(text[: m.start()]), markup.units(text[: m.end()])) for m in found]


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
        return moderation.item(request.args["done"], session.site_ids) if "done" in request.args else None
    except NotFound:
        return None


def _reasons(line: LogLine) -> str:
    return "; ".join(say(moderator_text(r), room.language()) for r in line.reasons)


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
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadRequest
    return int(text)


def _place(status: str, site: str) -> str:
    return "/desk/?" + urlencode({"status": status} | ({"site": site} if site else {}))


def _back() -> str:
    """The queue the form stood in."""
    return _place(_asked(request.form.get("status", "held")).value, request.form.get("site", ""))
