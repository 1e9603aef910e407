"""``engagement import FORMAT FILE``: what another comment system exports."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from engagement.cli.house import House
from engagement.services import archives, sites
from engagement.services.archives import Report


@click.command("import")
@click.argument("kind", metavar="FORMAT", type=click.Choice(sorted(archives.READERS)))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--site", "key", help="The site's key; not needed where there is only one site.")
@click.option("--moved-from", multiple=True, help="An origin that the articles had before; repeatable.")
@click.option("--dry-run", is_flag=True, help="Read and report, keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@click.pass_obj
def import_command(
    house: House, kind: str, file: Path, key: str | None, moved_from: tuple[str, ...], dry_run: bool, as_json: bool
) -> None:
    """Take in the comments that another system exported; a second time adds nothing."""
    with house.app().app_context():
        known = [s for s in sites.every_site() if key in {None, s.key}]
        if len(known) != 1:
            raise click.ClickException("name the site: --site KEY" if len(known) > 1 else "there is no such site")
        try:
            with _progress() as progress:
                report = archives.import_archive(
                    house.tools(), known[0], kind, file, moved_from=moved_from, dry_run=dry_run, progress=progress
                )
        except ValueError as error:
            raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(vars(report) | {"dry_run": dry_run}, ensure_ascii=False))
    else:
        _tell(report, dry_run)


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    columns = (SpinnerColumn(), TextColumn("{task.completed} comments"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bars:
        task = bars.add_task("import", total=None)
        yield lambda done: bars.update(task, completed=done)


def _tell(report: Report, dry_run: bool) -> None:
    if dry_run:
        click.echo("nothing was kept; without --dry-run this would be:")
    for status, count in sorted(report.kept.items()):
        click.echo(f"{status}\t{count}")
    click.echo(
        f"known already\t{report.known}\nanswers in their place\t{report.attached}\npost numbers\t{report.posts}"
    )
    for why, count in report.left_out.most_common():
        click.echo(f"left out\t{count}\t{why}: {', '.join(report.examples[why])}")
