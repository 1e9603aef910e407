"""``engagement newsletter``: readers in and out as a list, proofs of consent, and who is not written to."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import click

from engagement.cli.house import House, sentence, site_named
from engagement.domain.errors import EngagementError
from engagement.domain.mailing.suppression import SuppressionReason
from engagement.domain.newsletter import SubscriptionState
from engagement.services.audience import newsletter_lists, suppressions
from engagement.services.audience.newsletter_lists import ListNotRead
from engagement.services.sites import find_site

_REASONS = [r.value for r in SuppressionReason if r is not SuppressionReason.FORGOTTEN]  # engagement forget does that


@click.group()
def newsletter() -> None:
    """The newsletter's readers: lists, proofs of consent, and addresses that are not written to."""


@newsletter.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", "site_key", required=True)
@click.option("--consent", required=True, help="How these readers agreed, where and when; kept as the proof of each.")
@click.option("--dry-run", is_flag=True, help="Only look, change nothing.")
@click.option("--json", "as_json", is_flag=True, help="The counts and faults as one JSON object.")
@click.pass_obj
def import_readers(house: House, file: Path, site_key: str, consent: str, dry_run: bool, as_json: bool) -> None:
    """Subscribe the readers of a CSV file with the columns email, name and language.

    Good lines are taken, every bad one is named; nobody is written to. Ends with status 1 if lines were bad.
    """
    with house.app().app_context():
        try:
            site = find_site(site_key)
            done = newsletter_lists.import_list(house.tools(), site, file, consent, dry=dry_run)
        except (EngagementError, ListNotRead) as error:
            raise click.ClickException(_said(error)) from error
    if as_json:
        click.echo(json.dumps(asdict(done), ensure_ascii=False))
    else:
        click.echo(f"added\t{done.added}\nknown\t{done.known}\nnot written to\t{done.silenced}")
    for line, why in done.faults:
        click.echo(f"line {line}: {why}", err=True)
    if done.faults:
        raise SystemExit(1)


@newsletter.command("export")
@click.option("--site", "site_key", required=True)
@click.option(
    "--state",
    type=click.Choice([*(s.value for s in SubscriptionState), "all"]),
    default="confirmed",
    help="Which readers; for confirmed ones those who are not written to are left out.",
)
@click.option("--out", type=click.File("w", encoding="utf-8", lazy=True), default="-", help="A file to write to.")
@click.pass_obj
def export_readers(house: House, site_key: str, state: str, out: TextIO) -> None:
    """Write readers as CSV, with each one's own addresses to leave and to change things."""
    wanted = None if state == "all" else SubscriptionState(state)
    with house.app().app_context():
        newsletter_lists.write_list(house.tools(), site_named(site_key), wanted, out)


@newsletter.command("proof")
@click.argument("email")
@click.option("--site", "site_key", help="Of this site alone.")
@click.pass_obj
def proof(house: House, email: str, site_key: str | None) -> None:
    """Write what EMAIL was shown, asked for and confirmed, and when, as one JSON object."""
    with house.app().app_context():
        found = newsletter_lists.proof_of(house.tools(), email, site_named(site_key) if site_key else None)
    if not found["subscriptions"] and not found["consents"]:
        raise click.ClickException("nothing is known of this address")
    click.echo(json.dumps(found, ensure_ascii=False, indent=2))


@newsletter.command("suppress")
@click.argument("email")
@click.option("--site", "site_key", help="By this site alone; all where left out.")
@click.option("--reason", type=click.Choice(_REASONS), default=SuppressionReason.MANUAL.value)
@click.pass_obj
def suppress(house: House, email: str, site_key: str | None, reason: str) -> None:
    """Do not write to EMAIL any more; kept as a keyed hash."""
    with house.app().app_context():
        try:
            site = site_named(site_key) if site_key else None
            count = suppressions.suppress(house.tools(), email, SuppressionReason(reason), site=site)
        except EngagementError as error:
            raise click.ClickException(_said(error)) from error
    click.echo(f"not written to by {count} site{'s' if count != 1 else ''}")


@newsletter.command("unsuppress")
@click.argument("email")
@click.option("--site", "site_key", help="By this site alone; all where left out.")
@click.pass_obj
def unsuppress(house: House, email: str, site_key: str | None) -> None:
    """Let EMAIL be written to again, whatever the reason was."""
    with house.app().app_context():
        try:
            count = suppressions.unsuppress(house.tools(), email, site=site_named(site_key) if site_key else None)
        except EngagementError as error:
            raise click.ClickException(_said(error)) from error
    if not count:
        raise click.ClickException("the address was not on the list")
    click.echo("the address may be written to again")


@newsletter.command("list")
@click.option("--site", "site_key", required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_obj
def list_suppressed(house: House, site_key: str, as_json: bool) -> None:
    """Who is not written to: hashes, reasons, times. Addresses are not kept."""
    with house.app().app_context():
        found = suppressions.listed(site_named(site_key))
    lines = [
        {"hash": one.email_hash, "reason": one.reason.value, "source": one.source, "at": one.at.isoformat()}
        for one in found
    ]
    if as_json:
        click.echo(json.dumps(lines))
        return
    for line in lines:
        click.echo(f"{line['hash'][:12]}\t{line['reason']}\t{line['source']}\t{line['at']}")


def _said(error: Exception) -> str:
    return sentence(error) if isinstance(error, EngagementError) else str(error)
