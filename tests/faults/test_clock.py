"""A clock that jumps: limits recover, nothing is mailed twice or in a storm, what was used stays used."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes

import pytest
from flask import Flask

from engagement import jobs
from engagement.domain.comments import Submission
from engagement.domain.errors import LinkNotValid, NotAuthorised, TooManyRequests
from engagement.domain.newsletter import SignUp
from engagement.domain.sites import Site
from engagement.mail.links import SignedLinks
from engagement.mail.postmen import MemoryPostman
from engagement.services import comments, newsletter, sites
from engagement.services.desk import moderators
from engagement.services.ports import Toolbox
from engagement.storage.db import reading, transaction
from engagement.storage.mailing import channel
from tests.fakes import FixedScreener, StoppedClock
from tests.services.test_newsletter import ask, token

pytestmark = pytest.mark.faults

PAGE, EMAIL = "https://blog.example/a", "moderatrice@posta.example"
JUMPS = {"a day ahead": 1, "a day back": -1, "ten years ahead": 3652}


@pytest.fixture
def tools(tools: Toolbox, clock: StoppedClock) -> Toolbox:
    return replace(tools, links=SignedLinks(["k" * 40], "https://c.example", clock=clock.now))


def comment(tools: Toolbox, site: Site, number: int) -> None:
    sent = Submission(PAGE, "Anna", f"Un parere pacato, il numero {number}.", client="192.0.2.1")
    comments.submit_comment(tools, site, sent)


def work(tools: Toolbox, sweeps: int = 1) -> None:
    """What the background does in so many hours: every job each time."""
    for _ in range(sweeps):
        for job in (*jobs.OFTEN, *jobs.HOURLY):
            job(tools)


def letters(tools: Toolbox) -> Sequence[str]:
    assert isinstance(tools.postman, MemoryPostman)
    return [str(message_from_bytes(raw)["Message-ID"]) for _, raw in tools.postman.sent]


@pytest.mark.parametrize("jump", JUMPS)
def test_no_letter_goes_out_twice_and_no_storm_begins(
    app: Flask, tools: Toolbox, site: Site, clock: StoppedClock, screener: FixedScreener, jump: str
) -> None:
    """Mails by the calendar are written once, however often the hour of their job seems to have come."""
    site = sites.save_site(tools, replace(site, rules=replace(site.rules, weekly=True)))
    moderators.add(tools, EMAIL, ["demo"])
    screener.toxicity = 0.7
    comment(tools, site, 1)
    newsletter.sign_up(tools, site, SignUp("lettrice@posta.example"))
    work(tools)
    clock.move(days=8)  # the held comment is overdue and a week is over: a reminder and a summary
    work(tools, 24)
    before = letters(tools)
    clock.move(days=JUMPS[jump])
    work(tools, 24)
    after = letters(tools)
    assert max(Counter(after).values()) == 1
    assert len(before) >= 4  # held, to confirm, the reminder, the summary
    assert len(after) - len(before) <= 2  # another day's reminder, another week's summary


def test_the_limits_of_the_house_recover_when_the_clock_was_set_back(
    app: Flask, tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    limits = replace(tools.settings.limits, flood_per_minute=2, flood_per_hour=3, mail_per_site_hour=1, mail_per_hour=1)
    tools = replace(tools, settings=replace(tools.settings, limits=limits))
    for number in range(2):
        comment(tools, site, number)
    with pytest.raises(TooManyRequests):
        comment(tools, site, 3)
    ask(tools, site, "prima@posta.example")
    work(tools)
    for number in range(11):
        with pytest.raises(TooManyRequests if number == 10 else NotAuthorised):
            moderators.sign_in(tools, EMAIL, "una frase che non è giusta")
    clock.move(days=-1)
    comment(tools, site, 4)
    ask(tools, site, "seconda@posta.example")
    with pytest.raises(NotAuthorised):
        moderators.sign_in(tools, EMAIL, "una frase che non è giusta")
    work(tools)
    assert len([one for one in letters(tools) if "newsletter-confirm" in one]) == 2


def test_the_rates_of_mail_recover_when_the_clock_was_set_back(app: Flask, clock: StoppedClock) -> None:
    with transaction() as session:
        for number in range(5):
            channel.count_try(session, number, clock.now())
    with transaction() as session:
        assert channel.lately(session, clock.now()) == (5, 5)
    clock.move(seconds=-30)  # as a correction by the network does it: they count on
    with transaction() as session:
        assert channel.lately(session, clock.now()) == (5, 5)
    clock.move(days=-1)
    with transaction() as session:
        assert channel.lately(session, clock.now()) == (0, 0)


@pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(days=1)])
def test_what_was_used_stays_used_when_the_clock_is_set_back(
    tools: Toolbox, site: Site, clock: StoppedClock, back: timedelta
) -> None:
    entrance = moderators.add(tools, EMAIL, ["demo"]).rpartition("/")[2]
    moderators.enter(tools, entrance, "una frase lunga e tranquilla")
    ask(tools, site)
    confirm = token(tools)
    newsletter.confirm(tools, confirm)
    newsletter.leave(tools, token(tools, "leave"), "link")
    clock.at -= back
    with pytest.raises(LinkNotValid):
        moderators.enter(tools, entrance, "un'altra frase lunga")
    with pytest.raises(LinkNotValid):
        newsletter.confirm(tools, confirm)
    with reading() as session:
        assert channel.state(session).paused_until is None
