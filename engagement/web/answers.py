"""Values as the contract's JSON shapes."""

import json
from datetime import UTC, datetime
from typing import Any

from flask import Response

from engagement.domain.comments import Comment, EditOutcome, Preview, Receipt, Status, Thread
from engagement.domain.messages import N_
from engagement.language import say

PUBLISHED = N_("Thank you, your comment is published.")
HELD = N_("Your comment is waiting for moderation.")
EDITS = {
    EditOutcome.UNCHANGED: N_("Nothing has changed."),
    EditOutcome.CHANGED: N_("Your comment has been changed."),
    EditOutcome.WAITING: N_("Your new text is waiting for moderation."),
}
ADVICE = N_("Would you like to read it again before you send it?")


def as_json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, content_type="application/json")


def comment(kept: Comment) -> dict[str, Any]:
    """What anybody may see of a comment."""
    return {
        "id": kept.id,
        "parent": kept.parent,
        "status": kept.status.value,
        "author": kept.author,
        "website": kept.website or None,
        "body_html": kept.body_html,
        "created_at": moment(kept.created_at),
        "edited_at": moment(kept.edited_at) if kept.edited_at else None,
        "votes": kept.votes,
        "replies": kept.replies,
        "permalink": f"{kept.page_url}#comment-{kept.id}",
    }


def receipt(given: Receipt, language: str) -> dict[str, Any]:
    """The body of 201 and 202."""
    text = PUBLISHED if given.comment.status is Status.PUBLISHED else HELD
    return {
        "comment": comment(given.comment),
        "edit_token": given.edit_token,
        "edit_until": moment(given.edit_until) if given.edit_until else None,
        "message": say(text, language),
    }


def preview(found: Preview, language: str) -> dict[str, Any]:
    """``advice`` is a sentence for the writer, or null where the words are well; never a score."""
    return {"body_html": found.body_html, "advice": say(ADVICE, language) if found.reconsider else None}


def thread(found: Thread) -> dict[str, Any]:
    return {
        "page": {"url": found.url, "title": found.title, "open": found.open},
        "count": found.count,
        "comments": [comment(c) for c in found.comments],
        "next": found.next,
    }


def moment(at: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
