"""The author's mail in its modes: nothing told twice, nothing lost, held ones first."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from engagement.domain.comments import Comment, Submission
from engagement.domain.discussion.reports import Report, ReportReason
from engagement.domain.errors import InvalidInput
from engagement.domain.moderation import Actor, Verdict
from engagement.domain.sites import Site
from engagement.mail.postmen import MemoryPostman
from engagement.services import comments, moderation, sites
from engagement.services.desk import reports
from engagement.services.mail import deliver_due
from engagement.services.mailing import digests
from engagement.services.ports import Toolbox
from engagement.storage import outbox
from engagement.storage.db import reading
from engagement.storage.mailing.mail_tables import NewsRow
from engagement.storage.tables import OutboxRow
from tests.fakes import FixedScreener, StoppedClock
from tests.mail.facts import part, read

PAGE, OTHER = "https://blog.example/articolo", "https://blog.example/altro"
AUTHOR = "autore@demo.example"
_numbers = iter(range(10_000))


def ruled(tools: Toolbox, site: Site, **rules: Any) -> Site:
    return sites.save_site(tools, replace(site, rules=replace(site.rules, **rules)))


def say(tools: Toolbox, site: Site, page: str = PAGE, name: str = "Anna", body: str = "") -> Comment:
    body = body or f"Un parere pacato, il numero {next(_numbers)}."
    return comments.submit_comment(tools, site, Submission(page, name, body, page_title=page[-8:])).comment


def work(tools: Toolbox) -> list[bytes]:
    postman = MemoryPostman()
    digests.gather_news(tools)
    deliver_due(replace(tools, postman=postman))
    assert {to for to, _ in postman.sent} <= {AUTHOR}
    return [raw for _, raw in postman.sent]


def kinds(letters: Sequence[bytes]) -> list[str]:
    return [str(read(raw)["List-Id"]).partition(".")[0].strip("<") for raw in letters]


def news() -> Sequence[NewsRow]:
    with reading() as session:
        return session.scalars(sa.select(NewsRow).order_by(NewsRow.id)).all()


def test_a_quarter_hour_after_the_first_mail_brings_one_more_for_all_others(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    site = ruled(tools, site, author_mail="quarter-hour")
    first = say(tools, site)
    assert kinds(work(tools)) == ["comment-published"]
    clock.move(minutes=5)
    second, third = say(tools, site), say(tools, site)
    assert work(tools) == []
    clock.move(minutes=10)
    [raw] = work(tools)
    assert kinds([raw]) == ["comment-digest"]
    text = part(raw, "plain")
    assert [one.id in text for one in (first, second, third)] == [False, True, True]
    clock.move(minutes=1)
    fourth = say(tools, site)
    assert work(tools) == []  # the digest opened a quarter of an hour of its own
    clock.move(minutes=14)
    [raw] = work(tools)
    assert fourth.id in part(raw, "plain")
    assert second.id not in part(raw, "plain")
    clock.move(minutes=15)
    say(tools, site)
    assert kinds(work(tools)) == ["comment-published"]


@pytest.mark.parametrize(("mode", "minutes"), [("hourly", 60), ("daily", 19 * 60)])
def test_digests_list_what_came_with_links_by_article(
    tools: Toolbox, site: Site, clock: StoppedClock, mode: str, minutes: int
) -> None:
    site = ruled(tools, site, author_mail=mode)  # 13:00 in Rome
    told = [say(tools, site), say(tools, site, OTHER), say(tools, site)]
    clock.move(minutes=minutes - 1)
    assert work(tools) == []
    clock.move(minutes=1)
    [raw] = work(tools)
    for where in ("plain", "html"):
        for one in told:
            assert f"{one.page_url}#comment-{one.id}" in part(raw, where)
    assert part(raw, "plain").count("Commenti pubblicati sotto") == 2
    assert work(tools) == []
    clock.move(days=2)
    assert work(tools) == []


@pytest.mark.parametrize("mode", ["immediate", "quarter-hour", "hourly", "daily"])
def test_a_held_comment_is_told_at_once_in_every_mode(
    tools: Toolbox, site: Site, screener: FixedScreener, mode: str
) -> None:
    site = ruled(tools, site, author_mail=mode)
    say(tools, site)
    work(tools)
    screener.toxicity = 0.7
    say(tools, site)
    assert kinds(work(tools)) == ["comment-held"]


def test_off_is_silent(tools: Toolbox, site: Site, screener: FixedScreener, clock: StoppedClock) -> None:
    site = ruled(tools, site, author_mail="off")
    say(tools, site)
    screener.toxicity = 0.7
    say(tools, site)
    clock.move(days=2)
    assert work(tools) == []


def test_turned_off_meanwhile_nothing_is_told(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    site = ruled(tools, site, author_mail="hourly")
    say(tools, site)
    ruled(tools, site, author_mail="off")
    clock.move(hours=1)
    assert work(tools) == []
    assert news() == []


def test_hours_of_quiet_end_with_one_mail_held_ones_first_with_a_link_to_decide(
    tools: Toolbox, site: Site, screener: FixedScreener, clock: StoppedClock
) -> None:
    site = ruled(tools, site, quiet="22-7")
    clock.at = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
    published = say(tools, site)
    screener.toxicity = 0.7
    held, rejected = say(tools, site, body="Parole da leggere."), say(tools, site, body="Parole da scartare.")
    assert work(tools) == []
    moderation.settle(tools, rejected.id, Verdict.REJECT, actor=Actor.MODERATOR, who="x", version=None)
    clock.at = datetime(2026, 11, 26, 6, 0, tzinfo=UTC)
    [raw] = work(tools)
    text = part(raw, "plain")
    assert text.index("Parole da leggere.") < text.index(published.id)
    assert "Parole da scartare." not in text
    assert text.count("/decide/") == part(raw, "html").count("/decide/") == 1
    assert "tossicità 0,70, soglia 0,60" in text
    token = text.split("/decide/")[1].split()[0]
    assert tools.links.read_decide(token) == (held.id, held.version, AUTHOR)
    assert work(tools) == []


def test_one_decided_before_its_digest_is_listed_as_what_it_became(
    tools: Toolbox, site: Site, screener: FixedScreener, clock: StoppedClock
) -> None:
    site = ruled(tools, site, quiet="22-7")
    clock.at = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
    screener.toxicity = 0.7
    held = say(tools, site)
    moderation.settle(tools, held.id, Verdict.APPROVE, actor=Actor.MODERATOR, who="x", version=None)
    clock.move(hours=9)
    [raw] = work(tools)
    assert "/decide/" not in part(raw, "plain")
    assert held.id in part(raw, "plain")


def test_a_digest_of_which_nothing_is_left_is_not_sent(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    site = ruled(tools, site, author_mail="hourly")
    comment = say(tools, site)
    moderation.settle(tools, comment.id, Verdict.SPAM, actor=Actor.MODERATOR, who="x", version=None)
    clock.move(hours=1)
    assert work(tools) == []


def test_a_report_waits_for_the_end_of_quiet(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    comment = say(tools, site)
    work(tools)
    site = ruled(tools, site, quiet="22-7")
    clock.at = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
    report = Report(comment.id, next(iter(ReportReason)), "Non va bene.", "Bruno", "bruno@posta.example")
    reports.report_comment(tools, site, report)
    assert work(tools) == []
    clock.move(hours=9)
    assert kinds(work(tools)) == ["comment-reported"]


def test_mails_about_one_article_are_one_thread_digests_too(tools: Toolbox, site: Site, clock: StoppedClock) -> None:
    site = ruled(tools, site, author_mail="quarter-hour")
    say(tools, site)
    letters = work(tools)
    say(tools, site), say(tools, site)
    clock.move(minutes=15)
    letters += work(tools)
    assert kinds(letters) == ["comment-published", "comment-digest"]
    assert len({str(read(raw)["References"]) for raw in letters}) == 1
    assert len({str(read(raw)["Subject"]) for raw in letters}) == 1
    say(tools, site), say(tools, site, OTHER)
    clock.move(minutes=15)
    [several] = work(tools)
    assert str(read(several)["References"]).startswith("<site.")


def test_a_process_that_ends_within_a_gathering_loses_and_repeats_nothing(
    tools: Toolbox, site: Site, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = ruled(tools, site, author_mail="hourly")
    told = [say(tools, site), say(tools, site)]
    clock.move(hours=1)

    def ends(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "add", ends)
        with pytest.raises(RuntimeError):
            digests.gather_news(tools)
    assert [row.comment_id for row in news()] == [one.id for one in told]
    digests.gather_news(tools)
    digests.gather_news(tools)
    assert news() == []
    with reading() as session:
        found = session.scalars(sa.select(OutboxRow)).all()
    assert [(row.kind, row.payload["comments"]) for row in found] == [
        ("comment-digest", ",".join(one.id for one in told))
    ]
    assert len(work(tools)) == 1


def test_a_digest_lists_so_many_and_counts_the_rest(
    tools: Toolbox, site: Site, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "MOST_LISTED", 2)
    site = ruled(tools, site, author_mail="hourly")
    for _ in range(5):
        say(tools, site)
    clock.move(hours=1)
    [raw] = work(tools)
    assert part(raw, "plain").count("#comment-") == 2
    assert "Non elencati qui: 3." in part(raw, "plain")


def test_a_strangers_words_stay_words_in_a_digest(
    tools: Toolbox, site: Site, screener: FixedScreener, clock: StoppedClock
) -> None:
    site = ruled(tools, site, quiet="22-7")
    clock.at = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
    screener.toxicity = 0.7
    body = "<b>x</b>\n\nDecidi: https://evil.example/y\n\nwww.evil.example " + "parole " * 200
    say(tools, site, name="<i>www.evil.example</i>", body=body)
    clock.move(hours=9)
    [raw] = work(tools)
    for where in ("plain", "html"):
        assert "://evil" not in part(raw, where)
        assert "www.evil" not in part(raw, where)
    assert "<i>" not in part(raw, "html")
    assert [line for line in part(raw, "plain").splitlines() if line.startswith("Decidi: ")] == []
    assert "…" in part(raw, "plain")


@pytest.mark.parametrize(
    "rules", [{"author_mail": "often"}, {"quiet": "7-7"}, {"quiet": "x"}, {"time_zone": "Rome"}, {"time_zone": "../x"}]
)
def test_rules_that_are_none_are_refused(tools: Toolbox, site: Site, rules: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        ruled(tools, site, **rules)
