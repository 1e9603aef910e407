"""``/demo/mails/``: the messages that the folder transport kept."""

import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from flask import Blueprint, Response, make_response, render_template
from markupsafe import Markup, escape

from engagement.domain.errors import NotFound
from engagement.domain.sites import DEFAULT_ZONE
from engagement.language import moment
from engagement.web.house import language, toolbox
from engagement.web.pages.words import words

blueprint = Blueprint("demo_mails", __name__, template_folder="templates")

MOST_SHOWN = 200
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:)]")
# Mails carry their styles inline; nothing in them runs, and nothing is fetched.
_CSP = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Mail:
    """A caught message, as the pages show it."""

    id: str
    subject: str
    sender: str
    recipient: str
    date: str
    text: str = ""
    html: str = ""

    @property
    def linked(self) -> Markup:
        """The text with its addresses as links, all else escaped."""
        shown, end = Markup(""), 0
        for found in _LINK.finditer(self.text):
            url = found[0]
            shown += escape(self.text[end : found.start()])
            shown += Markup('<a href="{0}" rel="noopener">{0}</a>').format(url)
            end = found.end()
        return shown + escape(self.text[end:])


@blueprint.get("/demo/mails/")
def every() -> Response:
    """All of them, newest first."""
    return _page("demo/mails.html", mails=[_read(path) for path in _newest()[:MOST_SHOWN]])


@blueprint.get("/demo/mails/<mail_id>")
def one(mail_id: str) -> Response:
    """One message: its text, and its HTML in a frame where nothing runs."""
    return _page("demo/mail.html", mail=_read(_find(mail_id)))


@blueprint.get("/demo/mails/<mail_id>.eml")
def source(mail_id: str) -> Response:
    """The bytes."""
    answer = Response(_find(mail_id).read_bytes(), content_type="message/rfc822")
    answer.headers["Content-Disposition"] = f'attachment; filename="{mail_id}.eml"'
    return answer


def _page(template: str, **facts: object) -> Response:
    answer = make_response(render_template(template, words=words(language()), language=language(), **facts))
    answer.headers["Content-Security-Policy"] = _CSP
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _newest() -> list[Path]:
    """Names begin with the time they were written at."""
    found = [p for p in Path(toolbox().settings.mail.folder).glob("*.eml") if _is_ours(p)]
    return sorted(found, key=lambda path: path.name, reverse=True)


def _is_ours(path: Path) -> bool:
    return bool(_NAME.fullmatch(path.stem)) and path.is_file() and not path.is_symlink()


def _find(mail_id: str) -> Path:
    """Only what the list shows can be asked for. Raises ``NotFound``."""
    for path in _newest():
        if path.stem == mail_id:
            return path
    raise NotFound


def _read(path: Path) -> Mail:
    message = message_from_bytes(path.read_bytes(), policy=default)
    return Mail(
        id=path.stem,
        subject=str(message["Subject"] or ""),
        sender=str(message["From"] or ""),
        recipient=str(message["To"] or ""),
        date=_date(message),
        text=_part(message, "plain"),
        html=_part(message, "html"),
    )


def _date(message: EmailMessage) -> str:
    """When it was written, in words; as it stands where it is no date."""
    header = message["Date"]
    at = getattr(header, "datetime", None)
    return moment(at, language(), DEFAULT_ZONE) if at is not None else str(header or "")


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""
