"""SMTP servers that answer what a test wants."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


class Script:
    """Answers of a server: by step, ``None`` where it goes its usual way. Keeps what it took."""

    def __init__(self, *, mail: str = "", rcpt: str = "", data: str = "", bye: str = "") -> None:
        self.mail, self.rcpt, self.data, self.bye = mail, rcpt, data, bye
        self.taken: list[tuple[str | None, list[str], bytes]] = []

    async def handle_MAIL(self, _server: SMTP, _s: Session, envelope: Envelope, sender: str, _o: list[str]) -> str:
        envelope.mail_from = sender
        return self.mail or "250 OK"

    async def handle_RCPT(self, _server: SMTP, _s: Session, envelope: Envelope, to: str, _o: list[str]) -> str:
        envelope.rcpt_tos.append(to)
        return self.rcpt or "250 OK"

    async def handle_DATA(self, _server: SMTP, _s: Session, envelope: Envelope) -> str:
        if not self.data:
            self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content or b""))
        return self.data or "250 queued"

    async def handle_QUIT(self, _server: SMTP, _s: Session, _envelope: Envelope) -> str:
        return self.bye or "221 Bye"


@contextmanager
def smtp_server(script: Script, **options: Any) -> Iterator[int]:
    """A server on a free port of this machine."""
    controller = Controller(script, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@contextmanager
def spoken(*lines: str, then_silent: bool = False) -> Iterator[int]:
    """A server that says a line for each it hears, the first at once; then it hangs up, or says nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = threading.Event()
        thread = threading.Thread(target=_speak, args=(listener, lines, done if then_silent else None), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            done.set()
            thread.join(5)


@contextmanager
def over_tls(context: ssl.SSLContext) -> Iterator[int]:
    """A server that begins with a handshake and goes no further."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_shake_hands, args=(listener, context), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def only(username: str, password: str) -> Any:
    """Who may log in."""

    def check(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
        known = (given.login, given.password) == (username.encode(), password.encode())
        return AuthResult(success=known, handled=False)

    return check


def _speak(listener: socket.socket, lines: tuple[str, ...], silent_until: threading.Event | None) -> None:
    connection, _ = listener.accept()
    with connection, connection.makefile("rwb") as stream:
        in_data = False
        for line in lines:
            stream.write(line.encode() + b"\r\n")
            stream.flush()
            in_data = line.startswith("354")
            heard = stream.readline()
            while in_data and heard not in (b".\r\n", b""):
                heard = stream.readline()
        if silent_until is not None:
            silent_until.wait(10)


def _shake_hands(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    with connection, suppress(OSError), context.wrap_socket(connection, server_side=True) as secret:
        secret.recv(1)
