"""``engagement brevo``: look at the way to Brevo, tell it what is due, compare both sides."""

import json
import time
from dataclasses import asdict

import click

from engagement.cli.doctor import tell
from engagement.cli.house import House
from engagement.services.audience import brevo_check, contacts, reconciling
from engagement.services.mailing import handing_over
from engagement.services.ports import Toolbox

_LONG = 5.0  # seconds of waiting that are worth a word


@click.group()
def brevo() -> None:
    """Confirmed readers as contacts at Brevo, and campaigns there."""


@brevo.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_obj
def check(house: House, as_json: bool) -> None:
    """Look at key, account, attributes, lists and what waits; exit 1 when something is wrong."""
    with house.app().app_context():
        findings = [look(_tools(house)) for look in brevo_check.LOOKS]
    tell(findings, as_json=as_json)


@brevo.command()
@click.option("--all", "everybody", is_flag=True, help="Every confirmed reader, told about or not.")
@click.option("--resume", is_flag=True, help="Call again although Brevo had shut us out, and try what it refused.")
@click.option("--json", "as_json", is_flag=True, help="The counts as one JSON object.")
@click.pass_obj
def sync(house: House, everybody: bool, resume: bool, as_json: bool) -> None:
    """Tell Brevo now what is due; exit 1 when Brevo shuts us out."""
    with house.app().app_context():
        tools, told = _tools(house), 0
        if resume:
            contacts.resume(tools)
            handing_over.resume(tools)
        if everybody:
            contacts.want_all(tools)
        while tried := contacts.sync_due(tools):
            told += tried
        way, backlog = contacts.standing(tools)
        shut = contacts.is_shut(tools, way)
    counts = {"tried": told, "waiting": backlog.waiting, "refused": backlog.refused, "shut": shut}
    if as_json:
        click.echo(json.dumps(counts))
    else:
        click.echo(f"tried {told}, waiting {backlog.waiting}, refused {backlog.refused}")
    if shut:
        raise click.ClickException(f"Brevo does not let us in: {way.code} {way.reply}; see: engagement brevo check")


@brevo.command()
@click.option("--repair", is_flag=True, help="Bring both sides together; strangers at Brevo are left alone.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def reconcile(house: House, repair: bool, as_json: bool) -> None:
    """Compare the confirmed readers with the lists at Brevo; exit 1 when they differ and are not repaired."""
    with house.app().app_context():
        tools = _tools(house)
        try:
            found = reconciling.reconcile(tools, repair=repair, wait=_wait)
        except reconciling.NotCompared as error:
            raise click.ClickException(f"Brevo could not be asked: {error}") from error
        while repair and contacts.sync_due(tools):
            pass
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False))
    else:
        click.echo(f"looked at {found.confirmed} confirmed here, {found.contacts} contacts there")
        for name, emails in (
            ("missing there", found.missing),
            ("left here, still there", found.lingering),
            ("blocked there", found.blocked),
        ):
            click.echo(f"{len(emails)}\t{name}")
            for email in emails:
                click.echo(f"\t{email}")
        click.echo(f"{found.strangers}\tonly there, left alone\n{found.waiting}\tstill to be told")
    if not found.none and not repair:
        raise SystemExit(1)


def _tools(house: House) -> Toolbox:
    tools = house.tools()
    if not tools.settings.brevo.on:
        raise click.ClickException("there is no brevo.api_key; see docs/brevo.md")
    return tools


def _wait(seconds: float) -> None:
    if seconds > _LONG:
        click.echo(f"Brevo asks to wait {seconds:.0f} s", err=True)
    time.sleep(seconds)
