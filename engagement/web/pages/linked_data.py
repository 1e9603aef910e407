"""A thread in the words of schema.org, for search engines."""

from typing import Any

from engagement.domain.comments import Comment, Status, Thread
from engagement.markup import visible_text
from engagement.web import answers


def linked(thread: Thread) -> dict[str, Any]:
    """JSON-LD of a page and the comments that are shown of it; ``tojson`` escapes it in a template."""
    about: dict[str, Any] = {"@context": "https://schema.org", "@type": "WebPage", "@id": thread.url, "url": thread.url}
    if thread.title:
        about["name"] = thread.title
    shown = [_comment(c) for c in thread.comments if c.status is Status.PUBLISHED]
    return about | {"commentCount": thread.count, "comment": shown}


def _comment(comment: Comment) -> dict[str, Any]:
    """No address of the author's website: a link that readers leave should not help it to be found."""
    link = f"{comment.page_url}#comment-{comment.id}"
    found: dict[str, Any] = {
        "@type": "Comment",
        "@id": link,
        "url": link,
        "author": {"@type": "Person", "name": comment.author},
        "text": visible_text(comment.body_html),
        "datePublished": answers.moment(comment.created_at),
    }
    if comment.edited_at:
        found["dateModified"] = answers.moment(comment.edited_at)
    if comment.parent:
        found["parentItem"] = {"@type": "Comment", "@id": f"{comment.page_url}#comment-{comment.parent}"}
    return found
