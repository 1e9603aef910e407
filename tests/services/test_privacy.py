"""Erasing and handing out what is kept about an address, and forgetting by the calendar."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from engagement.domain.comments import Comment, Status, Submission
from engagement.domain.discussion.appeals import APPEALED
from engagement.domain.errors import Conflict, NotAuthorised, SiteNotFound
from engagement.domain.moderation import Actor, Verdict
from engagement.domain.newsletter import SignUp
from engagement.domain.sites import Site
from engagement.services import comments, moderation, newsletter, privacy, sites
from engagement.services.addresses import hashes_of
from engagement.services.audience.wishes import carry_out
from engagement.services.desk import appeals, moderators
from engagement.services.discussion import editing, voting
from engagement.services.mail import deliver_due
from engagement.services.operations import upkeep
from engagement.services.ports import Toolbox
from engagement.services.readers import client_hash
from engagement.storage.db import db, transaction
from engagement.storage.mailing import replies as stored_replies
from engagement.storage.tables import PageRow
from tests.fakes import FixedScreener, StoppedClock

PAGE = "https://blog.example/articolo"
EMAIL, NAME, WEBSITE = "Canarino.Giallo@posta.example", "Canarina Segreta", "https://canarino.example/"
OTHER = "altra.persona@posta.example"
_numbers = iter(range(10_000))


def say(tools: Toolbox, site: Site, email: str = EMAIL, name: str = NAME) -> str:
    body = f"Un articolo chiaro, il numero {next(_numbers)}."
    website = WEBSITE if email == EMAIL else ""
    sent = Submission(PAGE, name, body, email=email, website=website, client="203.0.113.7", notify_replies=True)
    return comments.submit_comment(tools, site, sent).comment.id


def thread(site: Site) -> list[Comment]:
    return list(comments.read_thread(site, PAGE, sort="oldest", limit=50, after=None).comments)


def sign_up(tools: Toolbox, site: Site, email: str = EMAIL) -> None:
    newsletter.sign_up(
        tools,
        site,
        SignUp(
            email, NAME if email == EMAIL else "Altra", PAGE, consent_text="Voglio la newsletter.", client="203.0.113.7"
        ),
    )
    carry_out(tools)


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables."""
    with db.engine.connect() as connection:
        return {
            table.name: [dict(row._mapping) for row in connection.execute(table.select())]
            for table in db.Model.metadata.sorted_tables
        }


def seed(tools: Toolbox, site: Site) -> tuple[str, str]:
    """One person in every table that can hold a person, and another who stays."""
    second = sites.save_site(tools, replace(site, key="altro", language="en", author_email="capo@altro.example"))
    first, kept = say(tools, site), say(tools, site, OTHER, "Altra")
    say(tools, second)
    for one in (site, second):
        sign_up(tools, one)
    sign_up(tools, site, OTHER)
    moderators.add(tools, EMAIL, ["demo"])
    moderation.settle(
        tools, kept, Verdict.APPROVE, actor=Actor.MODERATOR, who=EMAIL.lower(), version=None, site_ids=[site.id]
    )
    with pytest.raises(NotAuthorised):
        moderators.sign_in(tools, EMAIL, "parola sbagliata")
    moderators.remove(tools, EMAIL)
    return first, kept


def test_an_erased_address_is_nowhere_and_others_are_untouched(tools: Toolbox, site: Site) -> None:
    first, kept = seed(tools, site)
    before = everything()
    done = privacy.forget(tools, f" {EMAIL.upper()} ")
    after = everything()
    text = json.dumps(after, default=str).lower()
    assert [canary for canary in (EMAIL, NAME, WEBSITE) if canary.lower() in text] == []
    assert (done.comments, done.subscriptions, done.mails) == (2, 2, 2)
    assert done.consents >= 4
    assert done.traces >= 4
    rows = {row["id"]: row for row in after["comments"]}
    assert (rows[first]["author"], rows[first]["email"], rows[first]["client_hash"]) == ("Anonimo", "", "")
    assert {row["author"] for row in rows.values()} == {"Anonimo", "Anonymous", "Altra"}
    assert rows[kept] == next(row for row in before["comments"] if row["id"] == kept)
    assert [row["email"] for row in after["subscriptions"]] == [OTHER]
    assert after["consents"] == [row for row in before["consents"] if row["email_hash"] in _hashes(tools, OTHER)]
    assert [row["reason"] for row in after["suppressions"]] == ["forgotten"] * 2
    line = next(row for row in after["audit"] if row["what"] == "forgotten")
    assert line["about"].startswith("comments 2, messages 0, reports 0, subscriptions 2")


def _hashes(tools: Toolbox, email: str) -> list[str]:
    return hashes_of(tools, email)


def test_the_bytes_are_gone_from_the_file_too(tools: Toolbox, site: Site) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL cleans its files itself, later")
    name = str(db.engine.url.database)
    say(tools, site)
    sign_up(tools, site)
    assert any(EMAIL.lower().encode() in _bytes(path).lower() for path in (name, f"{name}-wal"))
    privacy.forget(tools, EMAIL)
    for path in (name, f"{name}-wal"):
        assert EMAIL.lower().encode() not in _bytes(path).lower()
        assert NAME.encode() not in _bytes(path)


def test_erasing_is_done_and_the_operator_told_while_others_read_the_file(
    tools: Toolbox, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL cleans its files itself, later")
    say(tools, site)
    ours = db.engine.raw_connection()
    ours.cursor().execute("PRAGMA busy_timeout=20")  # instead of five seconds
    ours.close()
    with closing(sqlite3.connect(str(db.engine.url.database), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM comments").fetchone() == (1,)
        assert privacy.forget(tools, EMAIL).comments == 1
    assert [record.getMessage() for record in caplog.records] == [
        "the database file is busy: deleted bytes stay in it; type VACUUM in sqlite3 later"
    ]
    assert [row["email"] for row in everything()["comments"]] == [""]


def _bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def test_the_eraser_knows_every_column_that_can_hold_an_address() -> None:
    """A new table with addresses needs its lines in ``storage.privacy`` (forget and export), then one here."""
    told = {"email", "author_email", "recipient", "reply_to", "who", "about", "payload"}
    found = {f"{t.name}.{c.name}" for t in db.Model.metadata.sorted_tables for c in t.columns if c.name in told}
    assert found == {
        "audit.about",
        "audit.who",
        "comments.email",
        "contact_jobs.email",
        "decisions.who",
        "messages.email",
        "moderators.email",
        "newsletter_wishes.email",
        "outbox.payload",
        "outbox.recipient",
        "reply_consents.email",
        "reports.email",
        "sites.author_email",  # not erased: the site needs another first
        "subscriptions.email",
    }


def test_a_reader_sees_the_change_at_once(tools: Toolbox, site: Site) -> None:
    say(tools, site)
    mark = comments.thread_mark(site, PAGE)
    privacy.forget(tools, EMAIL)
    assert comments.thread_mark(site, PAGE) != mark
    thread = comments.read_thread(site, PAGE, sort="oldest", limit=10, after=None)
    assert [(c.author, c.website) for c in thread.comments] == [("Anonimo", "")]


def test_an_erased_address_is_not_written_to_again_until_it_is_allowed(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    sign_up(tools, site)
    privacy.forget(tools, EMAIL)
    clock.move(days=60)
    newsletter.purge(tools)
    upkeep.tidy(tools)
    sign_up(tools, site)
    assert deliver_due(tools) == 0
    assert everything()["subscriptions"] == []
    rotated = replace(
        tools,
        secret=b"another key of the installation, longer than 32",
        settings=replace(
            tools.settings, server=replace(tools.settings.server, old_secret_keys=(tools.secret.decode(),))
        ),
    )
    sign_up(rotated, site)
    assert deliver_due(tools) == 0
    assert privacy.allow_again(tools, EMAIL)
    assert not privacy.allow_again(tools, EMAIL)
    sign_up(tools, site)
    assert deliver_due(tools) == 1


def test_who_still_works_here_is_not_erased(tools: Toolbox, site: Site) -> None:
    moderators.add(tools, EMAIL, ["demo"])
    before = everything()
    for email in (EMAIL, site.author_email):
        with pytest.raises(Conflict):
            privacy.forget(tools, email)
    assert everything() == before


def test_a_site_is_exported_whole(tools: Toolbox, site: Site) -> None:
    seed(tools, site)
    found = [json.loads(json.dumps(value)) for value in privacy.export(tools, "demo", None)]
    kinds = [value["kind"] for value in found]
    assert {k: kinds.count(k) for k in sorted(set(kinds))} == {
        "comment": 2,
        "consent": 4,
        "mail": 4,
        "page": 1,
        "site": 1,
        "subscription": 2,
    }
    comment = next(v for v in found if v["kind"] == "comment" and v["email"] == EMAIL)
    assert (comment["site"], comment["page_url"], comment["author"]) == ("demo", PAGE, NAME)
    assert comment["created_at"].endswith("Z")
    assert [d["what"] for d in comment["decisions"]] == ["publish"]
    assert "hash" not in json.dumps(found)


def test_a_person_gets_what_is_hers_and_nothing_else(tools: Toolbox, site: Site) -> None:
    seed(tools, site)
    found = list(privacy.export(tools, None, EMAIL))
    kinds = [value["kind"] for value in found]
    assert (kinds.count("comment"), kinds.count("subscription"), kinds.count("mail")) == (2, 2, 2)
    assert kinds.count("consent") == 4
    assert "audit" in kinds
    text = json.dumps(found, default=str)
    assert OTHER not in text
    assert "autore@demo.example" not in text
    assert [v["kind"] for v in privacy.export(tools, "altro", EMAIL) if v["kind"] == "comment"] == ["comment"]
    with pytest.raises(SiteNotFound):
        list(privacy.export(tools, "nessuno", EMAIL))


def test_an_export_after_erasing_is_empty_but_for_the_hash(tools: Toolbox, site: Site) -> None:
    seed(tools, site)
    privacy.forget(tools, EMAIL)
    assert {(v["kind"], v.get("reason")) for v in privacy.export(tools, None, EMAIL)} == {("suppression", "forgotten")}


def test_an_export_holds_former_texts_and_the_pages_that_were_muted(tools: Toolbox, site: Site) -> None:
    own = say(tools, site)
    token = tools.links.edit_token(own, tools.clock.now() + timedelta(minutes=15))
    editing.edit_comment(tools, site, own, "Un articolo chiaro, riletto.", token)
    with transaction() as session:
        consent, _ = stored_replies.ensure(session, site.id, EMAIL.lower(), version=1, now=tools.clock.now())
        page = session.scalars(sa.select(PageRow.id)).one()
        stored_replies.mute(session, consent.id, page)
    found = {value["kind"]: value for value in privacy.export(tools, None, EMAIL)}
    assert found["comment"]["body"] == "Un articolo chiaro, riletto."
    [former] = found["comment"]["other_texts"]
    assert former["body"].startswith("Un articolo chiaro, il numero ")
    assert found["reply-consent"]["muted"] == [PAGE]
    assert privacy.forget(tools, EMAIL).reply_consents == 1
    assert everything()["reply_mutes"] == []


def test_words_to_a_moderator_are_erased_with_their_author(tools: Toolbox, site: Site, screener: FixedScreener) -> None:
    screener.toxicity = 0.97
    own, other = say(tools, site), say(tools, site, OTHER, "Altra")
    for comment in (own, other):
        appeals.appeal(tools, tools.links.appeal(comment, 1).rpartition("/")[2], f"Mi chiamo {NAME}.")
    privacy.forget(tools, EMAIL)
    words = {row["comment_id"]: row["note"] for row in everything()["decisions"] if row["what"] == APPEALED}
    assert words == {own: "", other: f"Mi chiamo {NAME}."}


def test_a_longer_address_is_not_caught_by_a_shorter_one(tools: Toolbox, site: Site) -> None:
    say(tools, site, "maria_rossi@posta.example", "Maria")
    say(tools, site, "mariaxrossi@posta.example", "Altra")
    assert privacy.forget(tools, "rossi@posta.example").comments == 0
    assert privacy.forget(tools, "maria_rossi@posta.example").comments == 1


def test_refused_comments_go_when_their_time_is_over(
    tools: Toolbox, site: Site, clock: StoppedClock, screener: FixedScreener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "BATCH", 2)
    published = say(tools, site)
    screener.toxicity = 0.97
    refused = [say(tools, site) for _ in range(5)]
    screener.toxicity = 0.7
    late = say(tools, site)
    clock.move(days=20)
    moderation.settle(tools, late, Verdict.SPAM, actor=Actor.MODERATOR, who="x", version=None, site_ids=[site.id])
    clock.move(days=9)
    upkeep.tidy(tools)
    assert {row["id"] for row in everything()["comments"]} == {published, late, *refused}
    clock.move(days=2)
    upkeep.tidy(tools)
    assert {row["id"] for row in everything()["comments"]} == {published, late}
    clock.move(days=20)
    upkeep.tidy(tools)
    assert {row["id"] for row in everything()["comments"]} == {published}
    assert {row["comment_id"] for row in everything()["decisions"]} == {published}


def test_a_refused_comment_that_was_answered_leaves_an_empty_place(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    parent = say(tools, site)
    clock.move(seconds=1)  # ids of one moment stand in any order
    reply = Submission(PAGE, "Altra", "Una risposta gentile.", email=OTHER, parent=parent)
    child = comments.submit_comment(tools, site, reply).comment.id
    voting.vote(tools, site, parent, 1, client="203.0.113.9", agent="")
    moderation.settle(tools, parent, Verdict.REJECT, actor=Actor.MODERATOR, who="x", version=None, site_ids=[site.id])
    assert [one.id for one in thread(site)] == [child]
    mark = comments.thread_mark(site, PAGE)
    clock.move(days=31)
    upkeep.tidy(tools)
    upkeep.tidy(tools)
    rows = {row["id"]: row for row in everything()["comments"]}
    assert set(rows) == {parent, child}
    tombstone = rows[parent]
    assert (tombstone["status"], tombstone["body"], tombstone["author"], tombstone["email"]) == (
        Status.DELETED,
        "",
        "",
        "",
    )
    assert rows[child]["body"] == "Una risposta gentile."
    assert (tombstone["language"], tombstone["votes"], tombstone["ups"], tombstone["rank"]) == ("", 0, 0, 0)
    assert comments.thread_mark(site, PAGE) != mark, "the empty place is shown now, where nothing was"
    assert [one.id for one in thread(site)] == [parent, child]


def test_the_audit_is_kept_for_its_days_and_never_shorter_than_guessing_is_counted(
    tools: Toolbox, site: Site, clock: StoppedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "BATCH", 2)
    for number in range(5):
        moderators.add(tools, f"m{number}@demo.example", ["demo"])
    clock.move(days=364)
    moderators.add(tools, "neu@demo.example", ["demo"])
    upkeep.tidy(tools)
    assert len(everything()["audit"]) == 7  # the site itself is the first
    clock.move(days=2)
    upkeep.tidy(tools)
    assert [row["about"] for row in everything()["audit"]] == ["neu@demo.example"]
    assert [row["moderator_id"] for row in everything()["login_links"]] != []
    nothing = replace(tools.settings.privacy, audit_days=0)
    moderators.add(tools, "heute@demo.example", ["demo"])
    upkeep.tidy(replace(tools, settings=replace(tools.settings, privacy=nothing)))
    assert [row["about"] for row in everything()["audit"]] == ["heute@demo.example"]


def test_login_addresses_and_sessions_that_are_over_are_forgotten(
    tools: Toolbox, site: Site, clock: StoppedClock
) -> None:
    moderators.add(tools, "una@demo.example", ["demo"])
    token = moderators.add(tools, "una@demo.example", ["demo"]).rpartition("/")[2]
    moderators.enter(tools, token, "una frase lunga e tranquilla")
    clock.move(hours=11)
    upkeep.tidy(tools)
    assert (len(everything()["login_links"]), len(everything()["desk_sessions"])) == (2, 1)
    clock.move(hours=62)
    upkeep.tidy(tools)
    assert (everything()["login_links"], everything()["desk_sessions"]) == ([], [])


def test_two_days_later_a_client_is_a_stranger_and_the_old_key_is_gone(tools: Toolbox, clock: StoppedClock) -> None:
    first = client_hash(tools, "203.0.113.7")
    assert client_hash(tools, "203.0.113.7") == first != client_hash(tools, "203.0.113.8")
    (key,) = [row["key"] for row in everything()["day_keys"]]
    clock.move(days=3)
    upkeep.tidy(tools)
    assert client_hash(tools, "203.0.113.7") != first
    assert key not in [row["key"] for row in everything()["day_keys"]]
    with db.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM day_keys")) == 1


def test_a_key_of_a_past_day_is_not_left_in_the_file_either(tools: Toolbox, clock: StoppedClock) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL cleans its files itself, later")
    client_hash(tools, "203.0.113.7")
    (key,) = [row["key"] for row in everything()["day_keys"]]
    name = str(db.engine.url.database)
    assert any(key.encode() in _bytes(path) for path in (name, f"{name}-wal"))
    clock.move(days=3)
    upkeep.tidy(tools)
    assert not any(key.encode() in _bytes(path) for path in (name, f"{name}-wal"))


def test_forgetting_reaches_what_nobody_has_carried_out_yet(tools: Toolbox, site: Site) -> None:
    for email in (EMAIL, OTHER):
        newsletter.sign_up(tools, site, SignUp(email, NAME if email == EMAIL else "Altra", client="203.0.113.7"))
    [wish] = privacy.export(tools, None, EMAIL)
    assert (wish["kind"], wish["what"], wish["email"], wish["name"]) == ("wish", "join", EMAIL.lower(), NAME)
    privacy.forget(tools, EMAIL)
    assert [row["email"] for row in everything()["newsletter_wishes"]] == [OTHER.lower()]
    carry_out(tools)
    assert [row["email"] for row in everything()["subscriptions"]] == [OTHER.lower()]
