"""The outbox at the desk: whose mails, masked, why they failed, and sending again with a form of ours alone."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from engagement.domain.notices import Delivery, NoticeKind, OutboxState, SendOutcome, masked
from engagement.services import mails, sites
from engagement.services.mail import deliver_due
from engagement.services.ports import Toolbox
from engagement.web.desk import mails as door
from tests.services.test_mail import SENT, ScriptedPostman
from tests.web.test_desk import enter, fields

REFUSED = Delivery(SendOutcome.REFUSED, 550, "<b>no such mailbox</b>")


def post(client: FlaskClient, site: str = "demo") -> None:
    sent = {"page_url": "https://blog.example/a", "author": "Anna", "body": "Un parere pacato."}
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
        [mail], _ = mails.listed([sites.find_site("altro").id], dead=True, limit=9)
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


def test_every_kind_and_state_has_its_words() -> None:
    assert set(door.KINDS) == set(NoticeKind)
    assert set(door.STATES) == set(OutboxState) - {OutboxState.SENT, OutboxState.SUPPRESSED}


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
