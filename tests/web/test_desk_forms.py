"""Newsletter forms at the desk: what stands there, who may change it, and what the proof keeps."""

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engagement.domain.newsletter import NewsletterForm
from engagement.services import sites
from engagement.services.audience import forms
from engagement.services.desk import moderators
from engagement.services.mailing import mail_quota
from engagement.storage import audit
from engagement.storage.db import transaction
from engagement.storage.tables import ConsentRow
from tests.web.test_desk import EMAIL, enter
from tests.web.test_newsletter import ask, rows

PATH = "/desk/forms"
SIGN_UP = {"EMAIL": "ada@lettori.example", "OPT_IN": "1"}


def save(client: FlaskClient, key: str = "demo", **changed: str) -> TestResponse:
    csrf = re.search(r'name="csrf" value="([^"]+)"', client.get(PATH).text)
    assert csrf is not None
    data = {
        "csrf": csrf[1],
        "site": "demo",
        "key": key,
        "consent_needed": "1",
        "name_fields": "NOME",
        "consent_text": "",
    }
    return client.post(PATH, data=data | changed)


def test_strangers_are_sent_to_the_entrance(client: FlaskClient) -> None:
    assert client.get(PATH).headers["Location"] == "/desk/login"
    assert client.post(PATH, data={"key": "demo"}).headers["Location"] == "/desk/login"


def test_a_form_stands_there_with_address_wording_and_texts(client: FlaskClient) -> None:
    enter(client)
    page = client.get(PATH).text
    assert "<code>http://127.0.0.1:8000/f/demo</code>" in page
    assert "Consenso, versione 1" in page
    assert "Voglio ricevere per e-mail la newsletter di Il blog di prova." in page
    assert "La tua iscrizione è avvenuta correttamente." in page
    assert 'aria-current="page">Moduli</a>' in page
    assert "Newsletter forms" in client.get(f"{PATH}?lang=en").text


def test_another_wording_is_another_version_and_the_proof_keeps_the_one_that_was_shown(client: FlaskClient) -> None:
    enter(client)
    client.post("/f/demo", data=SIGN_UP)
    assert save(client, consent_text="Sì, scrivetemi <spesso>.").headers["Location"] == f"{PATH}?saved=demo#f-demo"
    page = client.get(f"{PATH}?saved=demo").text
    assert "Consenso, versione 2" in page
    assert "Sì, scrivetemi &lt;spesso&gt;." in page
    assert "Salvato." in page
    client.post("/f/demo", data=SIGN_UP | {"EMAIL": "eva@lettori.example"})
    save(client, consent_text="Sì, scrivetemi <spesso>.", redirect_url="https://blog.example/grazie")
    client.post("/f/demo", data=SIGN_UP | {"EMAIL": "mia@lettori.example"})
    asked = [(row.form, row.consent_text[:10]) for row in rows(client, ConsentRow) if row.what == "asked"]
    assert asked == [("demo-1", "Voglio ric"), ("demo-2", "Sì, scrive"), ("demo-2", "Sì, scrive")]
    with client.application.app_context():
        lines = [(line.what, line.about) for line in moderators.audit_of(EMAIL)]
    assert lines[:2] == [
        ("form-saved", "demo/demo, version 2: redirect_url"),
        ("form-saved", "demo/demo, version 2: consent_text, name_fields"),
    ]
    assert "ha cambiato un modulo della newsletter" in client.get("/desk/audit").text


def test_a_new_form_is_made_once(client: FlaskClient) -> None:
    enter(client)
    assert save(client, "estate", new="1", name_fields="PRENOME, COGNOME", consent_needed="").status_code == 303
    page = client.get(PATH).text
    assert "/f/estate</code>" in page
    assert 'value="PRENOME COGNOME"' in page
    again = save(client, "estate", new="1", consent_text="Altro.")
    assert (again.status_code, "Altro." in again.text) == (422, True)
    assert "Altro." not in client.get(PATH).text
    assert client.post("/f/estate?isAjax=1", data={"EMAIL": "ada@lettori.example"}).get_json()["success"] is True


def test_wrong_fields_are_told_and_what_was_typed_is_kept(client: FlaskClient) -> None:
    enter(client)
    answer = save(client, redirect_url="https://evil.example/", name_fields="NO-ME", consent_text="Testo mio.")
    assert answer.status_code == 422
    assert 'value="https://evil.example/"' in answer.text
    assert ">\nTesto mio.</textarea>" in answer.text
    assert answer.text.count('aria-invalid="true"') == 2
    assert "Testo mio." not in client.get(PATH).text
    assert save(client, "", new="1").status_code == 422
    assert save(client, "a\x07b", new="1", consent_text="\x07").text.count('aria-invalid="true"') == 2


def test_forged_forms_and_other_sites_change_nothing(client: FlaskClient) -> None:
    enter(client)
    with client.application.app_context():
        tools = client.application.extensions["engagement"]
        sites.save_site(tools, sites.Site(0, "altro", "Altro", origins=("https://altro.example",)))
    before = client.get(PATH).text
    assert save(client, csrf="falso", consent_text="X").status_code == 403
    assert save(client, "altro", site="altro").status_code == 404
    assert save(client, "altro").status_code == 422
    assert "Altro" not in before
    assert re.sub(r"nonce-?\S+", "", client.get(PATH).text) == re.sub(r"nonce-?\S+", "", before)


def test_the_ceiling_s_alarm_stands_above_every_page_of_the_desk(client: FlaskClient) -> None:
    enter(client)
    assert 'class="alarm"' not in client.get("/desk/").text
    with client.application.app_context(), transaction() as session:
        tools = client.application.extensions["engagement"]
        audit.write(session, tools.clock.now(), mail_quota.ALARMIST, mail_quota.ALARM, "1000 an hour")
    for path in ("/desk/", "/desk/inbox", PATH):
        assert "Troppe e-mail della newsletter" in client.get(path).text
    assert client.get("/health/ready").status_code == 200
    assert ask(client).status_code == 202


def test_all_texts_of_a_form_are_changed_shown_and_written_down(client: FlaskClient) -> None:
    enter(client)
    texts = {
        "title": "Le lettere <d’estate>",
        "lead": "Una al mese,\r\n mai di più.",
        "success_text": "Controlla la posta e conferma.",
        "origin": "https://blog.example",
    }
    assert save(client, **texts).status_code == 303
    page = client.get(PATH).text
    assert "<strong>Le lettere &lt;d’estate&gt;</strong><br>Una al mese, mai di più." in page
    assert 'value="Le lettere &lt;d’estate&gt;"' in page
    assert '<option value="https://blog.example" selected>' in page
    assert "<li>Controlla la posta e conferma.</li>" in page
    assert "Consenso, versione 1" in page  # the wording is the same
    with client.application.app_context():
        [line] = [line for line in moderators.audit_of(EMAIL) if line.what == "form-saved"]
    assert line.about == "demo/demo, version 1: name_fields, title, lead, success_text, origin"
    save(client, **texts)
    with client.application.app_context():
        assert len([1 for line in moderators.audit_of(EMAIL) if line.what == "form-saved"]) == 1


def test_what_a_post_does_not_name_stays(client: FlaskClient) -> None:
    enter(client)
    save(client, title="Le lettere", lead="Una al mese.")
    save(client, consent_text="Sì, scrivetemi.")
    page = client.get(PATH).text
    assert "<strong>Le lettere</strong><br>Una al mese." in page


def test_earlier_wordings_stand_there_with_their_versions(client: FlaskClient) -> None:
    enter(client)
    for text in ("Sì, scrivetemi.", "Scrivetemi pure.", "Sì, scrivetemi."):
        save(client, consent_text=text)
    page = client.get(f"{PATH}?lang=en").text
    assert "Consent, version 4: “Sì, scrivetemi.”" in page
    earlier = re.findall(r"<li>Version (\d).*?“(.*?)”</li>", page)
    ours = "Voglio ricevere per e-mail la newsletter di Il blog di prova. Posso annullare l&#39;iscrizione in qualsiasi momento."
    assert earlier == [("3", "Scrivetemi pure."), ("2", "Sì, scrivetemi."), ("1", ours)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("title", "x" * 121),
        ("lead", "x" * 501),
        ("success_text", "x" * 501),
        ("consent_text", "x" * 2_001),
        ("title", "a\x07b"),
        ("lead", "a\x1bb"),
        ("redirect_url", "https://blog.example/" + "x" * 2_000),
        ("origin", "https://evil.example"),
        ("origin", "https://blog.example/"),
    ],
)
def test_a_text_that_cannot_be_one_is_refused_beside_what_was_typed(client: FlaskClient, name: str, text: str) -> None:
    enter(client)
    answer = save(client, **{name: text})
    assert answer.status_code == 422
    assert answer.text.count('aria-invalid="true"') == 1
    assert 'role="alert"' in answer.text
    assert "Consenso, versione 1" in client.get(PATH).text


def test_who_looks_after_another_site_changes_no_text(client: FlaskClient) -> None:
    enter(client)
    with client.application.app_context():
        tools = client.application.extensions["engagement"]
        other = sites.save_site(tools, sites.Site(0, "altro", "Altro", origins=("https://altro.example",)))
        forms.save_form(tools, other, NewsletterForm("estate", other.id, title="Mio"))
    assert save(client, "estate", title="Tuo").status_code == 422
    assert save(client, "estate", site="altro", title="Tuo").status_code == 404
    with client.application.app_context():
        assert forms.find_form("estate")[1].title == "Mio"
    assert "estate" not in client.get(PATH).text
