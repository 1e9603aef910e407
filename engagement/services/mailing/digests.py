"""Telling a site's author of several comments in one mail: held ones first, each with its link to decide."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, Status
from engagement.domain.discussion.reasons import moderator_text
from engagement.domain.mailing.digests import MOST_LISTED, AuthorMail
from engagement.domain.notices import Notice, NoticeKind, QueuedNotice
from engagement.domain.sites import Site
from engagement.language import say
from engagement.markup import visible_text
from engagement.services.ports import Toolbox
from engagement.storage import comments, outbox, queue, sites
from engagement.storage.db import reading, transaction
from engagement.storage.discussion import revisions
from engagement.storage.mailing import news

BATCH = 500  # comments one digest is about; what is left makes another
_MOST_TEXT = 280  # characters of each comment


def gather_news(tools: Toolbox) -> int:
    """Queue the digests whose time has come; how many sites had one.

    Rows leave in the transaction that queues their letter: a process that ends between loses and repeats nothing.
    """
    now = tools.clock.now()
    with reading() as session:
        due = news.sites_due(session, now)
    for site_id in due:
        with transaction() as session:
            site, found = sites.by_id(session, site_id), news.take(session, site_id, BATCH)
            if found and site.author_email and site.rules.author_mail != AuthorMail.OFF:
                outbox.add(session, _notice(site, found, int(now.timestamp())), now, tools.settings.mail.domain)
    return len(due)


def digest_facts(tools: Toolbox, queued: QueuedNotice) -> dict[str, object] | None:
    """What became of the comments meanwhile counts; None when none of them is left to tell."""
    notice = queued.notice
    ids = str(notice.payload["comments"]).split(",")
    with reading() as session:
        site = sites.by_id(session, notice.site_id)
        found = [c for c in (comments.get(session, one) for one in ids) if c is not None and _to_tell(c)]
        found.sort(key=lambda comment: not _waits(comment))
        listed = [(c, _entry(tools, session, queued, c)) for c in found[:MOST_LISTED]]
        waiting, _ = queue.waiting(session, [site.id])
    if not found:
        return None
    return {
        "recipient": notice.recipient,
        "created_at": queued.created_at,
        "site_name": site.name,
        "count": len(found),
        "held": [entry for comment, entry in listed if _waits(comment)],
        "pages": _by_page(tools, [(c, entry) for c, entry in listed if not _waits(c)]),
        "more": len(found) - len(listed),
        "waiting": waiting,
        "desk_url": f"{tools.settings.server.address}/desk/",
        "title": tools.letters.quote(found[0].page_title or found[0].page_url),
        **_thread(site, found),
    }


def _entry(tools: Toolbox, session: Session, queued: QueuedNotice, comment: Comment) -> dict[str, object]:
    edit = revisions.get(session, comment.edit) if comment.edit is not None else None
    shown = replace(comment, body_html=edit.body_html) if edit else comment
    text = " ".join(visible_text(shown.body_html).split())
    quote, recipient = tools.letters.quote, queued.notice.recipient
    return {
        "author": quote(comment.author),
        "title": quote(comment.page_title or comment.page_url),
        "body": quote(text[:_MOST_TEXT] + "…" if len(text) > _MOST_TEXT else text),
        "url": f"{comment.page_url}#comment-{comment.id}",
        "reasons": [
            say(moderator_text(reason), queued.notice.language)
            for reason in (comments.last_decision_reasons(session, comment.id) if _waits(comment) else ())
        ],
        "decide_url": tools.links.decide(comment.id, comment.version, recipient, since=queued.created_at)
        if _waits(comment)
        else "",
    }


def _by_page(tools: Toolbox, entries: Sequence[tuple[Comment, dict[str, object]]]) -> list[dict[str, object]]:
    pages: dict[str, list[dict[str, object]]] = {}
    titles = {comment.page_url: comment.page_title or comment.page_url for comment, _ in entries}
    for comment, entry in entries:
        pages.setdefault(comment.page_url, []).append(entry)
    return [{"title": tools.letters.quote(titles[url]), "comments": found} for url, found in pages.items()]


def _thread(site: Site, found: Sequence[Comment]) -> dict[str, object]:
    """A digest about one article stands in its thread, one about several in the site's own."""
    urls = {comment.page_url for comment in found}
    return {"page_url": urls.pop(), "one_page": True} if len(urls) == 1 else {"thread": site.key, "one_page": False}


def _waits(comment: Comment) -> bool:
    return comment.status is Status.HELD or comment.edit is not None


def _to_tell(comment: Comment) -> bool:
    return comment.status in {Status.HELD, Status.PUBLISHED}


def _notice(site: Site, found: Sequence[str], at: int) -> Notice:
    kind = NoticeKind.COMMENT_DIGEST
    return Notice(
        kind=kind,
        key=f"{kind.value}:{site.id}:{found[0]}:{at}",
        recipient=site.author_email,
        language=site.language,
        site_id=site.id,
        payload={"comments": ",".join(found)},
    )
