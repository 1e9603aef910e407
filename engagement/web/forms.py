"""What a client may send, field by field; all mistakes are told together, in the reader's language."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from email_validator import EmailNotValidError, validate_email
from marshmallow import RAISE, Schema, ValidationError, fields, validate

from engagement.domain.comments import MAX_AUTHOR, MAX_EMAIL, MAX_TITLE, MAX_WEBSITE, Submission, is_id
from engagement.domain.discussion import pages
from engagement.domain.errors import FieldError, InvalidInput
from engagement.domain.mailing.contact import MAX_SUBJECT, NewMessage
from engagement.domain.messages import N_, Message
from engagement.domain.sites import MAX_BODY_BYTES, Site
from engagement.services.addresses import NO_ADDRESS

UNKNOWN = N_("This field is not known here.")
REQUIRED = N_("This field must be filled in.")
WRONG_TYPE = N_("This value has the wrong type.")
AUTHOR = N_("Please write your name, in at most %(most)s characters.")
UNREADABLE = N_("Please use characters that can be seen and read.")
EMAIL = NO_ADDRESS
EMAIL_REQUIRED = N_("Please write your e-mail address; it will not be published.")
WEBSITE = N_("Please write a web address that starts with http:// or https://.")
BODY = N_("Please write your comment.")
BODY_LONG = N_("The comment is too long: at most %(most)s bytes.")
PAGE = N_("This address is not one of this site's pages.")
TITLE = N_("The title is too long: at most %(most)s characters.")
LIMIT = N_("Please ask for 1 to %(most)s comments.")
CHOICE = N_("Please choose one of: %(known)s.")
CURSOR = N_("This cursor is not one of ours.")
PARENT = N_("The comment you answer is not there any more.")

SUBJECT = N_("The subject is too long: at most %(most)s characters.")
MESSAGE = N_("Please write your message.")
MESSAGE_LONG = N_("The message is too long: at most %(most)s bytes.")
MESSAGE_EMAIL = N_("Please write your e-mail address, so that you can be answered.")

SORTS = ("oldest", "newest", "popular")
MOST_COMMENTS = 200
_CURSOR = re.compile(r"[0-9a-z.-]{1,40}")  # what no store can choke on
TEXT: dict[str, Any] = {"error_messages": {"required": REQUIRED, "null": REQUIRED, "invalid": WRONG_TYPE}}
_MARKDOWN = {"minLength": 1, "description": f"Markdown, at most {MAX_BODY_BYTES} bytes; a site may set less."}


class Flag(fields.Boolean):
    """true or false, and nothing that stands for them: the library's own takes 1 for true."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Form(Schema):
    """Unknown fields are named, not passed over."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": UNKNOWN, "type": WRONG_TYPE}  # noqa: RUF012 - marshmallow's own habit


class SubmissionForm(Form):
    """The body of ``POST …/comments``."""

    page_url = fields.String(required=True, metadata={"format": "uri"}, **TEXT)
    page_title = fields.String(load_default="", metadata={"maxLength": MAX_TITLE}, **TEXT)
    author = fields.String(required=True, metadata={"minLength": 1, "maxLength": MAX_AUTHOR}, **TEXT)
    email = fields.String(load_default="", metadata={"maxLength": MAX_EMAIL}, **TEXT)
    website = fields.String(load_default="", metadata={"maxLength": MAX_WEBSITE}, **TEXT)
    body = fields.String(required=True, metadata=_MARKDOWN, **TEXT)
    parent = fields.String(load_default=None, allow_none=True, **TEXT)
    notify_replies = Flag(load_default=False, **TEXT)
    challenge = fields.String(load_default="", **TEXT)


class PreviewForm(Form):
    """The body of ``POST …/comments/preview``."""

    body = fields.String(required=True, metadata=_MARKDOWN, **TEXT)


class MessageForm(Form):
    """The body of ``POST …/messages``."""

    name = fields.String(required=True, metadata={"minLength": 1, "maxLength": MAX_AUTHOR}, **TEXT)
    email = fields.String(required=True, metadata={"maxLength": MAX_EMAIL}, **TEXT)
    subject = fields.String(load_default="", metadata={"maxLength": MAX_SUBJECT}, **TEXT)
    body = fields.String(required=True, metadata={"minLength": 1, "description": "Plain text."}, **TEXT)


class ThreadQuery(Form):
    """The query of ``GET …/comments``."""

    page_url = fields.String(required=True, **TEXT)
    sort = fields.String(load_default="oldest", validate=validate.OneOf(SORTS, error="sort"))
    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(1, MOST_COMMENTS, error="limit"),
        error_messages={"invalid": "limit", "too_large": "limit"},
    )
    after = fields.String(load_default=None)


_KNOWN = {
    "sort": Message(CHOICE, {"known": ", ".join(SORTS)}),
    "limit": Message(LIMIT, {"most": MOST_COMMENTS}),
}


def load(form: Schema, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Message]]:
    """The fields that are well, and the first mistake of each that is not."""
    try:
        return dict(form.load(given)), {}
    except ValidationError as error:
        messages = error.messages_dict
        mistakes = {str(k): _KNOWN.get(_first(v), Message(_first(v))) for k, v in messages.items()}
        return dict(error.valid_data or {}), mistakes


def submission(
    given: Mapping[str, Any],
    site: Site,
    *,
    client: str,
    signs: tuple[str, ...] = (),
    challenge: Callable[[str], str] = lambda _: "",
) -> Submission:
    """A reader's comment. ``challenge`` checks the proof of work and gives its nonce, "" where none is needed.

    Raises ``InvalidInput`` that names every wrong field.
    """
    found, wrong = load(SubmissionForm(), given)
    checks: dict[str, Callable[[Any], str | None]] = {
        "page_url": lambda v: page_address(v, site),
        "page_title": _title,
        "author": _author,
        "email": lambda v: mail_address(v, required=site.rules.email_required),
        "website": _website,
        "body": lambda v: markdown_text(v, site.rules.max_body_bytes),
        "parent": _parent,
        "challenge": challenge,
    }
    checked(found, wrong, checks)
    refuse(wrong)
    return Submission(**found, client=client, signs=signs)


def message(given: Mapping[str, Any], site: Site, *, client: str) -> NewMessage:
    """A reader's message to the author. Raises ``InvalidInput`` that names every wrong field."""
    found, wrong = load(MessageForm(), given)
    most = site.rules.max_body_bytes
    checks: dict[str, Callable[[Any], str | None]] = {
        "name": _author,
        "email": lambda v: mail_address(v, required=True, missing=MESSAGE_EMAIL),
        "subject": lambda v: _title(v, MAX_SUBJECT, SUBJECT),
        "body": lambda v: markdown_text(v, most, MESSAGE, MESSAGE_LONG),
    }
    checked(found, wrong, checks)
    refuse(wrong)
    return NewMessage(**found, client=client)


def preview(given: Mapping[str, Any], site: Site) -> str:
    found, wrong = load(PreviewForm(), given)
    if not wrong:
        try:
            return markdown_text(found["body"], site.rules.max_body_bytes)
        except Wrong as error:
            wrong["body"] = error.message
    refuse(wrong)
    return ""


def likely_page(value: str) -> str:
    """The address under which a page would be kept, before anybody knows its site; "" for what is no address."""
    try:
        return pages.normalise(value)
    except pages.BadAddress:
        return ""


def thread_query(given: Mapping[str, Any], site: Site) -> dict[str, Any]:
    found, wrong = load(ThreadQuery(), given)
    if "page_url" in found:
        try:
            found["page_url"] = page_address(found["page_url"], site)
        except Wrong as error:
            wrong["page_url"] = error.message
    if not _CURSOR.fullmatch(found.get("after") or "0"):
        wrong["after"] = Message(CURSOR)
    refuse(wrong)
    return found


def feed_query(given: Mapping[str, Any], site: Site) -> str | None:
    """The page a feed is of, or None for the whole site. Raises ``InvalidInput``."""
    found = dict(given)
    wrong = {name: Message(UNKNOWN) for name in given if name != "page_url"}
    if "page_url" in found:
        checked(found, wrong, {"page_url": lambda v: page_address(v, site)})
    refuse(wrong)
    return found.get("page_url")


def checked(found: dict[str, Any], wrong: dict[str, Message], checks: Mapping[str, Callable[[Any], Any]]) -> None:
    """Put each field through its check; the first mistake of each goes into ``wrong``."""
    for name, check in checks.items():
        if name in wrong:
            continue
        try:
            found[name] = check(found.get(name, ""))
        except Wrong as error:
            wrong[name] = error.message


def refuse(wrong: Mapping[str, Message]) -> None:
    """Raise ``InvalidInput`` when there is anything to say."""
    if wrong:
        raise InvalidInput([FieldError(f"/{_escaped(k)}", m) for k, m in sorted(wrong.items())])


class Wrong(Exception):
    """What is wrong with one field, in a sentence."""

    def __init__(self, text: str, **values: object) -> None:
        self.message = Message(text, values)
        super().__init__(text)


def page_address(value: str, site: Site) -> str:
    try:
        if pages.belongs(value, site.origins):
            return pages.normalise(value)
    except pages.BadAddress:
        pass
    raise Wrong(PAGE)


def _title(value: str, most: int = MAX_TITLE, long: str = TITLE) -> str:
    flat = " ".join(readable(value).split())
    if len(flat) > most:
        raise Wrong(long, most=most)
    return flat


def _author(value: str) -> str:
    name = " ".join(readable(value).split())
    if not name or len(name) > MAX_AUTHOR:
        raise Wrong(AUTHOR, most=MAX_AUTHOR)
    if all(unicodedata.category(c)[0] in "CZM" or c in "\u2800\u3164\u115f\u1160\uffa0" for c in name):
        raise Wrong(UNREADABLE)
    return name


def readable(value: str) -> str:
    """No control characters and no direction controls; other invisible joiners belong to emoji and scripts."""
    directions = {chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)}
    if any((unicodedata.category(c) == "Cc" and c not in "\t\n\r") or c in directions for c in value):
        raise Wrong(UNREADABLE)
    return value


def mail_address(value: str, *, required: bool, missing: str = EMAIL_REQUIRED) -> str:
    if not value.strip():
        if required:
            raise Wrong(missing)
        return ""
    try:
        checked = validate_email(value.strip(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise Wrong(EMAIL) from error
    if len(checked) > MAX_EMAIL:
        raise Wrong(EMAIL)
    local, _, domain = checked.rpartition("@")
    return f"{local}@{domain.lower()}"


def _website(value: str) -> str:
    value = value.strip()
    if not value:
        return ""
    try:
        address = pages.normalise(value)
    except pages.BadAddress as error:
        raise Wrong(WEBSITE) from error
    if len(value) > MAX_WEBSITE or len(address) > MAX_WEBSITE:
        raise Wrong(WEBSITE)
    return address


def markdown_text(value: str, most: int, empty: str = BODY, long: str = BODY_LONG) -> str:
    if not value.strip():
        raise Wrong(empty)
    if len(value.encode("utf-8")) > most:
        raise Wrong(long, most=most)
    if "\x00" in value:
        raise Wrong(UNREADABLE)
    return value


def _parent(value: str | None) -> str | None:
    if value and not is_id(value):
        raise Wrong(PARENT)
    return value or None


def _first(found: Any) -> str:
    while isinstance(found, dict | list):
        found = next(iter(found.values() if isinstance(found, dict) else found))
    return str(found)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
