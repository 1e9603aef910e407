"""What others see of an installation: records, and forms on pages that a real server gives."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from flask import Flask

from engagement.app import make_patient
from engagement.services import sites
from engagement.services.operations import outside
from engagement.services.operations.findings import Finding, Grade, Patient
from tests.services.test_doctor import HEALTHY, RECORDS, Records

MAIL = HEALTHY | {"mail__transport": "smtp"}


class Pages(BaseHTTPRequestHandler):
    """``/`` holds a form of ours, all else does not."""

    def do_GET(self) -> None:
        form = '<form action="https://commenti.example/sites/demo/comments">' if self.path == "/" else "<p>niente"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f"<!doctype html>{form}".encode())

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def blog() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def look(app: Flask, check: Callable[[Patient], Finding], **records: Sequence[str]) -> Finding:
    known = Records(**(RECORDS.found | records))
    with app.app_context():
        return check(replace(make_patient(app), records=known.answer))


@pytest.mark.parametrize("check", [outside.spf, outside.dkim, outside.dmarc, outside.reverse_name, outside.returns])
def test_a_well_kept_domain_is_well(make_app: Callable[..., Flask], check: Callable[[Patient], Finding]) -> None:
    assert look(make_app(**MAIL), check).grade is Grade.OK


@pytest.mark.parametrize(
    ("check", "records", "grade", "advice"),
    [
        (outside.spf, {"giornale.it TXT": []}, Grade.WARN, "v=spf1 a:smtp.giornale.it -all"),
        (outside.spf, {"giornale.it TXT": ["v=spf1 -all", "v=spf1 a -all"]}, Grade.WRONG, "keep one"),
        (outside.dkim, {"s1._domainkey.giornale.it TXT": []}, Grade.WRONG, "publish the key"),
        (outside.dkim, {"s1._domainkey.giornale.it TXT": ["v=DKIM1; p="]}, Grade.WRONG, "publish the key"),
        (outside.dmarc, {"_dmarc.giornale.it TXT": []}, Grade.WARN, "_dmarc.giornale.it"),
        (outside.reverse_name, {"8.8.4.4 PTR": []}, Grade.WARN, "PTR"),
        (outside.reverse_name, {"8.8.4.4 PTR": ["host.elsewhere.example"]}, Grade.WARN, "PTR"),
        (outside.reverse_name, {"smtp.giornale.it A": []}, Grade.WARN, "mail.host"),
        (outside.returns, {"giornale.it MX": []}, Grade.WARN, "mail.return_path"),
        (outside.returns, {"giornale.it MX": ["0 ."]}, Grade.WARN, "mail.return_path"),
        (outside.returns, {"giornale.it MX": ["0 "], "giornale.it A": ["8.8.4.4"]}, Grade.WARN, "mail.return_path"),
    ],
)
def test_what_is_missing_is_told_with_what_to_do(
    make_app: Callable[..., Flask],
    check: Callable[[Patient], Finding],
    records: dict[str, Sequence[str]],
    grade: Grade,
    advice: str,
) -> None:
    finding = look(make_app(**MAIL), check, **records)
    assert finding.grade is grade
    assert advice in finding.advice


def test_a_parent_domain_speaks_for_its_subdomain(make_app: Callable[..., Flask]) -> None:
    app = make_app(**MAIL | {"mail__sender": "commenti@posta.giornale.it"})
    assert look(app, outside.dmarc).grade is Grade.OK


def test_a_domain_without_exchangers_takes_mail_at_its_address(make_app: Callable[..., Flask]) -> None:
    assert (
        look(make_app(**MAIL), outside.returns, **{"giornale.it MX": [], "giornale.it AAAA": ["::1"]}).grade is Grade.OK
    )


def test_the_envelope_s_domain_is_looked_at_where_it_is_another(make_app: Callable[..., Flask]) -> None:
    app = make_app(**MAIL | {"mail__return_path": "ritorni@posta.giornale.it"})
    assert "posta.giornale.it" in look(app, outside.spf).advice
    assert look(app, outside.returns).grade is Grade.WARN
    assert look(app, outside.dkim).grade is Grade.OK


def test_without_a_selector_nothing_is_guessed(make_app: Callable[..., Flask]) -> None:
    assert look(make_app(**MAIL | {"mail__dkim_selector": ""}), outside.dkim).grade is Grade.WARN


def test_a_relay_of_one_s_own_network_is_not_judged(make_app: Callable[..., Flask]) -> None:
    assert look(make_app(**MAIL | {"mail__host": "127.0.0.1"}), outside.reverse_name).grade is Grade.OK


def test_silence_of_the_name_service_is_no_verdict(make_app: Callable[..., Flask]) -> None:
    def silent(name: str, kind: str) -> Sequence[str]:
        raise LookupError(name, kind)

    app = make_app(**MAIL)
    with app.app_context():
        finding = outside.spf(replace(make_patient(app), records=silent))
    assert (finding.grade, finding.told) == (Grade.WARN, outside.NO_NAMES)


def test_where_no_mail_leaves_no_record_is_asked_for(make_app: Callable[..., Flask]) -> None:
    assert look(make_app(**HEALTHY), outside.spf).told == outside.NO_MAIL


def place(app: Flask, *origins: str) -> None:
    with app.app_context():
        tools = app.extensions["engagement"]
        sites.save_site(tools, replace(sites.find_site("demo"), origins=origins))


def test_a_form_on_the_page_is_found_and_a_missing_one_is_named(make_app: Callable[..., Flask], blog: str) -> None:
    app = make_app(**HEALTHY, feeds__allow_private="true")
    place(app, blog)
    assert look(app, outside.forms_on_pages).grade is Grade.OK
    with app.app_context():
        body = {"page_url": f"{blog}/articolo", "author": "Anna", "body": "Un articolo molto chiaro."}
        assert app.test_client().post("/api/v1/sites/demo/comments", json=body).status_code == 201
    finding = look(app, outside.forms_on_pages)
    assert (finding.grade, f"{blog}/articolo holds no form" in finding.told) == (Grade.WARN, True)


def test_a_page_that_cannot_be_read_is_named(make_app: Callable[..., Flask]) -> None:
    app = make_app(**HEALTHY, feeds__allow_private="true")
    place(app, "http://127.0.0.1:1")
    assert "could not be read" in look(app, outside.forms_on_pages).told


def test_the_demo_is_not_looked_at(make_app: Callable[..., Flask]) -> None:
    assert look(make_app(**HEALTHY, server__demo="true"), outside.forms_on_pages).grade is Grade.OK
