"""The walls of the desk: its pages' frame, its headers, who is in, and what a form must prove."""

import hmac
import secrets
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from flask import Response, g, redirect, render_template, request
from flask.blueprints import Blueprint
from werkzeug.wrappers import Response as AnyResponse

from engagement.domain.desk.moderators import SESSION_MOST, DeskSession
from engagement.domain.discussion.pages import BadAddress, origin_of
from engagement.domain.discussion.reasons import moderator_text
from engagement.domain.errors import EngagementError, InvalidInput, MalformedRequest, NotAuthorised, NotPermitted
from engagement.domain.messages import N_, Message
from engagement.domain.notices import masked
from engagement.domain.policy import Reason
from engagement.domain.sites import DEFAULT_ZONE
from engagement.language import TONGUES, age, best_language, say, speaker
from engagement.language import moment as written
from engagement.services.audience import contacts
from engagement.services.desk import moderators
from engagement.services.mailing import bounces, handing_over
from engagement.web.house import language as readers_language
from engagement.web.house import toolbox

_HERE = Path(__file__).resolve().parent
AGO = N_("%(age)s ago")
DEVICE_DAYS = 180
NOBODY_THERE = N_(
    "Mails to %(who)s come back: nobody seems to be there. Mend the mailbox, or give the site another address with: "
    "engagement site set, engagement moderator add"
)


_KEPT = ("status", "site", "after")


def _make() -> Blueprint:
    made = Blueprint(
        "desk",
        __name__,
        url_prefix="/desk",
        template_folder=str(_HERE / "templates"),
        static_folder=str(_HERE / "static"),
        static_url_path="/static",
    )
    made.register_error_handler(NotAuthorised, lambda _error: redirect(to("/desk/login"), 303))
    made.after_request(guarded)
    return made


def language() -> str:
    asked = request.args.get("lang")
    return best_language(asked) if asked else readers_language()


def to(path: str, **query: str) -> str:
    """An address of the desk, in the language that somebody chose with ``?lang=``; empty values are left out."""
    chosen = request.args.get("lang")
    wanted = {name: value for name, value in query.items() if value}
    if chosen and "lang" not in wanted:
        wanted["lang"] = best_language(chosen)
    return f"{path}?{urlencode(wanted)}" if wanted else path


def show(template: str, code: int = 200, /, **facts: object) -> Response:
    """A page of the desk in the moderator's language; ``me``, among the facts, is who is in."""
    tongue, me = language(), facts.get("me")
    zone = clocks(me) if isinstance(me, DeskSession) else DEFAULT_ZONE
    page = render_template(
        f"desk/{template}.html",
        _=speaker(tongue),
        language=tongue,
        nonce=nonce(),
        alarms=_alarms(me, tongue) if isinstance(me, DeskSession) else [],
        moment=lambda at: written(at, tongue, zone),
        zone=zone,
        ago=lambda at: say(Message(AGO, {"age": age(toolbox().clock.now() - at, tongue)}), tongue),
        to=to,
        others=[(t, name, _here(t)) for t, name in TONGUES.items() if t != tongue],
        **facts,
    )
    return Response(page, code, content_type="text/html; charset=utf-8")


def clocks(session: DeskSession) -> str:
    """The time zone that all times of the desk are in: that of the moderator's first site."""
    return session.sites[0].rules.time_zone if session.sites else DEFAULT_ZONE


def _alarms(session: DeskSession, tongue: str) -> list[str]:
    """What whoever works here must know before anything else."""
    said = contacts.alarm(toolbox())
    returned = ", ".join(masked(email) for email in bounces.alarms(toolbox(), session.sites))
    found = [one for one in (said, handing_over.alarm(toolbox())) if one]
    found += [Message(NOBODY_THERE, {"who": returned})] if returned else []
    return [say(one, tongue) for one in found]


def nonce() -> str:
    if "desk_nonce" not in g:
        g.desk_nonce = secrets.token_urlsafe(16)
    return str(g.desk_nonce)


def guarded(answer: Response) -> Response:
    """A problem becomes a page; nothing but the style sheet is kept, framed or indexed."""
    if answer.mimetype == "application/problem+json":
        said = answer.get_json(force=True)
        lines = list(dict.fromkeys([said["detail"], *(e["detail"] for e in said.get("errors", []))]))
        page = show("problem", title=said["title"], lines=lines)
        answer.set_data(page.get_data())
        answer.content_type = page.content_type
    if request.endpoint != "desk.static":
        answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; img-src data:; script-src 'nonce-{nonce()}'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    answer.headers["X-Frame-Options"] = "DENY"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["X-Robots-Tag"] = "noindex"
    # Not "no-referrer": with it browsers send "Origin: null" with our own forms.
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


def present() -> DeskSession:
    """Who is signed in. Raises ``NotAuthorised``."""
    found = moderators.session_of(toolbox(), request.cookies.get(cookie_name(), ""))
    if found is None:
        raise NotAuthorised
    return found


def check_form(session: DeskSession) -> None:
    """The form is ours and was sent from our pages. Raises ``NotPermitted``."""
    check_sender()
    sent = request.form.get("csrf", "")
    if not hmac.compare_digest(sent.encode("utf-8", "surrogatepass"), session.csrf.encode()):
        raise NotPermitted


def check_sender() -> None:
    """Browsers tell where a form was sent from; another place than ours is refused. Raises ``NotPermitted``.

    Nor does anybody type the one character that PostgreSQL cannot hold: ``MalformedRequest``.
    """
    if any("\0" in value for value in request.form.values()):
        raise MalformedRequest
    fetched, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if fetched is not None:
        if fetched not in {"same-origin", "none"}:
            raise NotPermitted
        return
    if origin is None:
        return  # no browser of today; the form's token still has to be right
    try:
        ours = {origin_of(toolbox().settings.server.public_url), origin_of(request.host_url)}
        if origin_of(origin) in ours:
            return
    except BadAddress:
        pass
    raise NotPermitted


def cookie_name() -> str:
    return "__Host-session" if _secure() else "session"


def device_name() -> str:
    """Of the cookie that shows, without letting anybody in, that this browser was let in before."""
    return "__Host-device" if _secure() else "device"


def let_in(token: str) -> AnyResponse:
    """On to the queue, with a session's cookie."""
    answer = redirect(to("/desk/"), 303)
    answer.set_cookie(
        cookie_name(),
        token,
        max_age=SESSION_MOST,
        path="/",
        secure=_secure(),
        httponly=True,
        samesite="Lax",
    )
    known = moderators.device_of(toolbox(), token)
    answer.set_cookie(
        device_name(), known, max_age=DEVICE_DAYS * 86_400, path="/", secure=_secure(), httponly=True, samesite="Lax"
    )
    return answer


def let_out() -> AnyResponse:
    answer = redirect(to("/desk/login"), 303)
    answer.delete_cookie(cookie_name(), path="/", secure=_secure(), httponly=True, samesite="Lax")
    return answer


def told(reasons: Iterable[Reason]) -> str:
    """Reasons as a moderator reads them."""
    return "; ".join(say(moderator_text(reason), language()) for reason in reasons)


def is_number(text: str) -> bool:
    """Whether a field holds a whole number that a column can hold, too."""
    return text.isascii() and text.isdigit() and len(text) < 10


def sentence(error: EngagementError) -> str:
    message = error.errors[0].message if isinstance(error, InvalidInput) else error.message
    return say(message, language())


def _here(tongue: str) -> str:
    """This page in another language; a form's answer has no address of its own, so that leads to the entrance."""
    if request.method not in {"GET", "HEAD"}:
        return f"/desk/?lang={tongue}"
    return to(request.path, **{name: request.args[name] for name in _KEPT if name in request.args}, lang=tongue)


def _secure() -> bool:
    return urlsplit(toolbox().settings.server.public_url).scheme == "https"


blueprint = _make()
