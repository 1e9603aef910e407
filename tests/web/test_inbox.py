"""The desk's inbox: who reads it, what stands there, what a press does."""

import re

from flask.testing import FlaskClient

from engagement.services import sites
from engagement.services.desk import moderators
from engagement.services.mail import deliver_due
from tests.fakes import FixedScreener, StoppedClock
from tests.web.test_desk import EMAIL, enter

API = "/api/v1/sites/demo/messages"


def write(client: FlaskClient, body: str = "Una domanda.", subject: str = "Ciao") -> None:
    sent = {"name": "<b>Lia</b>", "email": "lia+blog@posta.example", "subject": subject, "body": body}
    assert client.post(API, json=sent).status_code == 202


def press(client: FlaskClient, treatment: str, **more: str) -> int:
    page = client.get("/desk/inbox").text
    found = re.search(r'action="(/desk/inbox/[0-9a-z]{20})"', page)
    assert found is not None
    data = dict(re.findall(r'name="(csrf|version|status)" value="([^"]*)"', page)) | {"treatment": treatment} | more
    return client.post(found[1], data=data).status_code


def mails(client: FlaskClient) -> int:
    with client.application.app_context():
        tools = client.application.extensions["engagement"]
        deliver_due(tools)
        return len(tools.postman.sent)


def test_strangers_are_sent_to_the_entrance(client: FlaskClient) -> None:
    assert client.get("/desk/inbox").headers["Location"] == "/desk/login"
    assert client.post("/desk/inbox/" + "0" * 20, data={"treatment": "spam"}).headers["Location"] == "/desk/login"


def test_messages_stand_newest_first_with_text_and_a_link_to_answer(client: FlaskClient, clock: StoppedClock) -> None:
    enter(client)
    write(client, "La prima.")
    clock.move(seconds=1)
    write(client, "La <i>seconda</i>.\nSu due righe.", subject="È ora & basta")
    page = client.get("/desk/inbox").text
    assert page.index("seconda") < page.index("La prima.")
    assert "<i>seconda" not in page
    assert "<b>Lia" not in page
    assert 'href="mailto:lia%2Bblog@posta.example?subject=Re%3A%20%C3%88%20ora%20%26%20basta"' in page
    assert "Messaggi</a> " not in page
    assert "Messaggi (2)</a>" in page


def test_a_held_message_says_why_and_is_let_through_once(client: FlaskClient, screener: FixedScreener) -> None:
    enter(client)
    screener.toxicity = 0.71
    write(client)
    assert "Trattenuto, non inviato per e-mail:</strong> tossicità 0,71, soglia 0,60" in client.get("/desk/inbox").text
    assert mails(client) == 0
    assert press(client, "release") == 303
    assert mails(client) == 1
    assert "ha lasciato passare un messaggio" in client.get("/desk/audit").text


def test_marks_move_a_message_between_the_tabs(client: FlaskClient) -> None:
    enter(client)
    write(client)
    for treatment in ("read", "spam"):
        assert press(client, treatment) == 303
        assert "Una domanda." in client.get(f"/desk/inbox?status={treatment}").text
        assert "Una domanda." not in client.get("/desk/inbox?status=new").text
    assert client.get("/desk/inbox?status=altro").status_code == 404
    with client.application.app_context():
        assert [line.what for line in moderators.audit_of(EMAIL)][:2] == ["message-spam", "message-read"]


def test_forged_late_and_unknown_forms_change_nothing(client: FlaskClient) -> None:
    enter(client)
    write(client)
    assert press(client, "spam", csrf="falso") == 403
    assert press(client, "spam", version="7") == 409
    assert press(client, "spam", version="x") == 400
    assert press(client, "altro") == 400
    assert "Messaggi (1)</a>" in client.get("/desk/inbox?status=new").text


def test_looking_marks_nothing_as_read(client: FlaskClient) -> None:
    enter(client)
    write(client)
    for _ in range(2):
        client.get("/desk/inbox")
        client.head("/desk/inbox")
    assert "Messaggi (1)</a>" in client.get("/desk/").text


def test_more_than_a_page_of_messages(client: FlaskClient, clock: StoppedClock) -> None:
    enter(client)
    for number in range(26):
        write(client, f"Numero {number}.")
        clock.move(seconds=1)
    first = client.get("/desk/inbox").text
    assert "Numero 25." in first
    assert "Numero 0." not in first
    more = re.search(r'href="(/desk/inbox\?after=[^"]+)"', first)
    assert more is not None
    assert "Numero 0." in client.get(more[1]).text
    assert client.get("/desk/inbox?after=x").status_code == 422


def test_messages_of_other_sites_are_not_there(client: FlaskClient) -> None:
    enter(client)
    with client.application.app_context():
        tools = client.application.extensions["engagement"]
        sites.save_site(tools, sites.Site(0, "altro", "Altro", origins=("https://altro.example",)))
    sent = {"name": "Lia", "email": "lia@posta.example", "body": "Per un altro sito."}
    assert client.post("/api/v1/sites/altro/messages", json=sent).status_code == 202
    assert "Per un altro sito." not in client.get("/desk/inbox").text


def test_the_inbox_is_there_in_english(client: FlaskClient) -> None:
    enter(client)
    write(client)
    page = client.get("/desk/inbox?lang=en").text
    assert "Mark as spam" in page
    assert "Answer by mail" in page
