"""Which article a WordPress post number stands for, so that a theme's form needs no address of its own."""

from collections.abc import Iterable
from pathlib import Path

from engagement.archives import post_map
from engagement.domain.discussion.pages import BadAddress, belongs, normalise
from engagement.domain.sites import Site
from engagement.services.ports import Toolbox
from engagement.storage.db import reading, transaction
from engagement.storage.operations import posts

BATCH = 500


def map_posts(site: Site, found: Iterable[tuple[int, str, str]]) -> tuple[int, list[str]]:
    """Keep ``(number, address, title)`` of each post; how many were kept, and the addresses that were not.

    An address must belong to the site. A number that is known already is written anew.
    """
    kept, refused = 0, []
    batch: list[tuple[int, str, str]] = []
    for number, url, title in found:
        try:
            if not belongs(url, site.origins):
                raise BadAddress(url)
            batch.append((number, normalise(url), title))
        except BadAddress:
            refused.append(url)
        if len(batch) >= BATCH:
            kept += _keep(site, batch)
            batch = []
    return kept + _keep(site, batch), refused


def map_file(site: Site, file: Path) -> tuple[int, list[str]]:
    """From a CSV file ``post_id,url,title``. Raises ``ValueError`` that says what is wrong with it."""
    return map_posts(site, post_map.from_csv(file))


def map_blog(tools: Toolbox, site: Site, address: str) -> tuple[int, list[str]]:
    """From a WordPress blog's own REST address. Raises ``ValueError`` that says what did not answer."""
    return map_posts(site, post_map.from_rest(address, allow_private=tools.settings.feeds.allow_private))


def find_post(site: Site, number: int) -> tuple[str, str] | None:
    """Address and title of a post, or None."""
    with reading() as session:
        return posts.find(session, site.id, number)


def _keep(site: Site, batch: list[tuple[int, str, str]]) -> int:
    with transaction() as session:
        for number, url, title in batch:
            posts.put(session, site.id, number, url, title)
    return len(batch)
