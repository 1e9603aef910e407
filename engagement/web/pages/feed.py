"""``/sites/{site}/comments.atom``: the newest comments as an Atom feed (RFC 4287), of a site or of one page."""

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode
from xml.etree import ElementTree as Xml

from flask import Blueprint, Response, request

from engagement.domain.comments import Comment
from engagement.domain.messages import N_, Message
from engagement.domain.sites import Site
from engagement.language import say
from engagement.services.discussion import statistics
from engagement.web import answers, forms, limits
from engagement.web.api.statistics import tagged
from engagement.web.house import the_site, toolbox

blueprint = Blueprint("feeds", __name__)

ATOM = "http://www.w3.org/2005/Atom"
THREADING = "http://purl.org/syndication/thread/1.0"  # RFC 4685
OF_SITE, OF_PAGE, BY = N_("Comments on %(site)s"), N_("Comments on “%(title)s”"), N_("%(author)s on “%(title)s”")
ENTRIES = 50
_UNREADABLE = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])  # what XML 1.0 has no place for


@blueprint.get("/sites/<site>/comments.atom")
def feed(site: str) -> Response:
    """The newest 50 published comments, with an ``ETag``."""
    found = the_site()
    limits.count("reads", found)
    page_url = forms.feed_query(request.args.to_dict(), found)
    comments = statistics.latest(found, page_url, ENTRIES)
    text = Xml.tostring(_feed(found, page_url, comments), encoding="unicode")
    return tagged(Response(f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n', content_type="application/atom+xml"))


def _feed(site: Site, page_url: str | None, comments: Sequence[Comment]) -> Xml.Element:
    here = f"{toolbox().settings.server.address}/sites/{site.key}/comments.atom"
    root = Xml.Element("feed", {"xmlns": ATOM, "xmlns:thr": THREADING, "xml:lang": site.language})
    title = Message(OF_SITE, {"site": site.name})
    if page_url:
        title = Message(OF_PAGE, {"title": (comments[0].page_title if comments else "") or page_url})
    _text(root, "title", say(title, site.language))
    _text(root, "id", f"{here}#{page_url}" if page_url else here)
    own = f"{here}?{urlencode({'page_url': page_url})}" if page_url else here  # never the Host that was asked for
    Xml.SubElement(root, "link", {"rel": "self", "href": own})
    Xml.SubElement(root, "link", {"rel": "alternate", "href": page_url or (site.origins[0] if site.origins else here)})
    newest = max((c.edited_at or c.created_at for c in comments), default=datetime.fromtimestamp(0, UTC))
    _text(root, "updated", answers.moment(newest))
    for comment in comments:
        root.append(_entry(site, comment))
    return root


def _entry(site: Site, comment: Comment) -> Xml.Element:
    entry = Xml.Element("entry")
    named = {"author": comment.author, "title": comment.page_title or comment.page_url}
    link = f"{comment.page_url}#comment-{comment.id}"
    _text(entry, "title", say(Message(BY, named), site.language))
    _text(entry, "id", link)
    Xml.SubElement(entry, "link", {"rel": "alternate", "href": link})
    _text(entry, "published", answers.moment(comment.created_at))
    _text(entry, "updated", answers.moment(comment.edited_at or comment.created_at))
    author = Xml.SubElement(entry, "author")
    _text(author, "name", comment.author)
    if comment.website:
        _text(author, "uri", comment.website)
    if comment.parent:
        parent = f"{comment.page_url}#comment-{comment.parent}"
        Xml.SubElement(entry, "thr:in-reply-to", {"ref": parent, "href": parent})
    content = _text(entry, "content", comment.body_html)
    content.set("type", "html")
    return entry


def _text(parent: Xml.Element, name: str, text: str) -> Xml.Element:
    made = Xml.SubElement(parent, name)
    made.text = text.translate(_UNREADABLE)
    return made
