"""The log is JSON, tells what happened, and never holds what a reader sent or a token."""

import io
import json
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engagement import jobs, logs
from engagement.domain.desk.moderators import Scope
from engagement.mail.postmen import MemoryPostman
from engagement.services.audience.wishes import carry_out
from engagement.services.desk import keys, moderators
from engagement.services.mail import deliver_due
from engagement.worker import Background
from tests.fakes import FixedScreener

ADDRESS = "203.0.113.77"
EMAIL, NAME, TEXT = "canarino@posta.example", "Canarina Segreta", "una frase che nessun registro deve ripetere"
MODERATOR, PASSWORD = "moderatrice@demo.example", "parola-canarino lunga e tranquilla"
COMMENTS, SIGN_UPS = "/api/v1/sites/demo/comments", "/api/v1/sites/demo/newsletter"
PAGE = "https://blog.example/pagina-canarino"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """The log of this process, as JSON lines; afterwards everything is as it was."""
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook)
    handlers, level = list(root.handlers), root.level
    out = io.StringIO()
    logs.set_up(plain=False, stream=out)
    yield out
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level
    sys.excepthook, threading.excepthook = hooks


class Visitor:
    """Does what people do and remembers every secret that it was given."""

    def __init__(self, app: Flask) -> None:
        self.app, self.client = app, app.test_client()
        self.tools = app.extensions["engagement"]
        self.secrets = {ADDRESS, EMAIL, "canarino", NAME, TEXT, PASSWORD, MODERATOR, PAGE}
        self.answers: list[TestResponse] = []

    def ask(self, method: str, path: str, **more: Any) -> TestResponse:
        answer = self.client.open(path, method=method, environ_overrides={"REMOTE_ADDR": ADDRESS}, **more)
        self.answers.append(answer)
        return answer

    def comment(self, body: str = TEXT, **more: Any) -> TestResponse:
        sent = {"page_url": PAGE, "author": NAME, "email": EMAIL, "body": body}
        answer = self.ask("POST", COMMENTS, json=sent | more)
        if answer.status_code in (201, 202):
            self.secrets.add(answer.get_json()["edit_token"])
        return answer

    def letters(self) -> list[bytes]:
        with self.app.app_context():
            carry_out(self.tools)
            deliver_due(self.tools)
        return [letter for _, letter in self.tools.postman.sent]


@pytest.fixture
def visitor(make_app: Callable[..., Flask], stream: io.StringIO) -> Visitor:
    return Visitor(make_app(limits__enabled="true"))


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def told(stream: io.StringIO, visitor: Visitor) -> set[str]:
    text = stream.getvalue() + json.dumps(lines(stream), ensure_ascii=False)
    return {secret for secret in visitor.secrets if secret.lower() in text.lower()}


def test_nothing_that_people_send_or_are_given_is_in_the_log(
    visitor: Visitor, stream: io.StringIO, screener: FixedScreener
) -> None:
    assert visitor.comment().status_code == 201
    assert visitor.comment().status_code == 409
    screener.toxicity = 0.7
    assert visitor.comment(f"{TEXT} di nuovo").status_code == 202
    assert visitor.comment(author="", sconosciuto=EMAIL).status_code == 422
    assert visitor.ask("POST", COMMENTS, data=f'{{"{EMAIL}"', content_type="application/json").status_code == 400
    assert visitor.ask("GET", COMMENTS, query_string={"page_url": PAGE, "after": EMAIL}).status_code == 422
    assert visitor.ask("GET", f"/sites/{EMAIL}/thread").status_code == 404
    assert visitor.ask(NAME.split(maxsplit=1)[0].upper(), COMMENTS).status_code == 405

    assert visitor.ask("POST", SIGN_UPS, json={"email": EMAIL, "name": NAME, "consent": True}).status_code == 202
    tokens = re.findall(rb"/newsletter/confirm/([\w.~-]+)", b"".join(visitor.letters()).replace(b"=\r\n", b""))
    token = tokens[0].decode()
    visitor.secrets.add(token)
    assert visitor.ask("GET", f"/newsletter/confirm/{token}").status_code == 200
    assert visitor.ask("POST", f"/newsletter/confirm/{token}").status_code == 200
    assert visitor.ask("GET", f"/newsletter/confirm/{token}x").status_code == 410
    desk(visitor)
    assert told(stream, visitor) == set()
    seen = [line for line in lines(stream) if line["logger"] == "engagement.access"]
    assert [line["request"] for line in seen] == [answer.headers["X-Request-Id"] for answer in visitor.answers]
    assert [line["status"] for line in seen] == [answer.status_code for answer in visitor.answers]


def desk(visitor: Visitor) -> None:
    with visitor.app.app_context():
        address = moderators.add(visitor.tools, MODERATOR, ["demo"])
        key = keys.add(visitor.tools, "robot", "demo", Scope.MODERATE)
    token = address.rpartition("/")[2]
    visitor.secrets |= {token, key}
    assert visitor.ask("GET", f"/desk/enter/{token}").status_code == 200
    assert visitor.ask("POST", f"/desk/enter/{token}", data={"password": PASSWORD}).status_code == 303
    for password, status in ((f"{PASSWORD} no", 401), (PASSWORD, 303)):
        login = {"email": MODERATOR, "password": password}
        assert visitor.ask("POST", "/desk/login", data=login).status_code == status
    cookie = visitor.client.get_cookie("session")
    assert cookie is not None
    visitor.secrets.add(cookie.value)
    assert visitor.ask("GET", "/desk/", query_string={"site": EMAIL}).status_code == 200
    bearer = {"Authorization": f"Bearer {key}"}
    assert visitor.ask("GET", "/api/v1/moderation/queue", headers=bearer).status_code == 200
    assert (
        visitor.ask("GET", "/api/v1/moderation/queue", headers={"Authorization": f"Bearer {key}x"}).status_code == 401
    )


def test_a_failure_is_told_with_its_place_and_without_its_words(
    visitor: Visitor, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_self: FixedScreener, texts: Any) -> Any:
        try:
            raise KeyError(EMAIL)
        except KeyError as error:
            raise ValueError(f"cannot read {texts}") from error

    monkeypatch.setattr(FixedScreener, "screen", broken)
    answer = visitor.comment()
    assert answer.status_code == 500
    assert answer.headers["X-Request-Id"] in answer.get_json()["detail"]
    assert told(stream, visitor) == set()
    line = next(line for line in lines(stream) if line["level"] == "error")
    assert line["request"] == answer.headers["X-Request-Id"]
    assert (line["exception"]["type"], line["exception"]["cause"]["type"]) == (
        "builtins.ValueError",
        "builtins.KeyError",
    )
    assert line["exception"]["stack"][-1].endswith(" broken")


def test_letters_and_jobs_that_fail_are_told_the_same_way(
    make_app: Callable[..., Flask], stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clumsy:
        def write(self, *args: object) -> bytes:
            raise ValueError(str(args))

        def quote(self, text: str) -> str:
            return text

    def job(_tools: object) -> None:
        raise RuntimeError(EMAIL)

    app = make_app()
    app.extensions["engagement"] = replace(app.extensions["engagement"], letters=Clumsy(), postman=MemoryPostman())
    visitor = Visitor(app)
    visitor.comment()
    visitor.letters()
    monkeypatch.setattr(jobs, "OFTEN", (job,))
    monkeypatch.setattr(jobs, "HOURLY", ())
    Background(app, 1).once()
    assert told(stream, visitor) == set()
    assert [line["exception"]["type"] for line in lines(stream) if "exception" in line] == [
        "builtins.ValueError",
        "builtins.RuntimeError",
    ]


def test_a_line_is_json_in_utc_and_stays_one_line(client: FlaskClient, stream: io.StringIO) -> None:
    logging.getLogger("engagement.x").warning("a\nb \u2028 %s", "è", extra=logs.fields(count=3))
    logging.getLogger("elsewhere").info("not heard")
    client.get("/health/live")
    first, second = lines(stream)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.pop("time"))
    assert first == {"level": "warning", "logger": "engagement.x", "message": "a\nb \u2028 è", "count": 3}
    assert (second["method"], second["route"], second["status"]) == ("GET", "/health/live", 200)
    assert second["ms"] >= 0
    assert "site" not in second
    client.get(COMMENTS, query_string={"page_url": "https://blog.example/a"})
    assert lines(stream)[-1]["site"] == "demo"


def test_what_nobody_caught_is_told_without_its_words(stream: io.StringIO) -> None:
    def fail() -> None:
        raise ValueError(EMAIL)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    (line,) = lines(stream)
    assert (line["level"], line["exception"]["type"]) == ("critical", "builtins.ValueError")
    assert EMAIL not in stream.getvalue()


def test_plain_lines_are_for_a_terminal() -> None:
    record = logging.LogRecord("engagement", logging.INFO, "", 0, "one\ntwo", (), None)
    assert re.fullmatch(r"\d\d:\d\d:\d\d INFO    one\\ntwo", logs.PlainLines().format(record))
