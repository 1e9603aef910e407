"""Delivery status notifications, by which a mail server says that a mail did not arrive (RFC 3464, 6522, 6533).

The first part of a report is for people, the second for programs; the third is the mail itself or its headers, in
which our own Message-ID stands.
"""

import logging
import re
from email import message_from_bytes, message_from_string
from email.message import Message

from engagement.domain.mailing.bounces import Report, Returned, better_status, clean, of_diagnostic

_log = logging.getLogger(__name__)
_STATUS = {"message/delivery-status", "message/global-delivery-status"}
_RETURNED = {"message/rfc822", "message/global"}
_RETURNED |= {"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"}
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,198}>")  # the printable characters of ASCII, as ours are
_MOST_ADDRESS = 254
_MOST_RECIPIENTS, _MOST_FIELD = 100, 2_000


def read_report(raw: bytes) -> Report | None:
    """What a report says; None for any other message. Never raises, for anybody can write to where reports go."""
    try:
        return _read(message_from_bytes(raw))
    except Exception as error:  # noqa: BLE001 - the parser is lenient, but promises nothing; a mail must not come again
        _log.warning("a message cannot be read as a report: %s", type(error).__name__)
        return None


def _read(message: Message) -> Report | None:
    parts = [part for part in _parts(message) if isinstance(part, Message)]
    told = next((part for part in parts if part.get_content_type() in _STATUS), None)
    if message.get_content_type() != "multipart/report" or told is None:
        return None
    found = [_recipient(block) for block in _blocks(told)[: _MOST_RECIPIENTS + 1]]
    return Report(
        next((name for name in map(_message_id, parts) if name), ""), tuple(one for one in found if one is not None)
    )


def _parts(message: Message) -> list[object]:
    payload: object = message.get_payload()
    return payload if isinstance(payload, list) else []


def _blocks(told: Message) -> list[Message]:
    """Fields about the mail, then about each recipient. The newer kind of part is to the parser a mail of its own."""
    found = [block for block in _parts(told) if isinstance(block, Message)]
    if told.get_content_type() == "message/delivery-status":
        return found
    rest = found[0].get_payload() if found else ""
    texts = re.split(r"\r?\n\s*\r?\n", rest) if isinstance(rest, str) else []
    return found + [message_from_string(text) for text in texts[:_MOST_RECIPIENTS]]


def _recipient(block: Message) -> Returned | None:
    """One block of fields about one recipient; None for another block, and for one about a success."""
    action = _field(block, "Action").lower()
    addresses = {_address(_field(block, name)) for name in ("Final-Recipient", "Original-Recipient")} - {""}
    if action not in {"failed", "delayed"} or not addresses:
        return None
    diagnostic = _field(block, "Diagnostic-Code")
    code, diagnosed = of_diagnostic(diagnostic)
    status = better_status(_field(block, "Status"), diagnosed)
    words = clean(diagnostic.partition(";")[2] or diagnostic)
    words = words.removeprefix(str(code or "")).lstrip(" -")
    return Returned(tuple(sorted(addresses)), action == "failed", status, code, words)


def _address(field: str) -> str:
    """``rfc822; <Anna@posta.example>`` as ``anna@posta.example``; "" where there is none."""
    kind, _, address = field.partition(";")
    address = address.strip().strip("<>").lower()
    usable = kind.strip().lower() in {"rfc822", "utf-8"} and "@" in address and len(address) <= _MOST_ADDRESS
    return address if usable else ""


def _message_id(part: Message) -> str:
    """The Message-ID of the mail that a part returns, whole or its headers; "" where it returns none."""
    if part.get_content_type() not in _RETURNED:
        return ""
    inner = next((one for one in _parts(part) if isinstance(one, Message)), None)
    if inner is None:
        text = part.get_payload(decode=True)
        inner = message_from_bytes(text if isinstance(text, bytes) else b"")
    found = _MESSAGE_ID.search(_field(inner, "Message-ID"))
    return found[0] if found else ""


def _field(message: Message, name: str) -> str:
    """A field in one line; "" where it is missing."""
    return " ".join(str(message.get(name, ""))[:_MOST_FIELD].split())
