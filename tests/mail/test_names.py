"""Questions to the name service, put to a real one over UDP on this machine."""

import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from engagement.mail import names

ZONE = {
    ("giornale.it.", "TXT"): ['"v=spf1 a" " -all"'],
    ("smtp.giornale.it.", "A"): ["192.0.2.7"],
    ("7.2.0.192.in-addr.arpa.", "PTR"): ["smtp.giornale.it."],
}


def serve(sock: socket.socket) -> None:
    while True:
        try:
            raw, sender = sock.recvfrom(4096)
        except OSError:
            return
        query = dns.message.from_wire(raw)
        question = query.question[0]
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA
        if found := ZONE.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *found))
        elif not any(known == name for known, _ in ZONE):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        sock.sendto(answer.to_wire(), sender)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    ask(monkeypatch, sock.getsockname()[1])
    threading.Thread(target=serve, args=(sock,), daemon=True).start()
    yield
    sock.close()


def ask(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Let questions go to a port of this machine."""

    def here() -> dns.resolver.Resolver:
        made = real(configure=False)
        made.nameservers, made.port = ["127.0.0.1"], port
        return made

    real = dns.resolver.Resolver
    monkeypatch.setattr(dns.resolver, "Resolver", here)


@pytest.mark.usefixtures("server")
def test_records_are_text_and_long_ones_in_one_piece() -> None:
    assert names.records("giornale.it", "TXT") == ["v=spf1 a -all"]
    assert names.records("smtp.giornale.it", "A") == ["192.0.2.7"]
    assert names.records("192.0.2.7", "PTR") == ["smtp.giornale.it"]


@pytest.mark.usefixtures("server")
def test_a_name_without_such_records_has_none() -> None:
    assert names.records("smtp.giornale.it", "TXT") == []
    assert names.records("ignoto.giornale.it", "A") == []


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "SECONDS", 0.3)
    ask(monkeypatch, 1)
    with pytest.raises(LookupError):
        names.records("giornale.it", "TXT")
