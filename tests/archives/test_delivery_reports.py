"""Delivery reports in the shapes of several mail servers, and everything that is none."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engagement.archives.delivery_reports import read_report
from engagement.domain.mailing.bounces import Meaning, Report, Returned
from tests.mail.returned import OURS, READER, answer, exchange, exim, postfix, vacation


def told(raw: bytes) -> Returned:
    report = read_report(raw)
    assert report is not None
    assert report.message_id == OURS
    [one] = report.recipients
    return one


def test_postfix_s_report_is_read() -> None:
    assert told(postfix()) == Returned((READER,), True, "5.1.1", 550, "5.1.1 … no such user here")


def test_exim_s_status_is_taken_from_the_server_s_answer() -> None:
    one = told(exim())
    assert (one.addresses, one.status, one.code, one.meaning) == ((READER,), "5.1.1", 550, Meaning.HARD)
    assert one.words == "5.1.1 There is nobody of that name. 550 5.1.1 Look at the spelling."


def test_exchange_s_report_is_read_in_whatever_case() -> None:
    one = told(exchange())
    assert (one.addresses, one.failed, one.status, one.meaning) == ((READER,), True, "5.1.10", Meaning.HARD)
    assert told(exchange(status="5.7.1")).meaning is Meaning.OTHER


def test_a_delay_and_a_forwarded_address_are_told() -> None:
    one = told(postfix(to="altrove@posta.example", original=READER, action="delayed", status="4.4.1", said="x"))
    assert (one.failed, one.status, one.meaning) == (False, "4.4.1", Meaning.SOFT)
    assert set(one.addresses) == {READER, "altrove@posta.example"}


def test_international_parts_are_read() -> None:
    raw = postfix().decode().replace("message/delivery-status", "message/global-delivery-status")
    raw = raw.replace("Final-Recipient: rfc822; lettrice", "Final-Recipient: utf-8; perché")
    one = told(raw.replace("message/rfc822\n", "message/global-headers\n").encode())
    assert (one.failed, one.status, READER in one.addresses) == (True, "5.1.1", True)


def test_successes_and_blocks_without_an_address_say_nothing() -> None:
    for action in ("delivered", "relayed", "expanded", "", "failed successfully"):
        report = read_report(postfix(action=action))
        assert report is not None
        assert report.recipients == ()
    bare = read_report(postfix().replace(b"rfc822", b"x400"))
    assert bare is not None
    assert bare.recipients == ()


@pytest.mark.parametrize(
    "raw", [b"", b"\0", b"ciao", answer(), vacation(), exim().replace(b"multipart/report", b"x/y")]
)
def test_other_messages_are_no_reports(raw: bytes) -> None:
    assert read_report(raw) is None


def test_a_report_that_returns_no_mail_names_none() -> None:
    report = read_report(postfix().replace(b"message/rfc822", b"text/plain"))
    assert report is not None
    assert report.message_id == ""


@pytest.mark.parametrize("odd", ["<a b@c>", "<perch\u00e9@x>", "ciao", "<>", "<" + "x" * 300 + ">"])
def test_a_message_id_that_cannot_be_ours_is_none(odd: str) -> None:
    report = read_report(postfix(message_id=odd))
    assert report is not None
    assert report.message_id == ""


def test_deep_nests_and_endless_fields_are_survived() -> None:
    nest = b"".join(b"Content-Type: multipart/report; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3_000))
    assert read_report(nest) is None
    many = "\n\n".join(f"Final-Recipient: rfc822; a{n}@b.example\nAction: failed" for n in range(5_000))
    flood = read_report(postfix().replace(b"Final-Recipient", many.encode() + b"\n\nFinal-Recipient", 1))
    assert flood is not None
    assert len(flood.recipients) <= 101
    long = read_report(postfix(said="550 " + "x" * 500_000))
    assert long is not None
    assert len(long.recipients[0].words) <= 200


def nothing_raised(raw: bytes) -> None:
    found = read_report(raw)
    assert found is None or isinstance(found, Report)


@given(st.binary(max_size=400))
def test_no_bytes_raise(raw: bytes) -> None:
    nothing_raised(raw)


@given(
    st.sampled_from([postfix, exim, exchange]),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=12), st.integers(0, 12)), min_size=1, max_size=6),
)
@example(postfix, [(0.3, b"name*" + b"9" * 5_000 + b"*=x", 0)])
def test_no_damaged_report_raises(make: Callable[[], bytes], wounds: list[tuple[float, bytes, int]]) -> None:
    raw = make()
    for where, put, cut in wounds:
        at = int(where * len(raw))
        raw = raw[:at] + put + raw[at + cut :]
    nothing_raised(raw)


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80), st.text(max_size=80))
def test_no_fields_raise(to: str, status: str, said: str, message_id: str) -> None:
    fields = {"to": to, "status": status, "said": said, "message_id": message_id}
    try:
        raw = postfix(**fields)
    except UnicodeEncodeError:
        raw = postfix(**{name: text.encode("utf-8", "replace").decode() for name, text in fields.items()})
    nothing_raised(raw)
