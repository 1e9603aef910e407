"""What a letter about new articles tells, whoever sends it."""

from collections.abc import Sequence

from engagement.domain.mailing.articles import Article, listed
from engagement.domain.sites import Site
from engagement.services.ports import Toolbox


def facts(tools: Toolbox, site: Site, articles: Sequence[Article], *, leave_url: str) -> dict[str, object]:
    """The facts of ``new-article`` and ``weekly-digest``: the newest articles, and how many more there are."""
    named = listed(articles)
    return {
        "site_name": site.name,
        "articles": [
            {"title": tools.letters.cite(a.title), "summary": tools.letters.cite(a.summary), "url": a.url}
            for a in named
        ],
        "more": len(articles) - len(named),
        "leave_url": leave_url,
    }
