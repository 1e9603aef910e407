"""The client against an account that follows Brevo's documents, and against every fault it may have."""

import logging
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from engagement.contacts.brevo import PAGE, BrevoContacts, open_contacts
from engagement.contacts.none import NoContacts
from engagement.domain.mailing.contacts import Answer, Contact, Outcome, Seen
from engagement.domain.mailing.contacts import Brevo as Settings
from tests.contacts.fake_brevo import KEY, LOST, ODD, UNHEARD, Brevo
from tests.mail.servers import free_port

READER = "lettrice+uno@posta.example"
CONTACT = Contact(READER, (4,), {"NOME": "Anna"})


@pytest.fixture
def client(brevo: Brevo) -> BrevoContacts:
    return BrevoContacts(Settings(api_key=KEY, base_url=brevo.url, timeout=0.5))


def test_a_contact_is_made_once_and_changed_after(brevo: Brevo, client: BrevoContacts) -> None:
    assert (client.put(CONTACT).outcome, client.put(CONTACT).code) == (Outcome.DONE, 204)
    assert brevo.made == {READER: 1}
    assert (brevo.contacts[READER]["attributes"], brevo.members(4)) == ({"NOME": "Anna"}, [READER])


def test_the_blocklist_is_touched_only_when_asked(brevo: Brevo, client: BrevoContacts) -> None:
    brevo.add(READER, blocked=True)
    client.put(CONTACT)
    assert brevo.contacts[READER]["emailBlacklisted"]
    client.put(replace(CONTACT, unblock=True))
    assert not brevo.contacts[READER]["emailBlacklisted"]
    client.take_off(READER, (4,), block=True)
    assert (brevo.contacts[READER]["emailBlacklisted"], brevo.members(4)) == (True, [])


def test_a_contact_is_taken_off_found_and_erased(brevo: Brevo, client: BrevoContacts) -> None:
    brevo.add(READER, 4, 7)
    assert client.take_off(READER, (4,), block=False).outcome is Outcome.DONE
    assert client.find(READER).value == Seen(READER, (7,), False)
    assert client.erase(READER).outcome is Outcome.DONE
    gone = (client.erase(READER), client.find(READER), client.take_off(READER, (4,), block=True))
    assert {answer.outcome for answer in gone} == {Outcome.MISSING}


def test_a_list_is_read_page_by_page(brevo: Brevo, client: BrevoContacts) -> None:
    for number in range(PAGE + 2):
        brevo.add(f"r{number}@posta.example", 4)
    first, second, third = (client.page(4, offset).value for offset in (0, PAGE, PAGE + 2))
    assert (len(first), [seen.email for seen in second], third) == (
        PAGE,
        ["r500@posta.example", "r501@posta.example"],
        (),
    )


def test_account_attributes_and_more_lists_than_a_page_are_read(brevo: Brevo, client: BrevoContacts) -> None:
    brevo.lists = set(range(1, 121))
    assert client.account().value == "Il blog di prova"
    assert client.attributes().value == {"NOME", "SITO", "USCITA"}
    assert client.lists().value == set(range(1, 121))


def test_a_duplicate_is_changed_instead(brevo: Brevo, client: BrevoContacts) -> None:
    brevo.add(READER)
    brevo.faults.append("duplicate")
    assert client.put(CONTACT).outcome is Outcome.DONE
    assert [call[0] for call in brevo.calls] == ["POST", "PUT"]
    assert brevo.members(4) == [READER]


@pytest.mark.parametrize(
    ("fault", "outcome", "blames_way"),
    [
        ("400", Outcome.REFUSED, False),
        ("401", Outcome.SHUT, False),
        ("402", Outcome.SHUT, False),
        ("403", Outcome.SHUT, False),
        ("404", Outcome.LATER, False),
        ("429", Outcome.LATER, True),
        ("500", Outcome.LATER, False),
        ("502", Outcome.LATER, True),
        ("503", Outcome.LATER, True),
        *((fault, Outcome.LATER, True) for fault in (*UNHEARD, *LOST)),
        *((fault, Outcome.LATER, False) for fault in ODD),
    ],
)
def test_every_fault_is_an_answer(
    brevo: Brevo, client: BrevoContacts, fault: str, outcome: Outcome, blames_way: bool
) -> None:
    brevo.faults.append(fault)
    answer = client.put(CONTACT)
    assert (answer.outcome, answer.blames_way) == (outcome, blames_way)
    assert len(brevo.calls) == 1  # never sent again blindly
    assert READER not in answer.reply


@pytest.mark.parametrize("fault", ["html", "half-json", "reset", "slow"])
def test_a_question_with_an_odd_answer_has_none(brevo: Brevo, client: BrevoContacts, fault: str) -> None:
    for ask in (
        client.account,
        client.lists,
        client.attributes,
        lambda: client.page(4, 0),
        lambda: client.find("a@b.c"),
    ):
        brevo.faults.append(fault)
        assert ask().outcome is Outcome.LATER


@pytest.mark.parametrize("fault", ["timeout", "slow"])
def test_a_call_is_cut_off_when_its_time_is_over(brevo: Brevo, client: BrevoContacts, fault: str) -> None:
    brevo.faults.append(fault)
    began = time.monotonic()
    assert client.put(CONTACT).outcome is Outcome.LATER
    assert time.monotonic() - began < 20  # the server would go on for 30 s, or for ever


@pytest.mark.parametrize(
    ("left", "reset", "fault", "rest"),
    [
        (None, "7", "429", timedelta(seconds=7)),
        (None, "soon", "429", timedelta(seconds=60)),
        (1, "9", "", timedelta(seconds=9)),
        (5, "9", "", None),
        (1, "", "", None),
    ],
)
def test_the_rate_limit_is_read(
    brevo: Brevo, client: BrevoContacts, left: int | None, reset: str, fault: str, rest: timedelta | None
) -> None:
    brevo.left, brevo.reset = left, reset
    brevo.faults.append(fault)
    assert client.put(CONTACT).rest == rest


def test_nobody_listening_is_an_answer() -> None:
    nobody = BrevoContacts(Settings(api_key=KEY, base_url=f"http://127.0.0.1:{free_port()}/v3", timeout=0.5))
    assert nobody.put(CONTACT) == Answer(Outcome.LATER, reply="no answer: ConnectionRefusedError")


def test_a_certificate_that_nobody_vouches_for_gets_no_key(brevo: Brevo) -> None:
    plain = BrevoContacts(Settings(api_key=KEY, base_url=brevo.url.replace("http:", "https:"), timeout=0.5))
    assert plain.put(CONTACT).outcome is Outcome.LATER
    assert brevo.calls == []


def test_the_key_is_in_no_word_of_ours(brevo: Brevo, client: BrevoContacts, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    settings = Settings(api_key=KEY, webhook_token="another-secret-of-ours")
    told = [repr(settings), repr(client)]
    for fault in ("401", "reset", "html", "500", ""):
        brevo.faults.append(fault)
        told.append(repr(client.put(CONTACT)))
    text = " ".join([*told, caplog.text])
    assert KEY not in text
    assert "another-secret" not in text


def test_without_a_key_nobody_is_asked() -> None:
    nobody = open_contacts(Settings())
    assert isinstance(nobody, NoContacts)
    done = (nobody.put(CONTACT), nobody.take_off(READER, (4,), block=True), nobody.erase(READER), nobody.page(4, 0))
    assert {answer.outcome for answer in done} == {Outcome.DONE}
