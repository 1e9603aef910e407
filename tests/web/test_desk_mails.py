"""The outbox at the desk: whose mails, masked, why they failed, and sending again with a form of ours alone."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from engagement.domain.mailing.suppression import SuppressionReason
from engagement.domain.newsletter import SignUp
from engagement.domain.notices import DEAD, Delivery, NoticeKind, OutboxState, SendOutcome, masked
from engagement.services import newsletter, sites
from engagement.services.audience import suppressions
from engagement.services.audience.wishes import carry_out
from engagement.services.mail import deliver_due
from engagement.services.mailing import mails
from engagement.services.ports import Toolbox
from engagement.storage.db import transaction
from engagement.storage.tables import SubscriptionRow
from engagement.web.desk import mails as door
from tests.fakes import StoppedClock
from tests.services.test_mail import SENT, ScriptedPostman
from tests.web.test_desk import enter, fields

REFUSED = Delivery(SendOutcome.REFUSED, 550, "<b>no such mailbox</b>")


def post(client: FlaskClient, site: str = "demo", body: str = "Un parere pacato.") -> None:
    sent = {"page_url": "https://blog.example/a", "author": "Anna", "body": body}
    assert client.post(f"/api/v1/sites/{site}/comments", json=sent).status_code == 201


def deliver(client: FlaskClient, *answers: Delivery) -> int:
    tools: Toolbox = client.application.extensions["engagement"]
    with client.application.app_context():
        return deliver_due(replace(tools, postman=ScriptedPostman(*answers)))


def resend(client: FlaskClient, number: str, **data: str) -> Any:
    return client.post(f"/desk/mails/{number}/resend", data=data)


def number(client: FlaskClient) -> str:
    found = re.search(r"/desk/mails/(\d+)/resend", client.get("/desk/mails?status=failed").text)
    assert found is not None
    return found[1]


def test_strangers_are_sent_to_the_entrance(client: FlaskClient) -> None:
    assert client.get("/desk/mails").headers["Location"] == "/desk/login"
    assert resend(client, "1").headers["Location"] == "/desk/login"


def test_a_waiting_mail_is_listed_masked(client: FlaskClient) -> None:
    enter(client)
    post(client)
    page = client.get("/desk/mails").text
    assert "Nuovo commento, all&#39;autore" in page
    assert "a…@demo.example" in page
    assert "autore@demo.example" not in page
    assert "Invia di nuovo" not in page
    assert "Qui non ci sono e-mail." in client.get("/desk/mails?status=failed").text


def test_a_failed_mail_tells_why_and_is_sent_again_with_a_press(client: FlaskClient) -> None:
    enter(client)
    post(client)
    deliver(client, REFUSED)
    page = client.get("/desk/mails?status=failed").text
    assert "550 &lt;b&gt;no such mailbox" in page
    answer = resend(client, number(client), csrf=fields(client)["csrf"], status="failed")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/mails?status=failed")
    assert "Qui non ci sono e-mail." in client.get("/desk/mails?status=failed").text
    assert deliver(client, SENT) == 1
    assert "ha rispedito un&#39;e-mail" in client.get("/desk/audit").text


@pytest.mark.parametrize("data", [{}, {"csrf": "x"}])
def test_a_form_that_is_not_ours_sends_nothing(client: FlaskClient, data: dict[str, str]) -> None:
    enter(client)
    post(client)
    deliver(client, REFUSED)
    assert resend(client, number(client), **data).status_code == 403
    assert deliver(client, SENT) == 0


def test_another_sites_mails_are_not_there(client: FlaskClient) -> None:
    with client.application.app_context():
        tools = client.application.extensions["engagement"]
        sites.save_site(tools, replace(sites.find_site("demo"), key="altro"))
    enter(client)
    post(client, "altro")
    deliver(client, REFUSED)
    assert "Qui non ci sono e-mail." in client.get("/desk/mails?status=failed").text
    with client.application.app_context():
        [mail], _ = mails.listed([sites.find_site("altro").id], DEAD, limit=9)
    assert resend(client, str(mail.id), csrf=fields(client)["csrf"]).status_code == 404


def test_a_number_that_no_mail_has_is_not_found(client: FlaskClient) -> None:
    enter(client)
    assert resend(client, "9" * 20, csrf=fields(client)["csrf"]).status_code == 404


def test_what_keeps_mail_from_leaving_stands_above_every_page(client: FlaskClient) -> None:
    enter(client)
    post(client)
    assert "La posta non parte" not in client.get("/desk/").text
    deliver(client, Delivery(SendOutcome.CHANNEL, 535, "login refused"))
    for path in ("/desk/", "/desk/mails", "/desk/audit"):
        assert "La posta non parte: 535 login refused." in client.get(path).text


def test_addresses_that_are_none_of_the_rooms_are_not_found(client: FlaskClient) -> None:
    enter(client)
    for query in ("status=x", "after=x", "after=-1", "after=²", "after=" + "9" * 30):
        assert client.get(f"/desk/mails?{query}").status_code == 404


def kept_back(client: FlaskClient, reason: SuppressionReason | None) -> None:
    """A mail to a reader that was not sent: for a line of the list, or because there was nothing more to tell."""
    tools: Toolbox = client.application.extensions["engagement"]
    with client.application.app_context():
        site = sites.find_site("demo")
        newsletter.sign_up(tools, site, SignUp("lettrice@posta.example"))
        carry_out(tools)
        if reason:
            suppressions.suppress(tools, "lettrice@posta.example", reason)
        else:
            with transaction() as session:
                session.execute(update(SubscriptionRow).values(state="left"))
    assert deliver(client, SENT) == 1


def test_a_mail_that_was_not_sent_says_why_in_both_languages(client: FlaskClient) -> None:
    enter(client)
    kept_back(client, SuppressionReason.BOUNCED)
    page = client.get("/desk/mails?status=suppressed").text
    assert "l…@posta.example" in page
    assert "lettrice@" not in page
    assert "le e-mail sono tornate indietro, sembra che non ci sia nessuno" in page
    assert "Invia di nuovo" not in page
    english = client.get("/desk/mails?status=suppressed&lang=en").text
    assert "mails to it came back, nobody seems to be there" in english
    assert "Mails not sent" in english
    for other in ("", "failed"):
        assert "l…@posta.example" not in client.get(f"/desk/mails?status={other}").text


def test_a_mail_whose_reason_was_gone_says_so(client: FlaskClient) -> None:
    enter(client)
    kept_back(client, None)
    assert "Quello che doveva dire non vale più." in client.get("/desk/mails?status=suppressed").text


def test_an_author_s_mails_that_come_back_are_told_above_every_page(client: FlaskClient, clock: StoppedClock) -> None:
    enter(client)
    gone = Delivery(SendOutcome.REFUSED, 550, "5.1.1 nobody")
    for day in range(3):
        assert "tornano indietro" not in client.get("/desk/").text
        post(client, body=f"Il parere numero {day}.")
        deliver(client, gone)
        clock.move(days=1)
    enter(client)
    for path in ("/desk/", "/desk/mails", "/desk/audit"):
        assert "Le e-mail a a…@demo.example tornano indietro" in client.get(path).text
    assert "Mails to a…@demo.example come back: nobody seems to be there." in client.get("/desk/?lang=en").text


def test_every_kind_and_state_has_its_words() -> None:
    assert set(door.KINDS) == set(NoticeKind)
    assert set(door.STATES) == set(OutboxState) - {OutboxState.SENT}
    assert set(door.WHY) == {"", *SuppressionReason}


@pytest.mark.parametrize(
    ("address", "shown"), [("anna@posta.example", "a…@posta.example"), ("a@b.example", "a…@b.example")]
)
def test_a_mask_hides_all_but_a_letter_and_the_domain(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_looking_changes_nothing(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(client)
    post(client)
    deliver(client, REFUSED)

    def never(*_: object, **__: object) -> Callable[..., None]:
        raise AssertionError

    monkeypatch.setattr(mails, "resend", never)
    address = f"/desk/mails/{number(client)}/resend"
    assert client.get(address).status_code == 405
