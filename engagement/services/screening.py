"""Measuring a text, and measuring it again where the first try gave no answer."""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, Edit, Status, text_hash
from engagement.domain.discussion.tongue import told
from engagement.domain.moderation import Actor, LogLine, status_of
from engagement.domain.policy import Case, Decision, Outcome, Rules, decide
from engagement.domain.sites import Site
from engagement.domain.spam import signs_of
from engagement.domain.wordlists import WordLists
from engagement.markup import count_links, link_targets, source_text, visible_text
from engagement.services.discussion import explaining, publishing
from engagement.services.discussion.learning import learnt
from engagement.services.ports import Toolbox
from engagement.storage import comments, pages, sites
from engagement.storage.db import reading, transaction
from engagement.storage.discussion import revisions, waiting

BATCH = 20


def examine(tools: Toolbox, site: Site, comment: Comment, case: Case) -> Decision:
    """Screen a comment and hear the policy. ``case`` holds what storage knows; no connection is open here.

    What is scored is what will stand on the page, the source it came from, the name above it, and the page's title
    where the comment brings it.
    """
    seen = visible_text(comment.body_html)
    links = count_links(comment.body_html)
    texts = tuple(
        dict.fromkeys((seen, source_text(comment.body), comment.author, *([case.title] if case.title else [])))
    )
    beside = (comment.email, comment.website, *link_targets(comment.body_html), case.title)
    return decide(
        replace(
            case,
            screening=tools.screener.screen(texts),
            reading=tools.read(seen),
            author_reading=tools.read(comment.author),
            beside=tools.read(" ".join(beside)),
            links=links,
            signs=(
                *case.signs,
                *signs_of(comment.body, comment.author, links, comment.website),
                *learnt(tools, comment),
            ),
            rules=rules_for(tools, site),
            words=words_for(tools, site),
            language=comment.language,
        )
    )


def rules_for(tools: Toolbox, site: Site) -> Rules:
    policy, own = tools.settings.policy, site.rules
    first = policy.hold_first_time if own.hold_first_time is None else own.hold_first_time
    return Rules(
        hold_at=policy.hold_at,
        reject_at=policy.reject_at,
        hold_links=policy.hold_links,
        hold_first_time=first,
        hold_all=own.hold_all,
        hold_repeats=policy.hold_repeats,
        hold_spam=policy.hold_spam,
        hold_disguise=policy.hold_disguise,
        languages=own.languages,
    )


def words_for(tools: Toolbox, site: Site) -> WordLists:
    def cleaned(terms: Iterable[str]) -> list[str]:
        return [tools.read(term).cleaned for term in terms]

    return tools.words.with_terms(cleaned(site.rules.block_words), cleaned(site.rules.hold_words))


def screen_waiting(tools: Toolbox) -> int:
    """Screen again what was held without a score; how many comments were tried.

    Each is claimed only when its turn comes, so that neither a slow model nor a stop costs the others a try, and a
    comment that kills the process costs only itself one.
    """
    for tried in range(BATCH):
        if tools.stopping():
            return tried
        token = secrets.token_hex(16)
        with transaction() as session:
            due = waiting.claim(session, tools.clock.now(), token, 1)
        if not due:
            return tried
        _screen_again(tools, due[0], token)
    return BATCH


def _screen_again(tools: Toolbox, comment_id: str, token: str) -> None:
    with reading() as session:
        comment = comments.get(session, comment_id)
        if comment is None:
            return
        site = sites.by_id(session, comment.site_id)
        history = comments.history(session, site.id, comment.email)
        edit = revisions.get(session, comment.edit) if comment.edit is not None else None
        title = "" if pages.by_id(session, comment.page_id).count else comment.page_title
    read = replace(comment, body=edit.body, body_html=edit.body_html) if edit else comment
    read = replace(read, language=told(visible_text(read.body_html)))
    decision = examine(tools, site, read, Case(history=history, title=title))
    now = tools.clock.now()
    with transaction() as session:
        pages.lock(session, comment.page_id)  # the page first, as submit_comment does, so nobody waits in a ring
        if decision.unscreened:
            waiting.put_back(session, comment_id, token, now)
            return
        if edit is not None:
            _settle_edit(session, comment, edit, decision, now)
            return
        if comment.status is not Status.HELD:
            return
        # The first look may have had reasons of its own; only a comment held for want of a score moves.
        earlier = comments.last_decision_reasons(session, comment_id)
        kept = tuple(r for r in earlier if r.code in {"repetition", "spam-signs"})
        outcome = Outcome.HOLD if kept and decision.outcome is Outcome.PUBLISH else decision.outcome
        settled = replace(decision, outcome=outcome, reasons=(*decision.reasons, *kept))
        publishing.move(session, comment, status_of(outcome), _line(comment, settled, now))
        explaining.ask(session, comment, settled, now)
    tools.wake()


def _settle_edit(session: Session, comment: Comment, edit: Edit, decision: Decision, now: datetime) -> None:
    """A new text that was held for want of a score: let it stand, drop it, or leave it to a person."""
    line = replace(_line(comment, decision, now), what="edit-screened", status_after=comment.status)
    if decision.outcome is Outcome.PUBLISH:
        publishing.apply_edit(session, comment, edit, line, text_hash=text_hash(edit.body))
    elif decision.outcome is Outcome.REJECT:
        publishing.refuse_edit(session, comment, edit, line)
    else:
        comments.log(session, comment.id, line)
        waiting.done(session, comment.id)


def _line(comment: Comment, decision: Decision, now: datetime) -> LogLine:
    return LogLine(
        at=now,
        actor=Actor.MACHINE,
        what="screened-again",
        status_before=comment.status,
        status_after=status_of(decision.outcome),
        reasons=decision.reasons,
        scores=decision.scores,
        model=decision.model,
        policy=decision.policy,
        comment_version=comment.version,
    )
