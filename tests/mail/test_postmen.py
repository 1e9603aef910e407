"""Postmen answer what became of a message, and never raise."""

import shutil
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from engagement.domain.notices import Delivery, SendOutcome
from engagement.mail.postmen import FolderPostman, MemoryPostman, SmtpPostman, open_postman
from engagement.settings import Mail
from tests.conftest import missing_service
from tests.mail.facts import SENDER, write
from tests.mail.servers import Script, free_port, only, over_tls, smtp_server, spoken

TO = "autore@demo.example"
GREETED = ("220 here", "250 here")


def post(port: int, to: str = TO, **settings: Any) -> Delivery:
    given: dict[str, Any] = {"host": "127.0.0.1", "port": port, "tls": "none", "timeout": 2.0, "sender": SENDER}
    return SmtpPostman(Mail(**(given | settings))).send(to, write())


def test_an_accepted_message_arrives_as_written() -> None:
    script = Script()
    with smtp_server(script) as port:
        assert post(port) == Delivery(SendOutcome.SENT, 250)
    assert script.taken == [(SENDER, [TO], write())]


def test_a_domain_with_accents_is_written_as_mail_servers_know_it() -> None:
    script = Script()
    with smtp_server(script) as port:
        assert post(port, "lettrice@pòsta.example").outcome is SendOutcome.SENT
    assert script.taken[0][1] == ["lettrice@xn--psta-lqa.example"]


@pytest.mark.parametrize(
    ("answers", "outcome", "code"),
    [
        ({"rcpt": "421 too many"}, SendOutcome.CHANNEL, 421),
        ({"rcpt": "450 greylisted"}, SendOutcome.RETRY, 450),
        ({"rcpt": "451 later"}, SendOutcome.RETRY, 451),
        ({"rcpt": "452 full"}, SendOutcome.RETRY, 452),
        ({"rcpt": "550 5.1.1 no such user"}, SendOutcome.REFUSED, 550),
        ({"rcpt": "530 log in first"}, SendOutcome.CHANNEL, 530),
        ({"mail": "421 too many"}, SendOutcome.CHANNEL, 421),
        ({"mail": "451 later"}, SendOutcome.RETRY, 451),
        ({"mail": "530 log in first"}, SendOutcome.CHANNEL, 530),
        ({"mail": "550 not your address"}, SendOutcome.CHANNEL, 550),
        ({"mail": "552 too large"}, SendOutcome.REFUSED, 552),
        ({"data": "421 too many"}, SendOutcome.CHANNEL, 421),
        ({"data": "451 later"}, SendOutcome.RETRY, 451),
        ({"data": "552 too large"}, SendOutcome.REFUSED, 552),
        ({"data": "554 looks like spam"}, SendOutcome.REFUSED, 554),
    ],
)
def test_each_answer_of_a_server_has_its_outcome(answers: dict[str, str], outcome: SendOutcome, code: int) -> None:
    with smtp_server(Script(**answers)) as port:
        delivery = post(port)
    assert (delivery.outcome, delivery.code) == (outcome, code)


@pytest.mark.parametrize("bye", ["421 going down", "500 what?"])
def test_a_message_that_was_taken_is_sent_whatever_the_goodbye(bye: str) -> None:
    script = Script(bye=bye)
    with smtp_server(script) as port:
        assert post(port).outcome is SendOutcome.SENT
    assert len(script.taken) == 1


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        (("421 busy",), SendOutcome.CHANNEL),
        (("554 not for you",), SendOutcome.CHANNEL),
        ((), SendOutcome.CHANNEL),
        (("220 here",), SendOutcome.CHANNEL),
        ((*GREETED, "250 sender", "250 recipient", "354 go on"), SendOutcome.RETRY),
        (("220 here", "250 here", "550 never", "250 reset", "221 bye"), SendOutcome.CHANNEL),
    ],
    ids=["421 at once", "554 at once", "hangs up at once", "hangs up at EHLO", "hangs up after the dot", "no sender"],
)
def test_a_broken_conversation_has_its_outcome(lines: tuple[str, ...], outcome: SendOutcome) -> None:
    with spoken(*lines) as port:
        assert post(port).outcome is outcome


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ((), SendOutcome.CHANNEL),
        (GREETED, SendOutcome.RETRY),
        ((*GREETED, "250 sender", "250 recipient", "354 go on"), SendOutcome.RETRY),
    ],
)
def test_a_silent_server_is_left_in_time_and_blamed(lines: tuple[str, ...], outcome: SendOutcome) -> None:
    begun = time.monotonic()
    with spoken(*lines, then_silent=True) as port:
        delivery = post(port, timeout=0.3)
    assert (delivery.outcome, delivery.blames_channel) == (outcome, True)
    assert time.monotonic() - begun < 5


def test_a_refused_connection_and_an_unknown_host_are_the_channels_fault() -> None:
    assert post(free_port()).outcome is SendOutcome.CHANNEL
    assert post(25, host="nowhere.invalid").outcome is SendOutcome.CHANNEL


@pytest.mark.parametrize("host", ["", "x" * 300, "a..b"])
def test_a_host_that_is_no_name_does_not_raise(host: str) -> None:
    assert post(free_port(), host=host).outcome is SendOutcome.CHANNEL


def test_a_wrong_password_is_the_channels_fault_and_a_good_one_is_taken() -> None:
    script = Script()
    options = {"authenticator": only("me", "good"), "auth_require_tls": False}
    with smtp_server(script, **options) as port:
        assert post(port, username="me", password="bad") == Delivery(SendOutcome.CHANNEL, 535, "login refused")
        assert post(port, username="me", password="good").outcome is SendOutcome.SENT
    assert len(script.taken) == 1


def test_a_server_without_login_or_starttls_is_the_channels_fault() -> None:
    script = Script()
    with smtp_server(script) as port:
        assert post(port, tls="starttls").outcome is SendOutcome.CHANNEL
        assert post(port, username="me", password="x").outcome is SendOutcome.CHANNEL
    assert script.taken == []


@pytest.mark.parametrize("tls", ["tls", "starttls"])
def test_a_certificate_nobody_vouches_for_stops_the_channel(tls: str, tmp_path: Path) -> None:
    script, context = Script(), _self_signed(tmp_path)
    with smtp_server(script, tls_context=context) if tls == "starttls" else over_tls(context) as port:
        assert post(port, tls=tls) == Delivery(SendOutcome.CHANNEL, reply="the certificate is not valid")
    assert script.taken == []


def test_an_address_the_server_cannot_be_told_is_refused() -> None:
    with smtp_server(Script()) as port:
        assert post(port, to="è@demo.example").outcome is SendOutcome.REFUSED


def test_a_reply_is_kept_short_and_without_addresses() -> None:
    with smtp_server(Script(rcpt=f"550 <{TO}> is unknown " + "x" * 300)) as port:
        reply = post(port).reply
    assert "@" not in reply
    assert len(reply) <= 200


def test_a_folder_gets_one_file_a_message_in_order_of_time(tmp_path: Path) -> None:
    postman = FolderPostman(tmp_path / "new" / "mails")
    letters = [write(page_title=f"Titolo {number}") for number in range(5)]
    for letter in [*letters, letters[0]]:  # the same message twice is one file
        assert postman.send(TO, letter) == Delivery(SendOutcome.SENT)
    files = sorted((tmp_path / "new" / "mails").iterdir())
    assert [file.read_bytes() for file in files] == letters
    assert {file.suffix for file in files} == {".eml"}


def test_a_reader_of_the_folder_never_meets_half_a_message(tmp_path: Path) -> None:
    letters = [write(body=f"{number} " + "x" * 200_000) for number in range(20)]
    seen: set[int] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.update(len(file.read_bytes()) for file in tmp_path.glob("*.eml"))

    reader = threading.Thread(target=look)
    reader.start()
    for letter in letters:
        FolderPostman(tmp_path).send(TO, letter)
    stop.set()
    reader.join()
    assert seen <= {len(letter) for letter in letters}


def test_a_folder_that_cannot_be_written_is_the_channels_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert FolderPostman(tmp_path / "file").send(TO, write()).outcome is SendOutcome.CHANNEL


def test_settings_name_the_postman(tmp_path: Path) -> None:
    assert isinstance(open_postman(Mail(transport="smtp")), SmtpPostman)
    assert isinstance(open_postman(Mail(transport="folder", folder=str(tmp_path))), FolderPostman)
    assert isinstance(open_postman(Mail(transport="memory")), MemoryPostman)


def _self_signed(folder: Path) -> ssl.SSLContext:
    if shutil.which("openssl") is None:
        missing_service("no openssl here to make a certificate with")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
