"""When an author is told, by mode, hour and season."""

from datetime import UTC, datetime, timedelta

import pytest

from engagement.domain.mailing.digests import after_quiet, held_due, hours_of_quiet, is_zone, published_due, zone_of
from engagement.domain.sites import SiteRules


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NOON = at("2026-11-25T12:10")  # 13:10 in Rome


@pytest.mark.parametrize(
    ("mode", "last", "due"),
    [
        ("immediate", None, NOON),
        ("immediate", NOON - timedelta(minutes=1), NOON),
        ("quarter-hour", None, NOON),
        ("quarter-hour", NOON - timedelta(minutes=15), NOON),
        ("quarter-hour", NOON - timedelta(minutes=14), NOON + timedelta(minutes=1)),
        ("hourly", None, at("2026-11-25T13:00")),
        ("daily", None, at("2026-11-26T07:00")),
        ("off", None, None),
    ],
)
def test_each_mode_has_its_time(mode: str, last: datetime | None, due: datetime | None) -> None:
    assert published_due(SiteRules(author_mail=mode), NOON, last) == due


def test_a_full_hour_waits_for_the_next_one() -> None:
    hour = at("2026-11-25T12:00")
    assert published_due(SiteRules(author_mail="hourly"), hour, None) == hour + timedelta(hours=1)
    morning = at("2026-11-25T07:00")
    assert published_due(SiteRules(author_mail="daily"), morning, None) == morning + timedelta(days=1)
    before = morning - timedelta(seconds=1)
    assert published_due(SiteRules(author_mail="daily"), before, None) == morning


@pytest.mark.parametrize(
    ("quiet", "now", "due"),
    [
        ("", "2026-11-25T02:00", "2026-11-25T02:00"),
        ("22-7", "2026-11-25T20:59", "2026-11-25T20:59"),
        ("22-7", "2026-11-25T21:00", "2026-11-26T06:00"),
        ("22-7", "2026-11-26T05:59", "2026-11-26T06:00"),
        ("22-7", "2026-11-26T06:00", "2026-11-26T06:00"),
        ("13-15", "2026-11-25T12:10", "2026-11-25T14:00"),
        ("22-7", "2026-07-25T20:30", "2026-07-26T05:00"),  # summer time
        ("22-7", "2026-10-24T23:30", "2026-10-25T06:00"),  # the night the clocks go back
        ("22-7", "2026-03-28T23:30", "2026-03-29T05:00"),  # the night they go forward
        ("1-2", "2026-03-29T00:30", "2026-03-29T01:00"),  # to an hour that is left out
    ],
)
def test_hours_of_quiet_are_those_of_the_sites_clocks(quiet: str, now: str, due: str) -> None:
    rules = SiteRules(quiet=quiet)
    assert after_quiet(rules, at(now)) == at(due)
    assert held_due(rules, at(now)) == at(due)


def test_off_is_off_for_held_ones_too_and_other_modes_tell_them_at_once() -> None:
    assert held_due(SiteRules(author_mail="off"), NOON) is None
    for mode in ("immediate", "quarter-hour", "hourly", "daily"):
        assert held_due(SiteRules(author_mail=mode), NOON) == NOON


@pytest.mark.parametrize("text", ["22", "22-", "24-7", "7-7", "a-b", "22-7-8", " 22-7", "-1-7"])
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="22-7"):
        hours_of_quiet(text)


@pytest.mark.parametrize("name", ["Rome", "", "../../etc/passwd", "Europe/../Europe/Rome", "x" * 300, "/etc/localtime"])
def test_a_zone_that_nobody_knows_is_none_and_counts_as_utc(name: str) -> None:
    assert not is_zone(name)
    assert zone_of(name).key == "UTC"


def test_zones_are_known() -> None:
    assert is_zone("Europe/Rome")
    assert is_zone("America/New_York")
