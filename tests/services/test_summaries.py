"""The reminder to moderators, and the author's week: when due, once, with true numbers."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from engagement.domain.comments import Comment, Submission
from engagement.domain.moderation import Actor, Verdict
from engagement.domain.sites import Site
from engagement.mail.postmen import MemoryPostman
from engagement.services import comments, moderation, sites
from engagement.services.desk import moderators
from engagement.services.mail import deliver_due
from engagement.services.mailing import summaries
from engagement.services.ports import Toolbox
from tests.fakes import FixedScreener, StoppedClock
from tests.mail.facts import part, read

ONE, TWO, GONE = "una@demo.example", "due@demo.example", "via@demo.example"
_numbers = iter(range(10_000))


def ruled(tools: Toolbox, site: Site, **rules: Any) -> Site:
    return sites.save_site(tools, replace(site, rules=replace(site.rules, **rules)))


def say(tools: Toolbox, site: Site, page: str = "https://blog.example/articolo") -> Comment:
    body = f"Un parere pacato, il numero {next(_numbers)}."
    return comments.submit_comment(tools, site, Submission(page, "Anna", body, page_title=page[-8:])).comment


def work(tools: Toolbox, kind: str) -> list[tuple[str, bytes]]:
    """What the hourly jobs write, and the letters of a kind that went out."""
    postman = MemoryPostman()
    summaries.remind(tools)
    summaries.summarise(tools)
    deliver_due(replace(tools, postman=postman), limit=100)
    return [(to, raw) for to, raw in postman.sent if read(raw)["List-Id"] == f"<{kind}.blog.example>"]


def reminders(tools: Toolbox) -> list[str]:
    return sorted(to for to, _ in work(tools, "moderation-reminder"))


@pytest.fixture
def people(tools: Toolbox, site: Site) -> Site:
    sites.save_site(tools, replace(site, key="altro"))
    for email in (ONE, TWO, GONE):
        moderators.add(tools, email, ["demo"])
    moderators.add(tools, "altra@demo.example", ["altro"])
    moderators.remove(tools, GONE)
    return site


def test_the_moderators_of_a_site_are_reminded_once_a_day_while_a_comment_waits_too_long(
    tools: Toolbox, people: Site, screener: FixedScreener, clock: StoppedClock
) -> None:
    screener.toxicity = 0.7
    held = say(tools, people)
    clock.move(hours=23, minutes=59)
    assert reminders(tools) == []
    clock.move(minutes=1)
    assert reminders(tools) == [TWO, ONE]
    for _ in range(8):
        clock.move(hours=1)
        assert reminders(tools) == []
    clock.move(hours=16)
    [(_, raw), _] = work(tools, "moderation-reminder")
    for where in ("plain", "html"):
        assert "Commenti che attendono una decisione: 1. Il più vecchio attende da 2 giorni." in part(raw, where)
        assert "http://127.0.0.1:8000/desk/" in part(raw, where)
    moderation.settle(tools, held.id, Verdict.APPROVE, actor=Actor.MODERATOR, who=ONE, version=None)
    clock.move(days=1)
    assert reminders(tools) == []


def test_a_reminder_whose_reason_went_before_it_left_is_not_sent(
    tools: Toolbox, people: Site, screener: FixedScreener, clock: StoppedClock
) -> None:
    screener.toxicity = 0.7
    held = say(tools, people)
    clock.move(hours=25)
    assert summaries.remind(tools) == 2
    moderation.settle(tools, held.id, Verdict.REJECT, actor=Actor.MODERATOR, who=ONE, version=None)
    assert reminders(tools) == []


@pytest.mark.parametrize(("hours", "sent"), [(0, 0), (48, 0), (12, 2)])
def test_the_patience_is_a_setting(
    tools: Toolbox, people: Site, screener: FixedScreener, clock: StoppedClock, hours: int, sent: int
) -> None:
    settings = replace(tools.settings, mail=replace(tools.settings.mail, remind_after_hours=hours))
    screener.toxicity = 0.7
    say(tools, people)
    clock.move(hours=24)
    assert len(reminders(replace(tools, settings=settings))) == sent


def test_nobody_is_reminded_at_night_or_in_hours_of_quiet(
    tools: Toolbox, people: Site, screener: FixedScreener, clock: StoppedClock
) -> None:
    ruled(tools, people, quiet="22-9")
    screener.toxicity = 0.7
    say(tools, people)
    for hour, sent in ((2, 0), (7, 0), (8, 2)):  # three, eight and nine o'clock in Rome
        clock.at = datetime(2026, 11, 28, hour, 0, tzinfo=UTC)
        assert len(reminders(tools)) == sent


def test_the_weeks_numbers_are_those_of_the_week_on_the_clocks_of_the_site(
    tools: Toolbox, site: Site, screener: FixedScreener, clock: StoppedClock
) -> None:
    site = ruled(tools, site, weekly=True)
    for day, hour, page in ((15, 22, "/prima"), (15, 23, "/uno"), (18, 12, "/uno"), (22, 22, "/due"), (22, 23, "/poi")):
        clock.at = datetime(2026, 11, day, hour, 30, tzinfo=UTC)
        say(tools, site, f"https://blog.example{page}")
    clock.at = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
    screener.toxicity = 0.7
    say(tools, site)
    screener.toxicity = 0.97
    say(tools, site)
    clock.at = datetime(2026, 11, 23, 6, 59, tzinfo=UTC)
    assert work(tools, "weekly-summary") == []
    clock.move(minutes=1)
    [(to, raw)] = work(tools, "weekly-summary")
    assert to == "autore@demo.example"
    text = part(raw, "plain").replace("\r\n", "\n")
    assert "16 novembre 2026 – 22 novembre 2026" in text
    assert "Pubblicati: 3\nTrattenuti: 1\nRifiutati: 1\nSpam: 0\n" in text
    assert "lunedì     ▇▇▇▇▇▇▇▇▇▇▇▇ 1\nmartedì     0\n" in text
    assert "giovedì    ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇ 2\n" in text
    assert "domenica   ▇▇▇▇▇▇▇▇▇▇▇▇ 1\n" in text
    assert "- mple/uno: 2\n  https://blog.example/uno\n- mple/due: 1\n  https://blog.example/due\n" in text
    assert "/prima" not in text
    assert "/poi" not in text
    assert part(raw, "html").count('width="50%"') == 3
    assert part(raw, "html").count('width="100%"') == 1


def test_a_week_is_told_once_later_in_the_week_too(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    site = ruled(tools, site, weekly=True)
    say(tools, site)
    clock.move(days=7)  # the Wednesday after
    assert len(work(tools, "weekly-summary")) == 1
    for _ in range(4):
        clock.move(days=1)
        assert work(tools, "weekly-summary") == []


@pytest.mark.parametrize("rules", [{"weekly": False}, {"weekly": True}])
def test_no_summary_unasked_and_none_of_a_silent_week(
    tools: Toolbox, site: Site, clock: StoppedClock, rules: dict[str, bool]
) -> None:
    site = ruled(tools, site, **rules)
    if not rules["weekly"]:
        say(tools, site)
    clock.move(days=7)
    assert work(tools, "weekly-summary") == []
