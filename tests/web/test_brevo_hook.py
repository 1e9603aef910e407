"""``POST /hooks/brevo/SITE``: who may call, who leaves, and how little odd input matters."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from engagement.domain.sites import Site
from engagement.services import sites
from engagement.services.audience import contacts
from engagement.services.ports import Toolbox
from engagement.storage.audience.contact_tables import HookEventRow
from engagement.storage.db import reading
from engagement.storage.tables import ConsentRow, SubscriptionRow
from engagement.web.gate import MAX_REQUEST
from tests.contacts.conftest import SETTINGS, confirm
from tests.contacts.fake_brevo import Brevo, fake_brevo
from tests.fakes import StoppedClock

READER, OTHER = "lettrice@posta.example", "altra@posta.example"
TOKEN = SETTINGS["brevo__webhook_token"]
LATER = 1_795_694_400  # a day after the test's clock
UNSUBSCRIBE = {
    "id": 9, "camp_id": 14, "email": READER, "campaign name": "Novembre", "date_sent": "2026-11-26 09:00:00",
    "date_event": "2026-11-26 13:00:00", "event": "unsubscribe", "tag": "", "list_id": [4], "ts_sent": LATER - 9000,
    "ts_event": LATER, "ts": LATER,
}  # fmt: skip
BOUNCE = {
    "event": "hard_bounce", "email": READER, "id": 26224, "date": "2026-11-26 12:00:00", "message-id": "<a@b.example>",
    "subject": "Novembre", "ts": LATER, "ts_event": LATER, "ts_epoch": LATER * 1000, "reason": "unknown user",
}  # fmt: skip


@dataclass
class House:
    app: Flask
    tools: Toolbox
    site: Site
    brevo: Brevo

    def post(self, body: Any, token: str | None = TOKEN, site: str = "demo") -> TestResponse:
        """What Brevo sends; bytes go as they are."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return self.app.test_client().post(
            f"/hooks/brevo/{site}", data=raw, content_type="application/json", headers=headers
        )

    def states(self) -> dict[str, str]:
        with reading() as session:
            return {row.email: row.state for row in session.scalars(select(SubscriptionRow))}

    def proofs(self) -> list[tuple[str, str]]:
        with reading() as session:
            rows = session.scalars(select(ConsentRow).where(ConsentRow.what == "left").order_by(ConsentRow.id))
            return [(row.what, row.method) for row in rows]


@pytest.fixture
def house(app: Flask, make_app: Callable[..., Flask]) -> Iterator[House]:
    """Two readers who confirmed, and are at Brevo."""
    with fake_brevo() as account:
        made = make_app(**SETTINGS, brevo__base_url=account.url)
        with made.app_context():
            one = House(made, made.extensions["engagement"], sites.find_site("demo"), account)
            for email in (READER, OTHER):
                confirm(one.tools, one.site, email)
            contacts.sync_due(one.tools)
            account.calls.clear()
            yield one


@pytest.mark.parametrize(
    ("event", "method"),
    [
        ("unsubscribe", "brevo-unsubscribe"),
        ("unsubscribed", "brevo-unsubscribe"),
        ("hard_bounce", "brevo-bounce"),
        ("hardBounce", "brevo-bounce"),
        ("invalid_email", "brevo-bounce"),
        ("spam", "brevo-complaint"),
        ("complaint", "brevo-complaint"),
    ],
)
@pytest.mark.parametrize("shape", [UNSUBSCRIBE, BOUNCE], ids=["marketing", "transactional"])
def test_who_leaves_there_leaves_here_with_a_proof_and_no_echo(
    house: House, shape: dict[str, Any], event: str, method: str
) -> None:
    assert house.post(shape | {"event": event, "email": READER.upper()}).status_code == 204
    assert house.states() == {READER: "left", OTHER: "confirmed"}
    assert house.proofs() == [("left", method)]
    assert (contacts.sync_due(house.tools), house.brevo.calls) == (0, [])


@pytest.mark.parametrize(
    "event", ["soft_bounce", "deferred", "delivered", "opened", "click", "list_addition", "contact_deleted", "nonsense"]
)
def test_other_events_are_thanked_for_and_forgotten(house: House, event: str) -> None:
    assert house.post(UNSUBSCRIBE | {"event": event}).status_code == 204
    assert set(house.states().values()) == {"confirmed"}
    with reading() as session:
        assert session.scalars(select(HookEventRow)).all() == []


def test_a_batch_is_an_array(house: House) -> None:
    batch = [{"event": "opened"}, UNSUBSCRIBE, "?", None, BOUNCE | {"email": OTHER}, []]
    assert house.post(batch).status_code == 204
    assert set(house.states().values()) == {"left"}


def test_an_event_that_comes_twice_is_one(house: House) -> None:
    for _ in range(3):
        assert house.post(UNSUBSCRIBE).status_code == 204
    assert len(house.proofs()) == 1


def test_an_old_event_does_not_undo_a_new_confirmation(house: House, clock: StoppedClock) -> None:
    house.post(UNSUBSCRIBE)
    clock.move(days=3)
    confirm(house.tools, house.site, READER)
    assert house.post(UNSUBSCRIBE).status_code == 204  # the same again
    assert house.post(BOUNCE).status_code == 204  # another of that day, on its way for long
    assert house.states()[READER] == "confirmed"
    assert house.post(UNSUBSCRIBE | {"ts_event": LATER + 3 * 86_400}).status_code == 204
    assert house.states()[READER] == "left"


def test_an_event_without_a_time_counts(house: House) -> None:
    assert house.post({"event": "unsubscribe", "email": READER}).status_code == 204
    assert house.states()[READER] == "left"


def test_an_event_is_about_the_site_of_the_address_alone(house: House, site: Site) -> None:
    other = sites.save_site(house.tools, Site(0, "altro", "Altro", "it", ("https://altro.example",), ""))
    confirm(house.tools, other, READER)
    house.post(UNSUBSCRIBE, site="altro")
    with reading() as session:
        found = {row.site_id: row.state for row in session.scalars(select(SubscriptionRow).filter_by(email=READER))}
    assert found == {house.site.id: "confirmed", other.id: "left"}


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", TOKEN[:-1], "ì" * 20])
def test_without_the_token_nothing_is_heard(house: House, token: str | None) -> None:
    assert house.post(UNSUBSCRIBE, token).status_code == 401
    assert house.states()[READER] == "confirmed"


def test_without_a_token_of_ours_the_door_stays_shut(app: Flask) -> None:
    for sent in ("Bearer ", "Bearer", "", "Bearer x"):
        answer = app.test_client().post("/hooks/brevo/demo", data=b"[]", headers={"Authorization": sent})
        assert answer.status_code == 401


def test_another_scheme_is_no_bearer(house: House) -> None:
    answer = house.app.test_client().post("/hooks/brevo/demo", data=b"[]", headers={"Authorization": f"Basic {TOKEN}"})
    assert answer.status_code == 401


def test_an_unknown_site_is_not_found(house: House) -> None:
    assert house.post(UNSUBSCRIBE, site="nessuno").status_code == 404


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"event": "unsubscribe", "email": ' + b"9" * 5000 + b"}"]
)
def test_what_is_no_json_is_refused(house: House, body: bytes) -> None:
    assert house.post(body).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        None,
        7,
        "unsubscribe",
        True,
        [],
        {},
        [[UNSUBSCRIBE]],
        {"event": "unsubscribe"},
        {"event": ["unsubscribe"], "email": READER},
        {"event": "unsubscribe", "email": None},
        {"event": "unsubscribe", "email": {"$ne": ""}},
        {"event": "unsubscribe", "email": "a" * 300 + "@posta.example"},
        {"event": "unsubscribe", "email": "\x00@\x00"},
        {"event": "unsubscribe", "email": "\ud800@posta.example", "ts_event": LATER},
        {"event": "unsubscribe", "email": "nobody@posta.example", "ts_event": 10**30, "message-id": "\x00" * 9999},
        {"event": "unsubscribe", "email": "nobody@posta.example", "ts_event": -5, "ts_epoch": 1.5},
        {"event": "unsubscribe", "email": "nobody@posta.example", "ts_event": "²", "ts_epoch": "x"},
    ],
)
def test_odd_input_is_thanked_for(house: House, body: Any) -> None:
    assert house.post(body).status_code == 204
    assert set(house.states().values()) == {"confirmed"}


def test_too_much_is_refused(house: House) -> None:
    assert house.post(b" " * (MAX_REQUEST + 1)).status_code == 413
    assert house.post([{"event": "opened"}] * 1001).status_code == 413


def test_events_are_forgotten_after_a_month(house: House, clock: StoppedClock) -> None:
    house.post(UNSUBSCRIBE)
    clock.move(days=31)
    contacts.forget_events(house.tools)
    with reading() as session:
        assert session.scalars(select(HookEventRow)).all() == []
