"""What readers may send beside comments: edits, votes, notices, and addresses to count for."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields

from engagement.domain.discussion.reports import MAX_EXPLANATION, MAX_NAME, Report, ReportReason
from engagement.domain.errors import FieldError, InvalidInput
from engagement.domain.messages import N_, Message
from engagement.domain.sites import Site
from engagement.web import forms

CHOOSE = N_("Please choose a reason.")
VOTE = N_("A vote is -1, 0 or 1.")
EXPLANATION = N_("Please write what is wrong, in at most %(most)s characters.")
NOTIFIER = N_("Please write your name, in at most %(most)s characters.")
GOOD_FAITH = N_("Please confirm that what you report is true to the best of your knowledge.")
URLS = N_("Please name 1 to %(most)s addresses.")
NUMBER = N_("Please give a number from 1 to %(most)s.")

MOST_URLS = 200
_NUMBER = re.compile(r"[1-9][0-9]{0,3}")


class EditForm(forms.Form):
    """The body of ``PATCH …/comments/{id}``."""

    body = fields.String(required=True, **forms.TEXT)


class VoteForm(forms.Form):
    """The body of ``PUT …/comments/{id}/vote``."""

    value = fields.Raw(required=True, metadata={"enum": [-1, 0, 1]}, **forms.TEXT)


class ReportForm(forms.Form):
    """The body of ``POST …/comments/{id}/reports``."""

    reason = fields.String(required=True, metadata={"enum": [r.value for r in ReportReason]}, **forms.TEXT)
    explanation = fields.String(required=True, metadata={"maxLength": MAX_EXPLANATION}, **forms.TEXT)
    name = fields.String(load_default="", metadata={"maxLength": MAX_NAME}, **forms.TEXT)
    email = fields.String(load_default="", **forms.TEXT)
    good_faith = forms.Flag(load_default=False, **forms.TEXT)


class CountsForm(forms.Form):
    """The body of ``POST …/counts``."""

    page_urls = fields.List(fields.String(**forms.TEXT), required=True, metadata={"maxItems": MOST_URLS}, **forms.TEXT)


def edit(given: Mapping[str, Any], site: Site) -> str:
    """The new text. Raises ``InvalidInput``."""
    found, wrong = forms.load(EditForm(), given)
    forms.checked(found, wrong, {"body": lambda v: forms.markdown_text(v, site.rules.max_body_bytes)})
    forms.refuse(wrong)
    return str(found["body"])


def vote(given: Mapping[str, Any]) -> int:
    """-1, 0 or 1. Raises ``InvalidInput``."""
    found, wrong = forms.load(VoteForm(), given)
    value = found.get("value")
    if "value" not in wrong and (type(value) is not int or value not in {-1, 0, 1}):  # True is no number here
        wrong["value"] = Message(VOTE)
    forms.refuse(wrong)
    return int(found["value"])


def report(given: Mapping[str, Any], comment_id: str, *, client: str) -> Report:
    """A notice. Raises ``InvalidInput`` that names every wrong field."""
    found, wrong = forms.load(ReportForm(), given)
    named = found.get("reason") != ReportReason.CHILD_SAFETY.value
    forms.checked(
        found,
        wrong,
        {
            "reason": _reason,
            "explanation": _explanation,
            "name": lambda v: _name(v, required=named),
            "email": lambda v: forms.mail_address(v, required=named),
        },
    )
    if "good_faith" not in wrong and not found["good_faith"]:
        wrong["good_faith"] = Message(GOOD_FAITH)
    forms.refuse(wrong)
    reason = ReportReason(found["reason"])
    return Report(comment_id, reason, found["explanation"], found["name"], found["email"], client)


def page_urls(given: Sequence[object], site: Site) -> dict[str, str]:
    """Addresses as given, with their normalised form. Raises ``InvalidInput`` that names every wrong one."""
    if not 1 <= len(given) <= MOST_URLS:
        raise InvalidInput([FieldError("/page_urls", Message(URLS, {"most": MOST_URLS}))])
    found: dict[str, str] = {}
    mistakes = []
    for place, url in enumerate(given):
        try:
            found[str(url)] = forms.page_address(str(url), site)
        except forms.Wrong as error:
            mistakes.append(FieldError(f"/page_urls/{place}", error.message))
    if mistakes:
        raise InvalidInput(mistakes)
    return found


def counted_urls(given: Mapping[str, Any], site: Site) -> dict[str, str]:
    """The body of ``POST …/counts``. Raises ``InvalidInput``."""
    found, wrong = forms.load(CountsForm(), given)
    forms.refuse(wrong)
    return page_urls(found["page_urls"], site)


def numbers(given: Mapping[str, str], known: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """Whole numbers of a query by name, each with its default and the most that may be asked for.

    Raises ``InvalidInput``, for other names too.
    """
    wrong = {name: Message(forms.UNKNOWN) for name in given if name not in known}
    found = {}
    for name, (default, most) in known.items():
        text = given.get(name, str(default))
        if _NUMBER.fullmatch(text) and int(text) <= most:
            found[name] = int(text)
        else:
            wrong[name] = Message(NUMBER, {"most": most})
    forms.refuse(wrong)
    return found


def _reason(value: str) -> str:
    if not value:
        raise forms.Wrong(CHOOSE)
    known = [reason.value for reason in ReportReason]
    if value not in known:
        raise forms.Wrong(forms.CHOICE, known=", ".join(known))
    return value


def _explanation(value: str) -> str:
    text = forms.readable(value).strip()
    if not 0 < len(text) <= MAX_EXPLANATION:
        raise forms.Wrong(EXPLANATION, most=MAX_EXPLANATION)
    return text


def _name(value: str, *, required: bool) -> str:
    name = " ".join(forms.readable(value).split())
    if (required and not name) or len(name) > MAX_NAME:
        raise forms.Wrong(NOTIFIER, most=MAX_NAME)
    return name
