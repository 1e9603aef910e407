"""A page's thread and form as plain HTML, and the form's own door: all of it works without JavaScript."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from engagement.domain.comments import Comment, Receipt, Status, Thread
from engagement.domain.discussion.pages import BadAddress, belongs, origin_of
from engagement.domain.errors import EngagementError
from engagement.domain.messages import N_, Message
from engagement.domain.sites import Site
from engagement.language import moment, say
from engagement.services import comments
from engagement.services.discussion.challenges import demanded
from engagement.services.discussion.preview import preview
from engagement.web import answers, form_time, forms, limits, ready
from engagement.web.gate import check_form, check_origin
from engagement.web.house import asked_site, client, language, settle_site, the_site, toolbox
from engagement.web.pages.linked_data import linked
from engagement.web.pages.words import words
from engagement.web.problems import as_problem, mistakes, refused, rejected

blueprint = Blueprint("thread_pages", __name__, template_folder="templates")

FIELDS = ("page_url", "page_title", "author", "email", "website", "body", "parent")
DEEPEST = 4
_ONE, _MANY = N_("One comment"), N_("%(count)s comments")


@dataclass(frozen=True)
class Line:
    """A comment at its place in the thread."""

    comment: Comment
    depth: int
    answers: str  # the name of whom it answers


@blueprint.get("/sites/<site>/thread")
def show(site: str) -> Response:
    """The published comments of ``page_url`` and the form, fit for an iframe.

    ``fragment=1`` leaves head and body to the page that includes it, ``form=0`` the form too.
    """
    fragment = request.args.get("fragment") == "1"
    try:
        if fragment and request.args.get("form") == "0":
            return _comments_alone(site)
        found = the_site()
        limits.count("reads", found)
        thread = comments.read_thread(found, **_asked(found))
    except (EngagementError, HTTPException) as error:
        return _refusal(error, {})
    name = "pages/fragment.html" if fragment else "pages/thread.html"
    page = render_template(name, **facts(found, thread, typed=request.args), base=_base(), form=True)
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-cache"
    return guarded(answer, found)


def _comments_alone(key: str) -> Response:
    """For a page that has a form of its own; ready like the JSON thread. Raises what a refusal is made of."""
    site, mark = comments.find_thread(key, forms.likely_page(request.args.get("page_url", "")))
    settle_site(site)
    limits.count("reads", site)
    asked = _asked(site)

    def make() -> bytes:
        shown = facts(site, comments.read_thread(site, **asked), typed={})
        return render_template("pages/fragment.html", **shown, base=_base(), form=False).encode()

    tag = ready.tag_of(
        "fragment", site.id, site.key, site.language, site.rules.time_zone, _base(), mark, sorted(asked.items())
    )
    answer = ready.answer(make, tag=tag, keep=bool(mark), kind="text/html; charset=utf-8")
    answer.headers["Cache-Control"] = ready.freshness()
    return guarded(answer, site)


def _asked(site: Site) -> dict[str, Any]:
    asked = {name: request.args[name] for name in ("page_url", "after") if name in request.args}
    return forms.thread_query({**asked, "limit": forms.MOST_COMMENTS}, site)


def _base() -> str:
    """In another origin's page our addresses must be whole."""
    return toolbox().settings.server.address


@blueprint.post("/sites/<site>/comments")
def submit(site: str) -> Answer:
    """A plain form: 303 back to the page, or a page that keeps what was typed.

    A form that says ``reconsider=ask``, as ours do, is advised once before a text that may hurt is sent.
    """
    typed: dict[str, str] = {}
    try:
        found = _entered(typed)
        given: dict[str, Any] = {k: v for k, v in typed.items() if v or k in {"page_url", "author", "body"}}
        given["notify_replies"] = _wants_replies()
        sent = forms.submission(given, found, client=client(), signs=signs_of_form(found))
        if _asks_first() and preview(toolbox(), found, sent.body, sent.author).reconsider:
            return _advice(found, typed)
        receipt = comments.submit_comment(toolbox(), found, sent)
    except (EngagementError, HTTPException) as error:
        return _refusal(error, typed)
    if receipt.comment.status in {Status.PUBLISHED, Status.HELD}:
        return redirect(back(receipt), 303)
    return refusal_page(rejected(receipt.decision.reasons, receipt.appeal), typed, {})


def signs_of_form(site: Site) -> tuple[str, ...]:
    """A form without JavaScript cannot solve a challenge; where one is demanded, a person looks first."""
    unsolved = ("no-challenge",) if demanded(toolbox(), site, client()) else ()
    return (*form_time.signs(), *unsolved)


def facts(site: Site, thread: Thread, *, typed: Mapping[str, str]) -> dict[str, Any]:
    """What the templates of a thread need. ``typed`` fills the form."""
    return {
        "site": site,
        "thread": thread,
        "lines": arrange(thread.comments),
        "count": counted(thread.count, site.language),
        "values": {name: typed.get(name, "") for name in FIELDS}
        | {"page_url": thread.url, form_time.FIELD: form_time.stamp()},
        "errors": {},
        "held": request.args.get("commento") == "attesa",
        "ask": True,
        "words": words(site.language),
        "linked": linked(thread),
        "language": site.language,
        "moment": lambda at: moment(at, site.language, site.rules.time_zone),
    }


def arrange(found: Sequence[Comment]) -> list[Line]:
    """Answers below what they answer, in the order given; an answer to something not shown stands alone."""
    known = {comment.id: comment for comment in found}
    answers: dict[str | None, list[Comment]] = {}
    for comment in found:
        answers.setdefault(comment.parent if comment.parent in known else None, []).append(comment)
    lines: list[Line] = []
    waiting = [(comment, 0) for comment in reversed(answers.get(None, []))]
    while waiting:
        comment, depth = waiting.pop()
        parent = known.get(comment.parent or "")
        lines.append(Line(comment, min(depth, DEEPEST), parent.author if parent else ""))
        waiting.extend((below, depth + 1) for below in reversed(answers.get(comment.id, [])))
    return lines


def counted(count: int, tongue: str) -> str:
    """ "3 comments", in words of the language."""
    if count == 0:
        return words(tongue)["none"]
    return say(_ONE if count == 1 else Message(_MANY, {"count": count}), tongue)


def _entered(typed: dict[str, str]) -> Site:
    """The site, once type, size, origin and rate are well; ``typed`` is filled as soon as it can be read."""
    check_form()
    typed.update({name: request.form.get(name, "") for name in FIELDS})
    found = the_site()
    check_origin(found)
    for rate in ("comments", "comments_site"):
        limits.count(rate, found)
    return found


def back(receipt: Receipt) -> str:
    """The article's address, at the comment or at the form."""
    if receipt.comment.status is not Status.PUBLISHED:
        return waiting(receipt.comment.page_url)
    return urlunsplit(urlsplit(receipt.comment.page_url)._replace(fragment=f"comment-{receipt.comment.id}"))


def waiting(url: str) -> str:
    """An article's address, at the form, with the word that a comment waits."""
    parts = urlsplit(url)
    query = f"{parts.query}&commento=attesa" if parts.query else "commento=attesa"
    return urlunsplit(parts._replace(query=query, fragment="respond"))


def _wants_replies() -> bool:
    """A box that is ticked sends some word, one that is not sends none; other forms may say no in words."""
    return request.form.get("notify_replies", "").strip().lower() not in {"", "0", "false", "off", "no"}


def _asks_first() -> bool:
    return request.form.get("reconsider") == "ask"


def _advice(site: Site, typed: Mapping[str, str]) -> Response:
    """The calm sentence, above what was typed; the same form sends it as it is."""
    page = render_template(
        "pages/advice.html",
        site=site,
        advice=say(answers.ADVICE, site.language),
        values={**typed, form_time.FIELD: form_time.stamp()},
        notify=_wants_replies(),
        back=typed["page_url"],
        words=words(site.language),
        language=site.language,
    )
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-store"
    return guarded(answer, site)


def _refusal(error: EngagementError | HTTPException, typed: Mapping[str, str]) -> Response:
    return refusal_page(as_problem(error), typed, mistakes(error))


def refusal_page(problem: Response, typed: Mapping[str, str], wrong: Mapping[str, str]) -> Response:
    """A problem as a page that keeps what was typed, each mistake at its field."""
    site = asked_site()
    said = problem.get_json()
    values = {name: typed.get(name, "") for name in FIELDS} | {form_time.FIELD: form_time.stamp()}
    page = render_template(
        "pages/refusal.html",
        heading=words(language())["refused"] if request.method == "POST" else said["title"],
        site=site if typed else None,
        detail=said["detail"],
        reasons=[reason["text"] for reason in said.get("reasons", [])],
        notify=_wants_replies(),
        appeal=said.get("appeal", ""),
        errors={name: wrong[name] for name in (*FIELDS, *wrong) if name in wrong},  # as the form has them
        ask=_asks_first() and problem.status_code != 403,
        values=values,
        back=_way_back(site, values["page_url"]),
        words=words(language()),
        language=language(),
    )
    return guarded(refused(page, problem), site)


def _way_back(site: Site | None, page_url: str) -> str:
    """The article, or where the browser says that it came from: what was too large to read names no page."""
    known = (url for url in (page_url, request.referrer or "") if site and belongs(url, site.origins))
    return next(known, "")


def guarded(answer: Response, site: Site | None) -> Response:
    """Only the site's own pages may frame it; its form leads here and back to them."""
    own = " ".join(("'self'", *(site.origins if site else ()), *_ours()))
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
        f"form-action {own}; frame-ancestors {own}"
    )
    return answer


def _ours() -> tuple[str, ...]:
    try:
        return (origin_of(toolbox().settings.server.public_url),)
    except BadAddress:
        return ()
