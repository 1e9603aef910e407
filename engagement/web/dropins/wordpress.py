"""``POST /wp-comments-post.php``: stands in for WordPress, and for themes on it such as tagDiv's Newspaper.

Statuses are WordPress's own: 200 for missing or invalid fields, 409 duplicate, 429 flood, 403 closed.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from flask import Blueprint, Response, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from engagement.domain.comments import Receipt, Status, Submission, is_id
from engagement.domain.discussion.pages import BadAddress, belongs, origin_of
from engagement.domain.errors import EngagementError, FieldError, InvalidInput, PageClosed, SiteNotFound
from engagement.domain.messages import N_, Message
from engagement.domain.sites import Site
from engagement.services import comments
from engagement.services.discussion.posts import find_post
from engagement.services.sites import every_site
from engagement.web import answers, forms, limits
from engagement.web.gate import check_form, check_origin
from engagement.web.house import WORDPRESS, client, language, settle_site, the_site, toolbox
from engagement.web.pages import thread
from engagement.web.problems import as_problem, mistakes, rejected

blueprint = Blueprint("wordpress", __name__)

NO_COMMENT = N_("Please enter your comment!")
NO_NAME = N_("Please enter your name here")
NO_PAGE = N_("This form does not tell which article it stands under.")
HONEYPOTS = ("ak_hp_textarea",)  # the field of WordPress's best-known spam plug-in that no person sees
_NAMES = {"body": "comment", "author": "author", "email": "email", "website": "url"}
_STATUS: Mapping[type[Exception], int] = {
    InvalidInput: 200,
    PageClosed: 403,
}  # of pages; programs get problems with the API's own


@blueprint.post(WORDPRESS, defaults={"site": None})
@blueprint.post(f"/sites/<site>{WORDPRESS}")
def submit(site: str | None) -> Answer:
    """A theme's comment form: 303 to the article; a refusal is a page that keeps the text."""
    typed: dict[str, str] = {}
    try:
        check_form()
        typed.update({ours: request.form.get(theirs, "") for ours, theirs in _NAMES.items()})
        found = the_site() if site else _site_of_request()
        settle_site(found)
        typed |= _place(found)
        receipt = _take(found, typed)
    except (EngagementError, HTTPException) as error:
        return _refusal(error, typed)
    if receipt.comment.status in {Status.PUBLISHED, Status.HELD}:
        return _done(receipt, found)
    return _shown(rejected(receipt.decision.reasons, receipt.appeal), typed, {})


def _take(site: Site, typed: Mapping[str, str]) -> Receipt:
    check_origin(site)
    for rate in ("comments", "comments_site"):
        limits.count(rate, site)
    needed = {"author", "body", "page_url"}
    given: dict[str, Any] = {name: value for name, value in typed.items() if value or name in needed}
    return comments.submit_comment(toolbox(), site, _submission(given, site))


def _submission(given: Mapping[str, Any], site: Site) -> Submission:
    trapped = ("honeypot",) if any(request.form.get(name) for name in HONEYPOTS) else ()
    signs = (*trapped, *thread.signs_of_form(site))
    try:
        return forms.submission(given, site, client=client(), signs=signs)
    except InvalidInput as error:
        raise InvalidInput([_as_theme(e, given) for e in error.errors]) from error


def _as_theme(error: FieldError, given: Mapping[str, Any]) -> FieldError:
    """The words that readers of such themes know."""
    texts = {"/body": NO_COMMENT, "/author": NO_NAME, "/page_url": NO_PAGE}
    if error.pointer in texts and not str(given.get(error.pointer[1:], "")).strip():
        return FieldError(error.pointer, Message(texts[error.pointer]))
    return error


def _site_of_request() -> Site:
    """The site whose page the form stands on; the only one there is, where nothing tells.

    Raises ``SiteNotFound``.
    """
    known = every_site()
    for url in (request.form.get("page_url", ""), request.referrer or "", request.headers.get("Origin", "")):
        for site in known:
            if url and belongs(url, site.origins):
                return site
    if len(known) == 1:
        return known[0]
    raise SiteNotFound


def _place(site: Site) -> dict[str, str]:
    """Page and parent: by post number, else by the form's own address, else by the page it was sent from."""
    number = request.form.get("comment_post_ID", "").strip()
    post = find_post(site, int(number)) if number.isascii() and number.isdigit() and len(number) < 19 else None
    parent = request.form.get("comment_parent", "").strip()
    place = {"page_url": "", "page_title": "", "parent": parent if is_id(parent) else ""}
    if post:
        return place | {"page_url": post[0], "page_title": post[1]}
    return place | {"page_url": request.form.get("page_url", "").strip() or _referrer(site)}


def _referrer(site: Site) -> str:
    """Across origins a browser tells no more than the origin; that is no article."""
    url = request.referrer or ""
    if not belongs(url, site.origins):
        return ""
    parts = urlsplit(url)
    cut_off = parts.path in {"", "/"} and not parts.query and not _same_origin()
    return "" if cut_off else url


def _same_origin() -> bool:
    try:
        return origin_of(request.referrer or "") == origin_of(request.host_url)
    except BadAddress:
        return False


def _done(receipt: Receipt, site: Site) -> Answer:
    if _wants_json():
        status = 201 if receipt.comment.status is Status.PUBLISHED else 202
        return answers.as_json(answers.receipt(receipt, language()), status)
    wanted = request.form.get("redirect_to", "")
    if not belongs(wanted, site.origins):
        return redirect(thread.back(receipt), 303)
    if receipt.comment.status is Status.PUBLISHED:
        return redirect(urlunsplit(urlsplit(wanted)._replace(fragment=f"comment-{receipt.comment.id}")), 303)
    return redirect(thread.waiting(wanted), 303)


def _refusal(error: EngagementError | HTTPException, typed: Mapping[str, str]) -> Answer:
    problem = as_problem(error)
    answer = _shown(problem, typed, mistakes(error))
    if answer is not problem:
        answer.status_code = _STATUS.get(type(error), answer.status_code)
    return answer


def _shown(problem: Response, typed: Mapping[str, str], wrong: Mapping[str, str]) -> Answer:
    return problem if _wants_json() else thread.refusal_page(problem, typed, wrong)


def _wants_json() -> bool:
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return best == "application/json"
