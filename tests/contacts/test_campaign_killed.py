"""A worker killed with -9 at any step of a campaign by Brevo: the campaign is sent there, once, and not from here."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engagement.domain.mailing.articles import CampaignState
from engagement.domain.mailing.handovers import LEASE
from engagement.services import sites
from engagement.services.audience import contacts
from engagement.services.mailing import campaigns
from engagement.storage.db import reading
from engagement.storage.tables import OutboxRow
from tests.contacts.campaigner import STEPS
from tests.contacts.conftest import SETTINGS, confirm
from tests.contacts.fake_brevo import Brevo
from tests.contacts.issues import campaign_about, run
from tests.fakes import StoppedClock
from tests.faults.conftest import fresh_postgres, fresh_sqlite, fresh_url  # noqa: F401 - fixtures
from tests.faults.service import PATIENCE, SITE, Service, inside, service, with_site

pytestmark = pytest.mark.faults


@pytest.fixture
def made(fresh_url: str, tmp_path: Path, brevo: Brevo) -> Iterator[Service]:  # noqa: F811 - the fixture of that name
    chosen = {"brevo__api_key": SETTINGS["brevo__api_key"], "brevo__base_url": brevo.url, "brevo__list_ids": [4]}
    with service(tmp_path, fresh_url, **chosen) as made:
        with_site(made)
        with inside(made) as tools:
            confirm(tools, sites.find_site(SITE), "lettrice@posta.example")
            contacts.sync_due(tools)
            campaign_about(sites.find_site(SITE), datetime.now(UTC), "Il cavo giusto")
        yield made


def killed_at(made: Service, step: str) -> int:
    command = [sys.executable, "-m", "tests.contacts.campaigner", str(made.config), step]
    return subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False).returncode


@pytest.mark.parametrize("step", STEPS)
def test_one_campaign_is_sent_wherever_a_worker_is_killed(made: Service, brevo: Brevo, step: str) -> None:
    assert killed_at(made, step) == -signal.SIGKILL
    assert len(brevo.sends) == (step in {"after send", "finish 2"})  # it died where it should
    with inside(made) as tools:
        clock = StoppedClock(datetime.now(UTC) + LEASE + timedelta(minutes=1))
        run(replace(tools, clock=clock), clock, timedelta(minutes=20))
        [view] = campaigns.view([sites.find_site(SITE).id])
        with reading() as session:
            here = session.scalar(sa.select(OutboxRow.id).where(OutboxRow.campaign_id.is_not(None)))
    assert ([one["id"] for one in brevo.campaigns], brevo.sends) == ([100], [100])
    assert (view.campaign.state, here) == (CampaignState.HANDED_OVER, None)


def test_one_campaign_is_sent_though_a_worker_is_killed_at_every_step_in_turn(made: Service, brevo: Brevo) -> None:
    for step in ("begin", "before look_for", "after make", "after look", "ask", "after send"):
        assert killed_at(made, step) == -signal.SIGKILL
        _lapse(made)
    with inside(made) as tools:
        clock = StoppedClock(datetime.now(UTC) + timedelta(minutes=1))
        run(replace(tools, clock=clock), clock, timedelta(minutes=5))
        [view] = campaigns.view([sites.find_site(SITE).id])
    assert ([one["id"] for one in brevo.campaigns], brevo.sends) == ([100], [100])
    assert view.campaign.state is CampaignState.HANDED_OVER


def _lapse(made: Service) -> None:
    """The lease of the dead worker is over."""
    engine = sa.create_engine(made.settings["database__url"])
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE handovers SET lease_until = NULL"))
    engine.dispose()
