"""Both sides compared: what differs is named, what is certainly behind is brought up, strangers are left alone."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from engagement.domain.mailing.contacts import Brevo as Settings
from engagement.domain.sites import Site
from engagement.services import newsletter, sites
from engagement.services.audience import contacts, reconciling
from engagement.services.audience.reconciling import Differences, NotCompared
from engagement.services.ports import Toolbox
from tests.contacts.conftest import confirm, leave, sign_up, token
from tests.contacts.fake_brevo import Brevo
from tests.fakes import StoppedClock

FINE, MISSING, LEFT, BLOCKED = (f"{name}@posta.example" for name in ("bene", "manca", "partita", "bloccata"))
PENDING, STRANGER = "in-attesa@posta.example", "estranea@altrove.example"


def compare(tools: Toolbox, *, repair: bool = False) -> Differences:
    return reconciling.reconcile(tools, repair=repair, wait=lambda seconds: None)


@pytest.fixture
def apart(tools: Toolbox, site: Site, brevo: Brevo) -> Toolbox:
    """Two sides that drifted apart while nobody told anything."""
    without = replace(tools, settings=replace(tools.settings, brevo=Settings()))
    for email in (FINE, MISSING, LEFT, BLOCKED):
        confirm(without, site, email)
    leave(without, site, LEFT)
    sign_up(without, site, PENDING)
    for email in (FINE, LEFT, PENDING, STRANGER):
        brevo.add(email, 4)
    brevo.add(BLOCKED, 4, blocked=True)
    return tools


def test_every_difference_is_named_and_nothing_is_changed(apart: Toolbox, brevo: Brevo) -> None:
    found = compare(apart)
    assert (found.missing, found.lingering, found.blocked, found.strangers) == ([MISSING], [LEFT], [BLOCKED], 1)
    assert (found.contacts, found.confirmed) == (5, 3)
    assert (brevo.writes(), contacts.sync_due(apart)) == ([], 0)


def test_a_repair_brings_both_sides_together(apart: Toolbox, site: Site, brevo: Brevo) -> None:
    assert not compare(apart, repair=True).none
    assert contacts.sync_due(apart) == 2
    assert sorted(brevo.members(4)) == sorted([FINE, MISSING, PENDING, STRANGER, BLOCKED])
    assert brevo.contacts[BLOCKED]["emailBlacklisted"]  # her no stands, here too now
    left = newsletter.look_up(apart, token(apart, site, "leave", BLOCKED), "leave")
    assert left.left_at is not None
    brevo.calls.clear()
    again = compare(apart)
    assert (again.missing, again.blocked, again.lingering) == ([], [], [BLOCKED])
    compare(apart, repair=True)
    contacts.sync_due(apart)
    assert compare(apart).none


def test_who_is_still_to_be_told_is_no_difference(tools: Toolbox, site: Site, brevo: Brevo) -> None:
    brevo.add(FINE, 4, blocked=True)
    for email in (FINE, MISSING):
        confirm(tools, site, email)
    found = compare(tools, repair=True)
    assert (found.none, found.waiting) == (True, 2)
    contacts.sync_due(tools)
    assert not brevo.contacts[FINE]["emailBlacklisted"]


def test_pages_and_sites_add_up(make_tools: Callable[..., Toolbox], site: Site, brevo: Brevo) -> None:
    tools = make_tools(brevo__site_lists__altro="7")
    other = sites.save_site(tools, replace(site, key="altro"))
    confirm(tools, site, FINE)
    confirm(tools, other, FINE)
    contacts.sync_due(tools)
    for number in range(1200):
        brevo.add(f"e{number}@altrove.example", 4)
    found = compare(tools)
    assert (found.none, found.strangers, found.contacts, found.confirmed) == (True, 1200, 1202, 2)


def test_a_departed_reader_of_one_site_is_looked_for_in_its_lists_alone(
    make_tools: Callable[..., Toolbox], site: Site, brevo: Brevo
) -> None:
    tools = make_tools(brevo__site_lists__altro="7")
    other = sites.save_site(tools, replace(site, key="altro"))
    confirm(tools, site, FINE)
    confirm(tools, other, FINE)
    leave(tools, other, FINE)
    contacts.sync_due(tools)
    assert compare(tools).none
    brevo.contacts[FINE]["listIds"] = [4, 7]
    assert compare(tools, repair=True).lingering == [FINE]
    contacts.sync_due(tools)
    assert brevo.contacts[FINE]["listIds"] == [4]


def test_patience_is_asked_for_and_had(apart: Toolbox, brevo: Brevo) -> None:
    waited: list[float] = []
    brevo.faults.extend(["429", "500", "cut"])
    found = reconciling.reconcile(apart, repair=False, wait=waited.append)
    assert (found.contacts, waited) == (5, [30.0, 2.0, 2.0])


@pytest.mark.parametrize("faults", [["401"], ["500"] * 4, ["html"] * 4])
def test_what_cannot_be_asked_is_said(apart: Toolbox, brevo: Brevo, faults: list[str]) -> None:
    brevo.faults.extend(faults)
    with pytest.raises(NotCompared):
        compare(apart, repair=True)
    assert contacts.standing(apart)[1].waiting == 0


def test_who_confirms_again_during_the_comparison_has_the_last_word(
    apart: Toolbox, site: Site, brevo: Brevo, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = reconciling._blocked

    def meanwhile(*args: object, **kwargs: object) -> None:
        leave(apart, site, BLOCKED)
        clock.move(days=2)
        confirm(apart, site, BLOCKED)
        blocked(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(reconciling, "_blocked", meanwhile)
    compare(apart, repair=True)
    found = newsletter.look_up(apart, token(apart, site, "leave", BLOCKED), "leave")
    assert found.left_at is None
