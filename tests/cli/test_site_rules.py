"""``engagement site set``: what a site asks of its readers."""

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from engagement.cli.site import site
from tests.cli.test_site_mail import House
from tests.web.test_comments_api import post


def change(app: Flask, *words: str) -> int:
    with app.app_context():
        return CliRunner().invoke(site, ["set", "demo", *words], obj=House(app)).exit_code


def test_a_site_may_take_less_text_than_the_house(client: FlaskClient) -> None:
    assert change(client.application, "--max-body", "20") == 0
    post(client, 201, body="è" * 10)
    refused = post(client, 422, body="è" * 10 + "!")
    assert refused["errors"] == [
        {"pointer": "/body", "detail": "Il commento è troppo lungo: al massimo 20 byte."},
    ]


@pytest.mark.parametrize("size", ["0", "65526", "much"])
def test_but_neither_nothing_nor_more(client: FlaskClient, size: str) -> None:
    assert change(client.application, "--max-body", size) == 2


def test_a_site_may_ask_for_an_address(client: FlaskClient) -> None:
    assert change(client.application, "--email-required") == 0
    assert [e["pointer"] for e in post(client, 422)["errors"]] == ["/email"]
    post(client, 201, email="anna@lettori.example")
