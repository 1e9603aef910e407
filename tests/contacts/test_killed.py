"""A worker killed with -9 around the call to Brevo: nobody is lost, nobody doubled, and a later no is respected."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from engagement.domain.mailing.contacts import LEASE
from engagement.services import sites
from engagement.services.audience.contacts import sync_due
from engagement.storage.audience.contact_tables import ContactJobRow
from tests.contacts.conftest import SETTINGS, confirm
from tests.contacts.fake_brevo import Brevo
from tests.contacts.sender import STEPS
from tests.fakes import StoppedClock
from tests.faults.conftest import fresh_postgres, fresh_sqlite, fresh_url  # noqa: F401 - fixtures
from tests.faults.service import PATIENCE, SITE, Service, inside, service, with_site

pytestmark = pytest.mark.faults
READERS = [f"r{number}@posta.example" for number in range(3)]


@pytest.fixture
def made(fresh_url: str, tmp_path: Path, brevo: Brevo) -> Iterator[Service]:  # noqa: F811 - the fixture of that name
    chosen = {"brevo__api_key": SETTINGS["brevo__api_key"], "brevo__base_url": brevo.url, "brevo__list_ids": [4]}
    with service(tmp_path, fresh_url, **chosen) as made:
        with_site(made)
        with inside(made) as tools:
            for reader in READERS:
                confirm(tools, sites.find_site(SITE), reader)
        yield made


def killed_at(made: Service, step: str) -> int:
    command = [sys.executable, "-m", "tests.contacts.sender", str(made.config), step]
    return subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False).returncode


def work(made: Service, after: timedelta = timedelta(0)) -> int:
    with inside(made) as tools:
        return sync_due(replace(tools, clock=StoppedClock(datetime.now(UTC) + after)))


def waiting(made: Service) -> int:
    engine = sa.create_engine(made.settings["database__url"])
    with engine.connect() as connection:
        found = connection.scalar(sa.select(sa.func.count()).select_from(ContactJobRow))
    engine.dispose()
    return found or 0


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at_a_step_loses_nobody_and_doubles_nobody(made: Service, brevo: Brevo, step: str) -> None:
    assert killed_at(made, step) == -signal.SIGKILL
    assert len(brevo.members(4)) == (0 if step == "claimed" else 1)  # it died where it should
    assert work(made) == 2  # the others at once; what may still be in somebody's hands is left alone
    assert waiting(made) == 1
    assert work(made, LEASE + timedelta(minutes=1)) == 1
    assert (sorted(brevo.members(4)), waiting(made)) == (READERS, 0)
    assert set(brevo.made.values()) == {1}


def test_who_unsubscribed_there_before_the_call_is_made_again_stays_unsubscribed(made: Service, brevo: Brevo) -> None:
    assert killed_at(made, "sent") == -signal.SIGKILL
    [reader] = brevo.members(4)
    brevo.contacts[reader]["emailBlacklisted"] = True
    assert work(made, LEASE + timedelta(minutes=1)) == 3
    assert {email for email, one in brevo.contacts.items() if one["emailBlacklisted"]} == {reader}
