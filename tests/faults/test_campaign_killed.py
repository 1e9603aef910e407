"""A worker killed with -9 in the middle of a campaign: no subscriber is left out, and none is written to twice."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
import sqlalchemy as sa

from engagement.domain.mailing.articles import CampaignState, Rhythm
from engagement.domain.notices import LEASE
from engagement.services import sites
from engagement.services.mail import deliver_due
from engagement.services.mailing import campaigns, feeds
from engagement.services.ports import Toolbox
from engagement.storage.db import reading, transaction
from engagement.storage.tables import OutboxRow, SubscriptionRow
from tests.archives.blog import blog, rss
from tests.fakes import StoppedClock
from tests.faults.service import PATIENCE, SITE, Service, inside, service, with_site

pytestmark = pytest.mark.faults

FEW, MANY = 60, 10_000


@pytest.fixture
def made(fresh_url: str, tmp_path: Path) -> Iterator[Service]:
    yield from campaign_on(fresh_url, tmp_path, FEW)


@pytest.fixture
def large(fresh_sqlite: str, tmp_path: Path) -> Iterator[Service]:
    yield from campaign_on(fresh_sqlite, tmp_path, MANY)


def campaign_on(url: str, folder: Path, subscribers: int) -> Iterator[Service]:
    """A service with so many confirmed subscribers, and one article that nobody was told about yet."""
    settings = {"queue__url": "workers", "feeds__allow_private": True, "mail__bulk_per_minute": 1_000_000}
    with service(folder, url, **settings) as made, blog() as server:
        with_site(made)
        with inside(made) as tools:
            _subscribe(subscribers)
            server.put("/feed", rss(("vecchio", "Vecchio")))
            site = sites.find_site(SITE)
            feed, _ = feeds.add_feed(tools, site, f"{server.url}/feed", Rhythm.AT_ONCE, 0)
            server.put("/feed", rss(("nuovo", "Nuovo"), ("vecchio", "Vecchio")))
            feeds.poll_now(tools, feed)
        yield made


def killed_at(made: Service, step: str, count: int, batch: int) -> int:
    command = [sys.executable, "-m", "tests.faults.campaigner", str(made.config), step, str(count), str(batch)]
    return subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False).returncode


def finish(tools: Toolbox) -> None:
    """What the next worker does, once the leases of the dead one are over."""
    later = replace(tools, clock=StoppedClock(datetime.now(UTC) + LEASE + timedelta(minutes=1)))
    while campaigns.advance(later) or deliver_due(later, 1000):
        pass


@pytest.mark.parametrize(("step", "count"), [("add", 1), ("add", 30), ("moved", 2), ("send", 17), ("sent", 17)])
def test_every_subscriber_gets_one_mail_whenever_a_worker_is_killed(made: Service, step: str, count: int) -> None:
    assert killed_at(made, step, count, batch=20) == -signal.SIGKILL
    with inside(made) as tools:
        finish(tools)
        [view] = campaigns.view([sites.find_site(SITE).id])
    assert view.campaign.state is CampaignState.DONE
    assert (view.progress.waiting, view.progress.sent) == (0, FEW)
    mails = [message_from_bytes(path.read_bytes()) for path in (made.folder / "mails").glob("*.eml")]
    assert Counter(mail["To"] for mail in mails) == {f"l{number}@posta.example": 1 for number in range(FEW)}
    assert len({mail["Message-ID"] for mail in mails}) == FEW


def test_ten_thousand_subscribers_are_queued_once_each_though_a_worker_is_killed_twice(
    large: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The walk alone; what becomes of a mail that is queued is the matter of the test above."""
    monkeypatch.setattr(campaigns, "LOW_WATER", MANY)
    for count, kept in ((2_300, 2_000), (4_100, 6_000)):
        assert killed_at(large, "add", count, batch=500) == -signal.SIGKILL
        with inside(large):
            assert len(_queued()) == kept
    with inside(large) as tools:
        while campaigns.advance(tools):
            pass
        queued = _queued()
        [view] = campaigns.view([sites.find_site(SITE).id])
    assert Counter(queued) == {f"l{number}@posta.example": 1 for number in range(MANY)}
    assert (view.campaign.walked, view.progress.waiting) == (True, MANY)


def _queued() -> list[str]:
    with reading() as session:
        return list(session.scalars(sa.select(OutboxRow.recipient).where(OutboxRow.campaign_id.is_not(None))))


def _subscribe(count: int) -> None:
    now = datetime.now(UTC)
    site = sites.find_site(SITE)
    same = {"site_id": site.id, "name": "", "state": "confirmed", "version": 1, "created_at": now, "confirmed_at": now}
    with transaction() as session:
        values = [{"email": f"l{number}@posta.example"} | same for number in range(count)]
        session.execute(sa.insert(SubscriptionRow), values)
