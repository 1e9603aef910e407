"""``engagement feed``: the feeds whose new articles are mailed to subscribers."""

import json
from dataclasses import asdict

import click

from engagement.cli.house import House, sentence, site_named
from engagement.domain.errors import EngagementError
from engagement.domain.mailing.articles import DAYS, Feed, FeedState, Rhythm
from engagement.services.mailing import feeds
from engagement.services.sites import every_site


@click.group()
def feed() -> None:
    """RSS and Atom feeds whose new articles are mailed to a site's confirmed subscribers."""


@feed.command("add")
@click.argument("url")
@click.option("--site", "site_key", required=True)
@click.option("--when", type=click.Choice([r.value for r in Rhythm]), default=Rhythm.AT_ONCE.value, show_default=True)
@click.option("--day", type=click.Choice(DAYS), default=DAYS[0], show_default=True, help="Of a weekly digest.")
@click.pass_obj
def add(house: House, url: str, site_key: str, when: str, day: str) -> None:
    """Follow the feed at URL, or change when its articles are mailed. What stands in it now is not mailed."""
    with house.app().app_context():
        site = site_named(site_key)
        try:
            added, seen = feeds.add_feed(house.tools(), site, url, Rhythm(when), DAYS.index(day))
        except EngagementError as error:
            raise click.ClickException(sentence(error)) from error
    click.echo(f"{added.url}: {_rhythm(added)}; {seen} articles stand in it and are not mailed, later ones are")


@feed.command("list")
@click.option("--site", "site_key", help="Of one site; all where left out.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_obj
def list_feeds(house: House, site_key: str | None, as_json: bool) -> None:
    """All feeds: site, address, when they are mailed, when they were read, and what is wrong."""
    with house.app().app_context():
        found = [site_named(site_key)] if site_key else every_site()
        names = {site.id: site.key for site in found}
        all_of_them = feeds.feeds_of(found)
    if as_json:
        click.echo(json.dumps([_plain(one, names[one.site_id]) for one in all_of_them], ensure_ascii=False))
        return
    for one in all_of_them:
        read = f"read {one.polled_at:%Y-%m-%d %H:%M} UTC" if one.polled_at else "never read"
        click.echo(f"{names[one.site_id]}\t{one.url}\t{_rhythm(one)}\t{read}\t{_standing(one)}")


@feed.command("remove")
@click.argument("url")
@click.option("--site", "site_key", required=True)
@click.pass_obj
def remove(house: House, url: str, site_key: str) -> None:
    """Follow the feed at URL no more, and cancel the mails about it that were not sent yet."""
    with house.app().app_context():
        if not feeds.remove_feed(house.tools(), site_named(site_key), url):
            raise click.ClickException(f"{site_key} has no such feed; engagement feed list shows them")
    click.echo(f"{url}: removed")


@feed.command("poll")
@click.argument("url", required=False)
@click.option("--site", "site_key", help="Feeds of one site; all where left out.")
@click.pass_obj
def poll(house: House, url: str | None, site_key: str | None) -> None:
    """Look now at the feed at URL, or at all; the background work mails what is new."""
    with house.app().app_context():
        found = feeds.feeds_of([site_named(site_key)] if site_key else every_site())
        wanted = [one for one in found if url in {None, one.url} and one.state is FeedState.ACTIVE]
        if url and not wanted:
            raise click.ClickException("no such feed is followed; engagement feed list shows them")
        looked_at = [feeds.poll_now(house.tools(), one) for one in wanted]
    for one in looked_at:
        click.echo(f"{one.url}: {_standing(one)}")
    if any(one.failures for one in looked_at):
        raise SystemExit(1)


def _rhythm(one: Feed) -> str:
    return f"weekly on {DAYS[one.day]}" if one.rhythm is Rhythm.WEEKLY else "at once"


def _standing(one: Feed) -> str:
    if one.state is FeedState.GONE:
        return "gone: its server says 410; add it again to follow it again"
    return one.problem or "well"


def _plain(one: Feed, site_key: str) -> dict[str, object]:
    shown = {name: value for name, value in asdict(one).items() if name not in {"lease", "site_id", "primed", "id"}}
    times = {name: value.isoformat() for name, value in shown.items() if name.endswith("_at") and value is not None}
    return {"site": site_key} | shown | {"day": DAYS[one.day]} | times
