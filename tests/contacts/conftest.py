"""An account at Brevo, and an application that sends there."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask

from engagement.domain.newsletter import LinkPurpose, SignUp
from engagement.domain.sites import Site
from engagement.mail.links import SignedLinks
from engagement.services import newsletter
from engagement.services.audience.wishes import carry_out
from engagement.services.ports import Toolbox
from engagement.storage import newsletter as subscriptions
from engagement.storage.db import reading
from tests.contacts.fake_brevo import KEY, Brevo, fake_brevo
from tests.fakes import StoppedClock

SETTINGS = {
    "brevo__api_key": KEY,
    "brevo__list_ids": "4",
    "brevo__attributes__nome": "name",
    "brevo__timeout": "0.5",
    "brevo__webhook_token": "a-token-of-the-webhook",
}


@pytest.fixture
def brevo() -> Iterator[Brevo]:
    with fake_brevo() as account:
        yield account


@pytest.fixture
def make_tools(
    brevo: Brevo, app: Flask, make_app: Callable[..., Flask], clock: StoppedClock
) -> Iterator[Callable[..., Toolbox]]:
    """An application's equipment that sends to the account; ``brevo__list_ids="4,7"`` sets one setting."""
    pushed = []

    def build(**overrides: str) -> Toolbox:
        app = make_app(**(SETTINGS | {"brevo__base_url": brevo.url} | overrides))
        context = app.app_context()
        context.push()
        pushed.append(context)
        tools: Toolbox = app.extensions["engagement"]
        return replace(tools, links=SignedLinks(["k" * 40], "https://c.example", clock=clock.now))

    yield build
    for context in reversed(pushed):
        context.pop()


@pytest.fixture
def tools(make_tools: Callable[..., Toolbox]) -> Toolbox:
    return make_tools()


def sign_up(tools: Toolbox, site: Site, email: str, name: str = "Anna") -> None:
    newsletter.sign_up(tools, site, SignUp(email, name, client="192.0.2.1"))
    carry_out(tools)


def confirm(tools: Toolbox, site: Site, email: str, name: str = "Anna") -> None:
    """Sign up, and press the button in the mail."""
    sign_up(tools, site, email, name)
    newsletter.confirm(tools, token(tools, site, "confirm", email))


def leave(tools: Toolbox, site: Site, email: str) -> None:
    newsletter.leave(tools, token(tools, site, "leave", email), "link")


def token(tools: Toolbox, site: Site, purpose: LinkPurpose, email: str) -> str:
    with reading() as session:
        found = subscriptions.find(session, site.id, email)
    assert found is not None
    return tools.links.newsletter(purpose, found.id, found.version).rpartition("/")[2]
