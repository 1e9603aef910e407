"""What refusals and status codes say about an address."""

import pytest

from engagement.domain.mailing.bounces import (
    Meaning,
    Returned,
    better_status,
    clean,
    meaning_of,
    of_diagnostic,
    status_of,
)
from engagement.domain.notices import Delivery, SendOutcome

HARD, SOFT, OTHER = Meaning.HARD, Meaning.SOFT, Meaning.OTHER


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        *((status, HARD) for status in ("5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1")),
        *((status, SOFT) for status in ("4.1.1", "4.2.1", "4.7.1", "5.0.0", "5.1.0", "5.2.0", "5.2.2", "5.4.4")),
        *((status, OTHER) for status in ("5.7.1", "5.7.515", "5.7.0", "5.1.7", "5.1.8", "5.3.4", "5.5.2", "5.6.1")),
        *((text, SOFT) for text in ("", "5", "5.1", "5.1.1.1", "a.b.c", "5..1", "2.1.5")),
    ],
)
def test_a_status_says_whether_somebody_is_there(status: str, meaning: Meaning) -> None:
    assert meaning_of(status) is meaning


@pytest.mark.parametrize(
    ("code", "reply", "status"),
    [
        (550, "5.1.1 no such user", "5.1.1"),
        (550, "5.7.1 policy; 5.1.1 is not meant", "5.7.1"),
        (550, "no such user", "5.0.0"),
        (550, "5.1.1.7 is on a list", "5.0.0"),
        (550, "4.1.1 odd", "5.0.0"),
        (554, "5.2.1 disabled", "5.2.1"),
        (None, "UnicodeEncodeError", None),
    ],
)
def test_a_refusal_has_the_status_at_its_start(code: int | None, reply: str, status: str | None) -> None:
    assert status_of(Delivery(SendOutcome.REFUSED, code, reply)) == status


@pytest.mark.parametrize("outcome", [SendOutcome.SENT, SendOutcome.RETRY, SendOutcome.CHANNEL])
def test_what_is_no_refusal_for_good_has_none(outcome: SendOutcome) -> None:
    assert status_of(Delivery(outcome, 550, "5.1.1 x")) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("smtp; 550 5.1.1 <a@b.example>: no such user", (550, "5.1.1")),
        ("SMTP;550-5.1.10 RESOLVER", (550, "5.1.10")),
        ("smtp; 550 #5.1.1 old fashion", (550, "5.1.1")),
        ("smtp; 554 no enhanced code", (554, "")),
        ("smtp; 452", (452, "")),
        ("smtp; 550 4.2.2 contradicts itself", (550, "")),
        ("X-Postfix; unknown user: 550 5.1.1", (None, "")),
        ("smtp; 5500 5.1.1", (None, "")),
        ("", (None, "")),
    ],
)
def test_a_diagnostic_code_is_read_at_its_start(text: str, found: tuple[int | None, str]) -> None:
    assert of_diagnostic(text) == found


@pytest.mark.parametrize(
    ("reported", "diagnosed", "believed"),
    [
        ("5.0.0", "5.1.1", "5.1.1"),
        ("5.1.1", "5.7.1", "5.7.1"),
        ("5.1.1 (bad mailbox)", "", "5.1.1"),
        ("5.1.1", "5.0.0", "5.1.1"),
        ("", "5.0.0", "5.0.0"),
        ("none", "", ""),
    ],
)
def test_the_last_server_s_own_status_is_believed(reported: str, diagnosed: str, believed: str) -> None:
    assert better_status(reported, diagnosed) == believed


def test_a_delay_is_never_hard() -> None:
    assert Returned(("a@b.example",), failed=False, status="5.1.1").meaning is SOFT
    assert Returned(("a@b.example",), failed=True, status="5.1.1").meaning is HARD


def test_words_are_kept_short_plain_and_without_addresses() -> None:
    assert clean(b"no <anna@posta.example>:\r\n\tuser\x00\x1b[31m \xff") == "no … user [31m \ufffd"
    assert clean("a\ud800b") == "a b"
    assert len(clean("x" * 100_000)) == 200
