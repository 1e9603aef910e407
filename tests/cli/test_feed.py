"""``engagement feed``: add, list, poll, remove."""

import json
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from engagement.cli.feed import feed
from tests.archives.blog import Blog, blog, rss
from tests.cli.test_moderators import House


@pytest.fixture
def server() -> Iterator[Blog]:
    with blog() as made:
        made.put("/feed", rss(("uno", "Uno"), ("due", "Due")))
        yield made


@pytest.fixture
def house(make_app: Callable[..., Flask]) -> House:
    return House(make_app(feeds__allow_private="true"))


def ask(house: House, *words: str) -> Result:
    return CliRunner().invoke(feed, words, obj=house)


def test_a_feed_is_added_listed_polled_and_removed(house: House, server: Blog) -> None:
    url = f"{server.url}/feed"
    added = ask(house, "add", url, "--site", "demo", "--when", "weekly", "--day", "friday")
    assert (added.exit_code, added.output) == (
        0,
        f"{url}: weekly on friday; 2 articles stand in it and are not mailed, later ones are\n",
    )
    listed = ask(house, "list", "--site", "demo").output
    assert listed == f"demo\t{url}\tweekly on friday\tread 2026-11-25 12:00 UTC\twell\n"
    assert ask(house, "add", url, "--site", "demo").output.startswith(f"{url}: at once;")
    assert ask(house, "poll", url).output == f"{url}: well\n"
    [one] = json.loads(ask(house, "list", "--json").output)
    assert (one["site"], one["url"], one["rhythm"], one["state"]) == ("demo", url, "at-once", "active")
    assert "lease" not in one
    assert ask(house, "remove", url, "--site", "demo").exit_code == 0
    assert ask(house, "list").output == ""
    assert ask(house, "remove", url, "--site", "demo").exit_code == 1
    assert ask(house, "poll", url).exit_code == 1


def test_a_poll_that_fails_says_why(house: House, server: Blog) -> None:
    ask(house, "add", f"{server.url}/feed", "--site", "demo")
    server.put("/feed", "", 404)
    done = ask(house, "poll")
    assert (done.exit_code, done.output) == (1, f"{server.url}/feed: the server answered 404\n")
    server.put("/feed", "", 410)
    assert "add it again to follow it again" in ask(house, "poll").output
    assert ask(house, "poll").output == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "ftp://blog.example/", "--site", "demo"), "looks like https://blog.example/feed.xml"),
        (("add", "https://blog.example/", "--site", "nobody"), "there is no site nobody"),
        (
            ("add", "http://127.0.0.1:1/", "--site", "demo"),
            "The feed cannot be read: no answer: ConnectionRefusedError.",
        ),
        (("add", "https://blog.example/", "--site", "demo", "--day", "someday"), "Invalid value for '--day'"),
        (("poll", "https://blog.example/"), "no such feed is followed"),
    ],
)
def test_mistakes_are_named(house: House, words: tuple[str, ...], told: str) -> None:
    done = ask(house, *words)
    assert done.exit_code != 0
    assert told in done.output
