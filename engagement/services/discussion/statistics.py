"""What readers are shown beside threads: counts, the newest comments, the most discussed pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from engagement.domain.comments import Comment
from engagement.domain.discussion.pages import Page
from engagement.domain.sites import Site
from engagement.services.ports import Toolbox
from engagement.storage import pages
from engagement.storage.db import reading
from engagement.storage.discussion import statistics


def counts(site: Site, urls: Mapping[str, str]) -> dict[str, int]:
    """Published comments by address as it was given. ``urls`` maps that to its normalised form."""
    with reading() as session:
        found = statistics.counts(session, site.id, list(set(urls.values())))
    return {given: found.get(normal, 0) for given, normal in urls.items()}


def latest(site: Site, page_url: str | None, limit: int) -> Sequence[Comment]:
    """The newest published comments of a site, or of one page of it."""
    with reading() as session:
        page = pages.by_url(session, site.id, page_url) if page_url else None
        if page_url and page is None:
            return []
        return statistics.latest(session, site.id, page.id if page else None, limit)


def most_discussed(tools: Toolbox, site: Site, days: int, limit: int) -> Sequence[tuple[Page, int]]:
    """Pages by the number of published comments of the last ``days`` days."""
    since = tools.clock.now() - timedelta(days=days)
    with reading() as session:
        return statistics.most_discussed(session, site.id, since, limit)


@dataclass(frozen=True)
class Volume:
    """How many comments of a site there are. ``languages``: "" where a text was too short to tell; days are UTC's."""

    statuses: Mapping[str, int]
    languages: Mapping[str, int]
    days: Mapping[str, int]


def volume(tools: Toolbox, site: Site, days: int) -> Volume:
    """Comments by status, by language, and per day of the last ``days`` days (days without any are not named)."""
    since = tools.clock.now() - timedelta(days=days)
    with reading() as session:
        return Volume(
            statistics.totals(session, site.id),
            statistics.by_language(session, site.id),
            statistics.by_day(session, site.id, since),
        )
