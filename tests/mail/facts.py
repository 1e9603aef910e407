"""What letters are written from, in the tests of this room."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from engagement.domain.notices import NoticeKind
from engagement.mail.messages import Letterbox

SENDER = "commenti@blog.example"
AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
MESSAGE_ID = "<n.0123456789abcdef.comment-held@blog.example>"
FACTS: dict[str, object] = {
    "recipient": "autore@demo.example",
    "created_at": AT,
    "site_name": "Il blog di prova",
    "page_title": "Un server di casa",
    "page_url": "https://blog.example/server#comment-1",
    "author": "Anna",
    "body": "Bello.\nDavvero.",
    "reasons": ["tossicità 0,71, soglia 0,60"],
    "decide_url": "https://blog.example/decide/abc",
    "desk_url": "https://blog.example/desk/inbox",
    "email": "lettrice@posta.example",
    "reply_to": "lettrice@posta.example",
    "topic": "Una domanda",
    "unchecked": False,
    "published": True,
    "reference": "0123456789abcdef",
    "removed": True,
    "comment_url": "https://blog.example/server#comment-1",
    "list": "demo.newsletter",
    "articles": [{"title": "Un server", "summary": "Con un portatile.", "url": "https://blog.example/server"}],
    "more": 0,
    "leave_url": "https://blog.example/newsletter/leave/abc",
    "confirm_url": "https://blog.example/newsletter/confirm/abc",
}


def write(kind: NoticeKind = NoticeKind.COMMENT_HELD, language: str = "it", **changed: object) -> bytes:
    return Letterbox(SENDER).write(kind, language, FACTS | changed, MESSAGE_ID)


def read(raw: bytes) -> EmailMessage:
    letter = message_from_bytes(raw, policy=policy.default)
    assert isinstance(letter, EmailMessage)
    return letter


def part(raw: bytes, kind: str) -> str:
    found = read(raw).get_body((kind,))
    assert found is not None
    text = found.get_content()
    assert isinstance(text, str)
    return text
