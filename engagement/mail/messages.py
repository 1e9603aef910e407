"""Letters from templates: ``templates/<kind>/subject.txt``, ``body.txt`` and ``body.html``."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from email import message_from_bytes, policy
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses
from hashlib import sha256
from pathlib import Path
from typing import Any

from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from engagement.domain.notices import NoticeKind
from engagement.language import speaker

_TEMPLATES = Path(__file__).with_name("templates")
_MAX_HEADER = 200
_MAX_ADDRESS = 254  # RFC 5321
_LISTED = {NoticeKind.NEW_ARTICLE, NoticeKind.WEEKLY_DIGEST}  # mail to subscribers, who can leave
_ATEXT = r"[A-Za-z0-9!#$%&'*+/?^_`{|}~-]"  # RFC 5322; without "=", which begins encoded words
# Mail programs make links of bare names too ("casino-xyz.com", "bit.ly/x", "a@b.example"), by lists of endings that
# grow each year: so every dot before letters goes, but before endings of files and of Italian titles that nobody can
# register. It goes as people write who warn of addresses: an invisible sign in its place may be dropped on the way,
# which brings the link back, and looks like a spammer's trick to filters.
_NO_ENDINGS = r"(?:js|ts|py|css|html?|json|xml|txt|pdf|php|ya?ml|toml|conf|ra|ssa)\b(?![-.]\w)"
_NAME_DOT = re.compile(rf"(?<=[\w-])[.\u3002\uff0e\uff61](?!{_NO_ENDINGS})(?=[^\W\d_]{{2}})", re.IGNORECASE)
_ADDRESS = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


# Newsletter services read {{ names }}, {% commands %} and, in older letters, {NAMES} and [NAMES]. A stranger's signs
# for them are hidden while the letter is written, for the style sheet's inliner would undo escapes.
_SIGNS = dict(zip("{}[]", "\ue000\ue001\ue002\ue003", strict=True))
_HIDDEN = str.maketrans(_SIGNS)
_IN_HTML = {ord(hidden): f"&#{ord(sign)};" for sign, hidden in _SIGNS.items()}
_IN_SUBJECT = {ord(hidden): {"{": "(", "}": ")"}.get(sign, sign) for sign, hidden in _SIGNS.items()}


class _WholeHeader(UnstructuredHeader):
    """Addresses in angle brackets, in one line: folding would make encoded words of long ones, which nobody reads."""

    def fold(self, *, policy: policy.Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined] # the registry adds BaseHeader


def _policy() -> "policy.EmailPolicy[EmailMessage]":
    registry = HeaderRegistry()
    for name in ("List-Unsubscribe", "In-Reply-To", "References"):
        registry.map_to_type(name, _WholeHeader)  # type: ignore[arg-type] # as above
    return policy.SMTP.clone(header_factory=registry)


_POLICY = _policy()


class Letterbox:
    """Writes letters from ``sender``, an address of ours."""

    def __init__(self, sender: str) -> None:
        self._sender = sender
        self._text = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            undefined=StrictUndefined,
            autoescape=select_autoescape(["html"]),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # Remote loading is on by default in this library; a mail must never fetch anything.
        self._inline = CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)

    def write(self, kind: NoticeKind, language: str, facts: Mapping[str, object], message_id: str) -> bytes:
        """RFC 5322 bytes, equal for equal arguments.

        ``facts`` are those of the kind's templates, with ``recipient``, ``created_at`` and ``site_name``. A stranger's
        ``reply_to`` is a header only where it is one plain address; else the letter goes without.
        Raises ``ValueError`` when the result would carry other headers than the ones meant here.
        """
        reply_to = plain_address(str(facts.get("reply_to", "")))
        given = dict(facts) | {"_": speaker(language), "language": language, "reply_to": reply_to}
        subject = header_safe(self._text.get_template(f"{kind.value}/subject.txt").render(given))
        text = self._text.get_template(f"{kind.value}/body.txt").render(given)
        markup = self._inline.inline(self._text.get_template(f"{kind.value}/body.html").render(given))
        letter = EmailMessage(policy=_POLICY)
        headers = self._headers(kind, facts, subject, message_id) | ({"Reply-To": reply_to} if reply_to else {})
        for name, value in headers.items():
            letter[name] = value
        letter.set_content(text)
        letter.add_alternative(markup, subtype="html")
        # The MIME boundary is random by default; a retry must be the same bytes.
        letter.set_boundary(f"=_{sha256(message_id.encode()).hexdigest()[:32]}")
        return _checked(letter.as_bytes(), set(headers), str(headers["To"]), reply_to)

    def issue(self, kind: NoticeKind, language: str, facts: Mapping[str, object]) -> tuple[str, str]:
        """Subject and HTML of a letter that a newsletter service sends.

        Only ``leave_url`` is for the service's template language: braces and brackets of all other facts are still.
        """
        given = _stilled({name: fact for name, fact in facts.items() if name != "leave_url"})
        given |= {"_": speaker(language), "leave_url": facts["leave_url"], "language": language}
        subject = self._text.get_template(f"{kind.value}/subject.txt").render(given)
        markup = self._inline.inline(self._text.get_template(f"{kind.value}/body.html").render(given))
        return header_safe(subject.translate(_IN_SUBJECT)), markup.translate(_IN_HTML)

    def quote(self, text: str) -> str:
        """A stranger's text, safe to stand in a letter: nothing in it becomes a link."""
        return _NAME_DOT.sub("[.]", without_links(text))

    def cite(self, text: str) -> str:
        """The site's own text: an address in it becomes no link, names such as ASP.NET stay as they are."""
        return without_links(text)

    def _headers(
        self, kind: NoticeKind, facts: Mapping[str, object], subject: str, message_id: str
    ) -> dict[str, object]:
        name, _, domain = self._sender.rpartition("@")
        created = facts["created_at"]
        if not isinstance(created, datetime):
            raise ValueError("created_at must be a time")
        headers: dict[str, object] = {
            "From": Address(header_safe(str(facts["site_name"])), name, domain),
            "To": deliverable(str(facts["recipient"])),
            "Subject": subject,
            "Date": format_datetime(created),
            "Message-ID": message_id,
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            "List-Id": f"<{kind.value}.{domain}>",
        }
        if facts.get("unsubscribe"):  # RFC 8058: one POST to this address, without login, ends such letters
            headers["List-Unsubscribe"] = f"<{facts['unsubscribe']}>"
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        if kind in _LISTED:
            headers |= _list_headers(facts, domain)
        elif "page_url" in facts:
            page = str(facts["page_url"]).partition("#")[0]  # letters about one article stand in one thread
            root = f"<post.{sha256(page.encode()).hexdigest()[:24]}@{domain}>"
            headers |= {"In-Reply-To": root, "References": root}
        elif "thread" in facts:
            root = f"<site.{sha256(str(facts['thread']).encode()).hexdigest()[:24]}@{domain}>"
            headers |= {"In-Reply-To": root, "References": root}
        return headers


def _list_headers(facts: Mapping[str, object], domain: str) -> dict[str, object]:
    """One list a site (RFC 2919), and a way to leave it with one press in the mail program (RFC 8058)."""
    return {
        "List-Id": f"<{facts['list']}.{domain}>",
        "List-Unsubscribe": f"<{facts['leave_url']}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _stilled(fact: Any) -> Any:
    """A fact with all signs of template languages hidden; an address has them percent-encoded."""
    if isinstance(fact, Mapping):
        return {name: _url_safe(str(one)) if name == "url" else _stilled(one) for name, one in fact.items()}
    if isinstance(fact, list):
        return [_stilled(one) for one in fact]
    return fact.translate(_HIDDEN) if isinstance(fact, str) else fact


def _url_safe(url: str) -> str:
    return "".join(f"%{ord(sign):02X}" if sign in _SIGNS else sign for sign in url)


def header_safe(text: str) -> str:
    """Text that cannot make a header of its own.

    Python 3.11's ``EmailMessage`` decodes encoded words and writes their line breaks out (CVE-2024-6923), so
    ``=?`` is broken up; control and direction characters go; at most 200 characters stay.
    """
    flat = "".join(" " if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp", "Cs"} else c for c in text)
    flat = re.sub(r"\s+", " ", flat.replace("=?", "= ?")).strip()
    return flat[: _MAX_HEADER - 1] + "…" if len(flat) > _MAX_HEADER else flat


def plain_address(text: str) -> str:
    """An address that can stand in a header as it is, its domain in ASCII; "" for any other text.

    Quoted names, comments and groups are addresses by RFC 5322 too; nobody's form needs them here.
    """
    local, _, domain = text.rpartition("@")
    try:
        address = f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return ""
    return address if len(address) <= _MAX_ADDRESS and _ADDRESS.fullmatch(address) else ""


def deliverable(address: str) -> str:
    """An address with its domain as mail servers know it (RFC 5890); one that has no such form stays as it is."""
    return plain_address(address) or address


def without_links(text: str) -> str:
    """A text so that no mail program makes a link of the whole addresses in it."""
    return re.sub(r"\b(www)\.", r"\1[.]", text.replace("://", "[:]//"), flags=re.IGNORECASE)


def _checked(raw: bytes, meant: set[str], recipient: str, reply_to: str = "") -> bytes:
    parsed = message_from_bytes(raw)
    found = [name for name in parsed.keys() if name not in {"MIME-Version", "Content-Type"}]  # noqa: SIM118 - repeats count
    if sorted(found) != sorted(meant):
        raise ValueError("the letter would carry other headers than the ones meant")
    if "@" not in recipient or getaddresses([str(parsed["To"])]) != [("", recipient)]:
        raise ValueError("the letter would go to somebody else")
    if reply_to and getaddresses([str(parsed["Reply-To"])]) != [("", reply_to)]:
        raise ValueError("the answer would go to somebody else")
    return raw
