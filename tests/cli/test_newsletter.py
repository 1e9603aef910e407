"""``engagement newsletter``: lists in and out, proofs, and who is not written to."""

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from engagement.archives.mailing_list import safe_cell
from engagement.cli.newsletter import newsletter
from engagement.domain.newsletter import SignUp
from engagement.services import newsletter as service
from engagement.services import sites
from engagement.services.audience.wishes import carry_out
from engagement.storage.tables import ConsentRow, OutboxRow, SubscriptionRow, SuppressionRow
from tests.cli.test_moderators import House
from tests.services.test_newsletter import rows

CONSENT = "Modulo cartaceo alla fiera di Torino, 3 maggio 2026"


@pytest.fixture
def house(app: Flask) -> House:
    return House(app)


def ask(house: House, *words: str | Path) -> Result:
    return CliRunner().invoke(newsletter, [str(word) for word in words], obj=house)


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    file = tmp_path / "lista.csv"
    file.write_bytes(
        "\ufeffE-mail;Nome;Lingua\r\nlia@posta.example;Lia Rossi;it\r\nnon un indirizzo;X;it\r\n\r\n"
        "ANNA@posta.example;'=Anna;EN\r\nlia@posta.example;Ancora;it\r\nugo@posta.example;Ugo;de\r\n".encode()
    )
    return file


def import_(house: House, file: Path, *more: str) -> Result:
    return ask(house, "import", file, "--site", "demo", "--consent", CONSENT, *more)


def test_good_lines_are_taken_with_their_proof_and_bad_ones_named(house: House, listed: Path) -> None:
    answer = import_(house, listed)
    assert answer.exit_code == 1
    assert answer.stdout == "added\t2\nknown\t1\nnot written to\t0\n"
    assert answer.stderr.splitlines() == [
        "line 3: not an e-mail address",
        "line 7: the language must be one of it, en",
    ]
    found = [(r.email, r.name, r.language, r.state) for r in rows(SubscriptionRow)]
    assert found == [
        ("lia@posta.example", "Lia Rossi", "it", "confirmed"),
        ("anna@posta.example", "=Anna", "en", "confirmed"),
    ]
    assert {(r.what, r.method, r.form, r.consent_text) for r in rows(ConsentRow)} == {
        ("imported", "import", "import", CONSENT)
    }
    assert rows(OutboxRow) == []


def test_a_second_run_and_a_look_change_nothing(house: House, listed: Path) -> None:
    looked = import_(house, listed, "--dry-run", "--json")
    assert (json.loads(looked.stdout)["added"], rows(SubscriptionRow)) == (2, [])
    import_(house, listed)
    before = [vars(row) | {"_sa_instance_state": None} for row in rows(SubscriptionRow)]
    assert "added\t0\nknown\t3" in import_(house, listed).stdout
    assert [vars(row) | {"_sa_instance_state": None} for row in rows(SubscriptionRow)] == before


def test_an_import_needs_to_say_how_consent_was_given(house: House, listed: Path) -> None:
    assert ask(house, "import", listed, "--site", "demo").exit_code == 2
    vague = ask(house, "import", listed, "--site", "demo", "--consent", " ok ")
    assert (vague.exit_code, "kept as the proof" in vague.stderr) == (1, True)
    assert rows(SubscriptionRow) == []


def test_who_left_or_is_silenced_is_not_subscribed_by_a_list(house: House, listed: Path) -> None:
    import_(house, listed)
    site, tools = sites.find_site("demo"), house.tools()
    row = rows(SubscriptionRow)[0]
    service.leave(tools, tools.links.newsletter("leave", row.id, row.version).rpartition("/")[2], "link")
    assert ask(house, "suppress", "nuovo@posta.example", "--reason", "complained").exit_code == 0
    listed.write_text("email\nlia@posta.example\nnuovo@posta.example\n", "utf-8")
    answer = import_(house, listed)
    assert (answer.exit_code, answer.stdout) == (0, "added\t0\nknown\t0\nnot written to\t2\n")
    assert site.id == rows(SuppressionRow)[0].site_id


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name\nLia\n", "one of them is email"),
        (b"", "one of them is email"),
        (b"email\n\xff\xfe\n", "not UTF-8"),
        (b'email\n"a"b@posta.example\n', "line 2 is no CSV"),
    ],
)
def test_a_file_that_is_no_list_is_refused(house: House, tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(content)
    answer = import_(house, file)
    assert (answer.exit_code, said in answer.stderr) == (1, True)


def test_an_export_has_each_one_s_links_no_formulas_and_comes_back_as_it_was(house: House, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('email,name\n+lia@posta.example,"=HYPERLINK(""http://evil.example"")"\nugo@posta.example,@Ugo\n')
    import_(house, file)
    out = ask(house, "export", "--site", "demo")
    cells = [cell for row in csv.reader(io.StringIO(out.stdout)) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == []
    assert "'+lia@posta.example" in cells
    found = list(csv.DictReader(io.StringIO(out.stdout)))
    assert found[0]["leave_url"].startswith("http://127.0.0.1:8000/newsletter/leave/")
    client = house.app().test_client()
    assert client.get(found[0]["preferences_url"].removeprefix("http://127.0.0.1:8000")).status_code == 200
    again = tmp_path / "b.csv"
    again.write_text(out.stdout, "utf-8", newline="")
    assert import_(house, again).stdout == "added\t0\nknown\t2\nnot written to\t0\n"
    ask(house, "suppress", "ugo@posta.example")
    assert "ugo@" not in ask(house, "export", "--site", "demo").stdout
    assert "ugo@" in ask(house, "export", "--site", "demo", "--state", "all").stdout


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1"])
def test_a_cell_that_is_a_formula_is_quoted(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert safe_cell(f"a{text}") == f"a{text}"


def test_the_proof_of_a_person_holds_what_was_shown_and_pressed(house: House) -> None:
    tools, site = house.tools(), sites.find_site("demo")
    for email in ("lia@posta.example", "altra@posta.example"):
        wish = SignUp(email, form="estate-2", consent_text="Sì, scrivetemi.", source_url="https://blog.example/a")
        service.sign_up(tools, site, wish)
    carry_out(tools)
    row = rows(SubscriptionRow)[0]
    service.confirm(tools, tools.links.newsletter("confirm", row.id, row.version).rpartition("/")[2])
    found = json.loads(ask(house, "proof", "LIA@posta.example", "--site", "demo").stdout)
    assert [one["what"] for one in found["consents"]] == ["asked", "mailed", "confirmed"]
    asked = found["consents"][0]
    assert (asked["form"], asked["consent_text"]) == ("estate-2", "Sì, scrivetemi.")
    assert (asked["source_url"], asked["at"]) == ("https://blog.example/a", "2026-11-25T12:00:00Z")
    assert [one["state"] for one in found["subscriptions"]] == ["confirmed"]
    assert ask(house, "proof", "nessuno@posta.example").exit_code == 1


def test_the_list_is_kept_by_hand(house: House) -> None:
    assert ask(house, "suppress", "lia@posta.example", "--site", "demo").stdout == "not written to by 1 site\n"
    [line] = json.loads(ask(house, "list", "--site", "demo", "--json").stdout)
    assert (line["reason"], line["source"], len(line["hash"])) == ("manual", "command", 64)
    assert line["hash"][:12] in ask(house, "list", "--site", "demo").stdout
    assert ask(house, "unsuppress", "lia@posta.example").exit_code == 0
    assert ask(house, "unsuppress", "lia@posta.example").exit_code == 1
    assert json.loads(ask(house, "list", "--site", "demo", "--json").stdout) == []
    for words in (("suppress", "nessuno"), ("list", "--site", "nessuno"), ("export", "--site", "nessuno")):
        answer = ask(house, *words)
        assert (answer.exit_code, answer.stdout) == (1, "")
        assert len(answer.stderr.splitlines()) == 1
