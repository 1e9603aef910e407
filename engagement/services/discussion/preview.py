"""A look at a text before it is sent; nothing is stored and nobody is told."""

from engagement.domain.comments import Comment, Preview, Status
from engagement.domain.policy import Case
from engagement.domain.sites import Site
from engagement.markup import render
from engagement.services.ports import Toolbox
from engagement.services.screening import examine


def preview(tools: Toolbox, site: Site, body: str, author: str = "") -> Preview:
    """What the text would look like, and whether its writer should read it again.

    The same screening and policy as for a comment that is sent. Without a score there is no advice.
    """
    draft = Comment(
        id="",
        site_id=site.id,
        page_id=0,
        status=Status.RECEIVED,
        author=author,
        body=body,
        body_html=render(body),
        created_at=tools.clock.now(),
    )
    decision = examine(tools, site, draft, Case())
    return Preview(draft.body_html, decision.about_wording)
