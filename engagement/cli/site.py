"""``engagement site``: add, list and change sites."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import click

from engagement.cli.house import House, sentence
from engagement.domain.discussion.challenges import MODES as CHALLENGES
from engagement.domain.errors import EngagementError, SiteNotFound
from engagement.domain.mailing.digests import AuthorMail
from engagement.domain.sites import MAX_BODY_BYTES, Site, SiteRules
from engagement.services import sites
from engagement.services.discussion import posts, statistics


@click.group()
def site() -> None:
    """The blogs this installation serves."""


@site.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_obj
def list_sites(house: House, as_json: bool) -> None:
    """All sites."""
    with house.app().app_context():
        found = sites.every_site()
    if as_json:
        click.echo(json.dumps([asdict(s) for s in found], ensure_ascii=False))
        return
    for one in found:
        click.echo(f"{one.key}\t{one.name}\t{' '.join(one.origins)}\t{one.author_email}")


@site.command("add")
@click.argument("key")
@click.option("--name", default="", help="The blog's name; the key where left out.")
@click.option("--origin", "origins", multiple=True, required=True, help="Such as https://blog.example; repeatable.")
@click.option("--author-email", default="", help="Where notification mails go.")
@click.option("--language", type=click.Choice(["it", "en"]), default="it")
@click.pass_obj
def add(house: House, key: str, name: str, origins: tuple[str, ...], author_email: str, language: str) -> None:
    """Add the site KEY."""
    with house.app().app_context():
        if any(s.key == key for s in sites.every_site()):
            raise click.ClickException(f"the site {key} exists already; use: engagement site set {key}")
        _save(house, Site(0, key, name or key, language, origins, author_email))


def _on(_context: click.Context, _option: click.Parameter, value: str | None) -> bool | None:
    return None if value is None else value == "on"


def _none(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    return "" if value == "none" else value


@site.command("set")
@click.argument("key")
@click.option("--name")
@click.option("--origin", "origins", multiple=True, help="Added to the origins that are there; repeatable.")
@click.option("--author-email")
@click.option("--language", type=click.Choice(["it", "en"]))
@click.option("--email-required/--email-optional", default=None)
@click.option(
    "--max-body", "max_body_bytes", type=click.IntRange(1, MAX_BODY_BYTES), help="Longest text, in bytes of UTF-8."
)
@click.option("--hold-all/--no-hold-all", default=None, help="Hold every comment for a moderator.")
@click.option("--challenge", type=click.Choice(CHALLENGES), help="Proof of work before a comment.")
@click.option("--languages", help="Hold comments in other languages, such as it,en; empty: any will do.")
@click.option("--hold-first-time/--no-hold-first-time", default=None, help="Hold first comments of an author.")
@click.option(
    "--author-mail", type=click.Choice([mode.value for mode in AuthorMail]), help="When the author is told of comments."
)
@click.option("--quiet", callback=_none, help="Hours without mail to the author: 22-7; none takes them back.")
@click.option("--time-zone", help="Of these hours and of digests, such as Europe/Rome.")
@click.option("--weekly", type=click.Choice(["on", "off"]), callback=_on, help="A summary for the author every Monday.")
@click.pass_obj
def change(house: House, /, key: str, origins: tuple[str, ...], **given: str | bool | int | None) -> None:
    """Change the site KEY; what is not named stays."""
    with house.app().app_context():
        known = _known(key)
        rules: dict[str, object] = {
            k: v for k, v in given.items() if v is not None and k in SiteRules.__dataclass_fields__
        }
        if isinstance(spoken := given.get("languages"), str):
            rules["languages"] = tuple(code for part in spoken.split(",") if (code := part.strip()))
        own = {k: v for k, v in given.items() if v is not None and k not in rules}
        merged = (*known.origins, *origins)
        changed = replace(known, origins=merged, rules=replace(known.rules, **rules), **own)  # type: ignore[arg-type]
        _save(house, changed)


@site.command("stats")
@click.argument("key")
@click.option("--days", type=click.IntRange(1, 3650), default=30, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def stats(house: House, key: str, days: int, as_json: bool) -> None:
    """Comments of the site KEY by status, by language and per day."""
    with house.app().app_context():
        known = _known(key)
        found = asdict(statistics.volume(house.tools(), known, days))
    if as_json:
        click.echo(json.dumps({"site": key} | found))
        return
    for kind, counts in found.items():
        for name, count in counts.items():
            click.echo(f"{kind}\t{name or '(too short to tell)'}\t{count}")


@site.command("map")
@click.argument("key")
@click.option("--csv", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="post_id,url,title")
@click.option("--rest", "blog", help="Address of a WordPress blog that is asked for its posts.")
@click.pass_obj
def map_posts(house: House, key: str, file: Path | None, blog: str | None) -> None:
    """Learn which article a WordPress post number of the site KEY stands for."""
    if (file is None) == (blog is None):
        raise click.ClickException("name one source: --csv FILE or --rest ADDRESS")
    with house.app().app_context():
        known = _known(key)
        try:
            kept, refused = posts.map_file(known, file) if file else posts.map_blog(house.tools(), known, blog or "")
        except ValueError as error:
            raise click.ClickException(str(error)) from error
    for url in refused:
        click.echo(f"not an address of {key}, left out: {url}", err=True)
    click.echo(f"{kept} posts")


def _known(key: str) -> Site:
    try:
        return sites.find_site(key)
    except SiteNotFound as error:
        raise click.ClickException(f"there is no site {key}; add it with: engagement site add {key}") from error


def _save(house: House, wanted: Site) -> None:
    try:
        saved = sites.save_site(house.tools(), wanted)
    except EngagementError as error:
        raise click.ClickException(sentence(error)) from error
    click.echo(f"{saved.key}: {' '.join(saved.origins)}")
