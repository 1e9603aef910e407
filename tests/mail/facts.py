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
    "count": 3,
    "held": [
        {
            "author": "Anna",
            "title": "Un server di casa",
            "body": "Bello.",
            "reasons": ["tossicità 0,71, soglia 0,60"],
            "decide_url": "https://blog.example/decide/abc",
            "url": "https://blog.example/server#comment-1",
        }
    ],
    "pages": [
        {
            "title": "Un server di casa",
            "url": "https://blog.example/server",
            "count": 2,
            "comments": [{"author": "Bruno", "body": "Concordo.", "url": "https://blog.example/server#comment-2"}],
        }
    ],
    "more": 1,
    "waiting": 2,
    "title": "Un server di casa",
    "one_page": True,
    "age": "2 giorni",
    "reports": 1,
    "first": "16 novembre 2026",
    "last": "22 novembre 2026",
    "statuses": [("Commenti pubblicati", 12), ("Commenti in attesa", 2)],
    "days": [{"name": "lunedì", "padded": "lunedì   ", "count": 12, "bar": "▇" * 24, "percent": 100}],
    "list": "demo.newsletter",
    "articles": [{"title": "Un server", "summary": "Con un portatile.", "url": "https://blog.example/server"}],
    "confirm_url": "https://blog.example/newsletter/confirm/abc",
    "leave_url": "https://blog.example/newsletter/leave/abc",
    "preferences_url": "https://blog.example/preferences/abc",
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
