"""Links are good for one purpose, for their time, under old keys too, and for nothing else."""

from datetime import timedelta

import pytest

from engagement.domain.errors import LinkNotValid
from engagement.mail.links import SignedLinks
from tests.fakes import StoppedClock

OLD, NEW = "o" * 40, "n" * 40
COMMENT = "0123456789abcdefghjk"


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def links(clock: StoppedClock) -> SignedLinks:
    return SignedLinks([OLD, NEW], "https://blog.example/", clock=clock.now)


def token(address: str) -> str:
    return address.rpartition("/")[2]


def test_an_edit_token_is_equal_for_equal_arguments_and_tells_its_end(links: SignedLinks, clock: StoppedClock) -> None:
    until = clock.now() + timedelta(minutes=15)
    made = links.edit_token(COMMENT, until)
    assert made == links.edit_token(COMMENT, until)
    assert made != links.edit_token(COMMENT, until + timedelta(seconds=1))
    clock.move(minutes=15)
    assert links.read_edit_token(made) == (COMMENT, until)
    with pytest.raises(LinkNotValid):
        links.read_edit_token(made[:-1] + ("a" if made[-1] != "a" else "b"))


def test_a_decide_link_holds_comment_version_and_recipient_for_72_hours(
    links: SignedLinks, clock: StoppedClock
) -> None:
    address = links.decide(COMMENT, 3, "autore@demo.example")
    assert address.startswith("https://blog.example/decide/")
    clock.move(hours=71, minutes=59)
    assert links.read_decide(token(address)) == (COMMENT, 3, "autore@demo.example")
    clock.move(minutes=1)
    with pytest.raises(LinkNotValid):
        links.read_decide(token(address))


def test_an_appeal_link_holds_comment_and_version_for_30_days(links: SignedLinks, clock: StoppedClock) -> None:
    address, since = links.appeal(COMMENT, 1), clock.now()
    assert address.startswith("https://blog.example/appeal/")
    clock.move(days=29, hours=23)
    assert links.read_appeal(token(address)) == (COMMENT, 1)
    assert links.appeal(COMMENT, 1, since=since) == address
    clock.move(hours=1)
    with pytest.raises(LinkNotValid):
        links.read_appeal(token(address))


def test_a_newsletter_link_to_confirm_ends_and_one_to_leave_does_not(links: SignedLinks, clock: StoppedClock) -> None:
    confirm, leave = (token(links.newsletter(p, 7, 2)) for p in ("confirm", "leave"))
    assert links.read_newsletter("confirm", confirm) == links.read_newsletter("leave", leave) == (7, 2)
    clock.move(days=7)
    with pytest.raises(LinkNotValid):
        links.read_newsletter("confirm", confirm)
    clock.move(days=3_000)
    assert links.read_newsletter("leave", leave) == (7, 2)


def test_no_token_can_stand_in_for_another(links: SignedLinks, clock: StoppedClock) -> None:
    tokens = {
        "edit": links.edit_token(COMMENT, clock.now() + timedelta(hours=1)),
        "decide": token(links.decide(COMMENT, 1, "a@example.com")),
        "appeal": token(links.appeal(COMMENT, 1)),
        "confirm": token(links.newsletter("confirm", 1, 1)),
        "leave": token(links.newsletter("leave", 1, 1)),
    }
    readers = {
        "edit": links.read_edit_token,
        "decide": links.read_decide,
        "appeal": links.read_appeal,
        "confirm": lambda t: links.read_newsletter("confirm", t),
        "leave": lambda t: links.read_newsletter("leave", t),
    }
    for purpose, reader in readers.items():
        for other in tokens.keys() - {purpose}:
            with pytest.raises(LinkNotValid):
                reader(tokens[other])


@pytest.mark.parametrize("bad", ["", ".", "~", "x", "a.b.c", "ciao~", "\x00", "è", "\ud800", "0" * 10_000])
def test_what_is_no_token_is_refused(links: SignedLinks, bad: str) -> None:
    for reader in (
        links.read_edit_token,
        links.read_decide,
        links.read_appeal,
        lambda t: links.read_newsletter("leave", t),
    ):
        with pytest.raises(LinkNotValid):
            reader(bad)


def test_one_changed_character_breaks_a_token(links: SignedLinks) -> None:
    good = token(links.decide(COMMENT, 1, "a@example.com"))
    for place in range(len(good) - 1):  # the last character of base64 may hold bits that do not count
        with pytest.raises(LinkNotValid):
            links.read_decide(good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :])


def test_links_of_an_old_key_stay_good_until_it_is_dropped(clock: StoppedClock) -> None:
    sent = token(SignedLinks([OLD], "https://b.example", clock=clock.now).decide(COMMENT, 1, "a@example.com"))
    assert SignedLinks([OLD, NEW], "https://b.example", clock=clock.now).read_decide(sent)[0] == COMMENT
    with pytest.raises(LinkNotValid):
        SignedLinks([NEW], "https://b.example", clock=clock.now).read_decide(sent)
