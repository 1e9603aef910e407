"""Measuring a text, and measuring it again where the first try gave no answer."""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from engagement.domain.comments import Comment, Status
from engagement.domain.moderation import Actor, LogLine, status_of
from engagement.domain.policy import Case, Decision, Outcome, Rules, decide
from engagement.domain.screening import NotScreened
from engagement.domain.sites import Site
from engagement.domain.wordlists import WordLists
from engagement.markup import count_links, visible_text
from engagement.services import explaining, publishing
from engagement.services.ports import Toolbox
from engagement.storage import comments, pages, sites, waiting
from engagement.storage.db import reading, transaction

BATCH = 20


def examine(tools: Toolbox, site: Site, comment: Comment, case: Case) -> Decision:
    """Screen a comment and hear the policy. ``case`` holds what storage knows; no connection is open here.

    What is scored is what will stand on the page, the source it came from, and the name above it.
    """
    seen = visible_text(comment.body_html)
    texts = tuple(dict.fromkeys((seen, comment.body, comment.author)))
    return decide(
        replace(
            case,
            screening=tools.screener.screen(texts),
            reading=tools.read(seen),
            author_reading=tools.read(comment.author),
            links=count_links(comment.body_html),
            rules=rules_for(tools, site),
            words=words_for(tools, site),
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
        hold_disguise=policy.hold_disguise,
    )


def words_for(tools: Toolbox, site: Site) -> WordLists:
    def cleaned(terms: Iterable[str]) -> list[str]:
        return [tools.read(term).cleaned for term in terms]

    return tools.words.with_terms(cleaned(site.rules.block_words), cleaned(site.rules.hold_words))


def screen_waiting(tools: Toolbox) -> int:
    """Screen again what was held without a score; how many comments were tried.

    One by one: a comment that kills the process must cost only itself a try, not those claimed with it.
    """
    for tried in range(BATCH):
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
    blank = Case(screening=NotScreened("missing"), reading=tools.read(""), history=history)
    decision = examine(tools, site, comment, blank)
    now = tools.clock.now()
    with transaction() as session:
        pages.lock(session, comment.page_id)  # the page first, as submit_comment does, so nobody waits in a ring
        if any(reason.code == "not-screened" for reason in decision.reasons):
            waiting.put_back(session, comment_id, token, now)
            return
        if comment.status is not Status.HELD:
            return
        # The first look may have had reasons of its own; only a comment held for want of a score moves.
        earlier = comments.last_decision_reasons(session, comment_id)
        kept = tuple(r for r in earlier if r.code in {"repetition"})
        outcome = Outcome.HOLD if kept and decision.outcome is Outcome.PUBLISH else decision.outcome
        settled = replace(decision, outcome=outcome, reasons=(*decision.reasons, *kept))
        publishing.move(session, comment, status_of(outcome), _line(comment, settled, now))
        explaining.ask(session, comment, settled, now)
    tools.wake()


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
