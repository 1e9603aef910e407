"""``engagement doctor`` and ``engagement openapi``: what an operator asks a service about itself."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Protocol

import click

from engagement.cli.house import House
from engagement.services.operations import doctor as practice
from engagement.services.operations.findings import Finding, Grade, Patient
from engagement.settings import SettingsError


class _Hospital(House, Protocol):
    mistakes: list[str]

    def patient(self) -> Patient: ...


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_obj
def doctor(house: _Hospital, as_json: bool) -> None:
    """Look at the configuration, database, limits, model and mail; exit 1 when something is wrong."""
    tell(_findings(house), as_json=as_json)


@click.command()
@click.pass_obj
def openapi(house: _Hospital) -> None:
    """Print the OpenAPI document, the same as /api/openapi.json."""
    click.echo(json.dumps(house.app().extensions["engagement-api"].spec.to_dict(), indent=2, ensure_ascii=False))


def tell(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print them, as lines or as one JSON array; exit 1 when something is wrong."""
    if as_json:
        click.echo(json.dumps([asdict(found) for found in findings], ensure_ascii=False))
    else:
        width = max(len(found.what) for found in findings)
        for found in findings:
            click.echo(f"{found.grade.value:5}  {found.what:{width}}  {found.told}")
            if found.advice:
                click.echo(f"{'':5}  {'':{width}}  → {found.advice}")
    if any(found.grade is Grade.WRONG for found in findings):
        raise SystemExit(1)


def _findings(house: _Hospital) -> list[Finding]:
    if house.mistakes:
        return practice.mistakes(house.mistakes)
    try:
        app = house.app()
    except SettingsError as error:
        return practice.mistakes(error.mistakes)
    except ImportError as error:
        return practice.mistakes([f"a package is missing for these settings: {error}"])
    with app.app_context():
        return list(practice.examine(house.patient()))
