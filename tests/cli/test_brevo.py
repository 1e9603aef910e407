"""``engagement brevo``, as an operator types it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from engagement.app import make_patient
from engagement.console import House, commands
from engagement.domain.sites import Site
from engagement.services import sites
from engagement.services.mailing import campaigns
from engagement.services.operations import doctor
from engagement.services.ports import Toolbox
from tests.contacts.conftest import SETTINGS, confirm
from tests.contacts.fake_brevo import Brevo, fake_brevo
from tests.contacts.issues import campaign_about

READER = "lettrice@posta.example"


@dataclass
class Desk:
    app: Flask
    brevo: Brevo

    @property
    def tools(self) -> Toolbox:
        tools: Toolbox = self.app.extensions["engagement"]
        return tools

    def confirm(self, *emails: str) -> None:
        with self.app.app_context():
            for email in emails:
                confirm(self.tools, self.site, email)

    @property
    def site(self) -> Site:
        return sites.find_site("demo")

    def type(self, *words: str) -> Result:
        command: Any = commands.commands["brevo"]
        return CliRunner().invoke(command, words, obj=House(self.tools.settings, _app=self.app))


@pytest.fixture
def desk(make_app: Callable[..., Flask]) -> Iterator[Desk]:
    with fake_brevo() as account:
        yield Desk(make_app(**SETTINGS, brevo__base_url=account.url), account)


def test_all_is_well(desk: Desk) -> None:
    done = desk.type("check", "--json")
    assert (done.exit_code, [look["grade"] for look in json.loads(done.output)]) == (0, ["ok"] * 5)


@pytest.mark.parametrize(
    ("harm", "what", "told"),
    [
        (lambda b: setattr(b, "key", "xkeysib-another"), "brevo account", "401 unauthorized"),
        (lambda b: b.attributes.discard("NOME"), "brevo attributes", "NOME"),
        (lambda b: b.lists.discard(4), "brevo lists", "4"),
        (lambda b: b.faults.append("500"), "brevo account", "500"),
        (lambda b: b.senders.clear(), "brevo campaigns", "commenti@blog.example is no sender that Brevo knows"),
    ],
)
def test_what_is_wrong_is_named_by_check_and_doctor(
    desk: Desk, harm: Callable[[Brevo], None], what: str, told: str
) -> None:
    harm(desk.brevo)
    done = desk.type("check", "--json")
    assert done.exit_code == 1
    wrong = {look["what"]: look["told"] for look in json.loads(done.output) if look["grade"] == "wrong"}
    assert told in wrong[what]
    assert "→" in desk.type("check").output or not desk.brevo.faults
    harm(desk.brevo)
    with desk.app.app_context():
        found = {f.what: f for f in doctor.examine(make_patient(desk.app)) if f.grade is doctor.Grade.WRONG}
    assert told in found[what].told
    assert found[what].advice


def test_sync_tells_what_is_due(desk: Desk) -> None:
    desk.confirm(READER, "altra@posta.example")
    assert json.loads(desk.type("sync", "--json").output) == {"tried": 2, "waiting": 0, "refused": 0, "shut": False}
    assert len(desk.brevo.members(4)) == 2
    assert desk.type("sync", "--all").output == "tried 2, waiting 0, refused 0\n"


def test_a_shut_door_is_said_and_opened_by_command(desk: Desk) -> None:
    desk.confirm(READER)
    desk.brevo.faults.append("403")
    shut = desk.type("sync")
    assert (shut.exit_code, "403 permission_denied" in shut.output) == (1, True)
    check = desk.type("check")
    assert (check.exit_code, "stopped since" in check.output) == (1, True)
    assert desk.type("sync").exit_code == 1
    assert desk.brevo.writes() == [("POST", "/v3/contacts", desk.brevo.writes()[0][2])]  # asked once
    assert desk.type("sync", "--resume").output == "tried 1, waiting 0, refused 0\n"
    assert desk.type("check").exit_code == 0


def test_a_refused_contact_is_a_warning(desk: Desk) -> None:
    desk.confirm(READER)
    desk.brevo.faults.append("400")
    assert desk.type("sync").output == "tried 1, waiting 0, refused 1\n"
    check = desk.type("check")
    assert (check.exit_code, "Invalid email address for (address)" in check.output) == (0, True)


def test_reconcile_reports_and_repairs(desk: Desk) -> None:
    desk.confirm(READER)
    desk.type("sync")
    desk.brevo.contacts.clear()
    found = desk.type("reconcile")
    assert (found.exit_code, READER in found.output) == (1, True)
    assert desk.brevo.members(4) == []
    assert desk.type("reconcile", "--repair").exit_code == 0
    assert desk.brevo.members(4) == [READER]
    assert json.loads(desk.type("reconcile", "--json").output)["missing"] == []
    desk.brevo.faults.append("401")
    broken = desk.type("reconcile")
    assert (broken.exit_code, "could not be asked" in broken.output) == (1, True)


@pytest.mark.parametrize("word", ["check", "sync", "reconcile"])
def test_without_a_key_the_command_says_so(make_app: Callable[..., Flask], word: str) -> None:
    done = Desk(make_app(), Brevo()).type(word)
    assert (done.exit_code, "there is no brevo.api_key" in done.output) == (1, True)


def test_lists_that_sites_share_are_a_warning(desk: Desk) -> None:
    with desk.app.app_context():
        sites.save_site(desk.tools, sites.Site(0, "altro", "Altro", origins=("https://altro.example",)))
    looks = {look["what"]: look for look in json.loads(desk.type("check", "--json").output)}
    shown = looks["brevo campaigns"]
    assert (shown["grade"], shown["told"]) == ("warn", "new articles go out from here: several sites share the lists 4")


def test_campaigns_that_were_shut_out_are_tried_again_by_the_same_command(desk: Desk) -> None:
    with desk.app.app_context():
        campaign_about(desk.site, desk.tools.clock.now(), "Il cavo giusto")
        desk.brevo.faults.append("403")
        while campaigns.advance(desk.tools):
            pass
    check = desk.type("check")
    assert (check.exit_code, "stopped (403 permission_denied" in check.output) == (1, True)
    desk.type("sync", "--resume")
    with desk.app.app_context():
        while campaigns.advance(desk.tools):
            pass
    assert len(desk.brevo.sends) == 1
    assert "new articles of demo from commenti@blog.example; 0 waiting" in desk.type("check").output
