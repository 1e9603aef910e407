"""Campaigns at the desk: who sees them, what stands there, what a press does and leaves in the audit."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from engagement.domain.mailing.articles import Rhythm
from engagement.services import sites
from engagement.services.mail import deliver_due
from engagement.services.mailing import campaigns, feeds
from engagement.services.ports import Toolbox
from engagement.storage.db import transaction
from engagement.storage.tables import SubscriptionRow
from tests.archives.blog import Blog, blog, rss
from tests.fakes import StoppedClock
from tests.web.test_desk import enter

PAGE = "/desk/campaigns"


@pytest.fixture
def server() -> Iterator[Blog]:
    with blog() as made:
        made.put("/feed", rss(("vecchio", "Vecchio")))
        yield made


@pytest.fixture
def client(make_client: Callable[..., FlaskClient]) -> FlaskClient:
    return make_client(feeds__allow_private="true", mail__bulk_per_minute=600)


@pytest.fixture
def tools(client: FlaskClient, server: Blog, clock: StoppedClock) -> Iterator[Toolbox]:
    """A campaign of three mails, one of them sent."""
    tools: Toolbox = client.application.extensions["engagement"]
    with client.application.app_context():
        site = sites.find_site("demo")
        with transaction() as session:
            for number in range(3):
                values: dict[str, Any] = {"state": "confirmed", "version": 1, "created_at": clock.now()}
                session.add(SubscriptionRow(site_id=site.id, email=f"l{number}@posta.example", name="", **values))
        feeds.add_feed(tools, site, f"{server.url}/feed", Rhythm.AT_ONCE, 0)
        server.put("/feed", rss(("nuovo", "Un &lt;script&gt;x&lt;/script&gt; nuovo &amp;amp; bello")))
        clock.move(minutes=15)
        feeds.poll_due(tools)
        campaigns.advance(tools)
        deliver_due(tools, limit=1)
        yield tools


def press(client: FlaskClient, order: str, **changed: str) -> int:
    page = client.get(PAGE).text
    found = re.search(r'action="(/desk/campaigns/\d+)"', page)
    csrf = re.search(r'name="csrf" value="([^"]*)"', page)
    assert csrf is not None
    path = found[1] if found else changed["path"]
    headers = {"Origin": changed["origin"]} if "origin" in changed else {}
    return client.post(path, data={"csrf": changed.get("csrf", csrf[1]), "order": order}, headers=headers).status_code


def test_strangers_are_sent_to_the_entrance(client: FlaskClient, tools: Toolbox) -> None:
    del tools
    assert client.get(PAGE).headers["Location"] == "/desk/login"
    assert client.post(f"{PAGE}/1", data={"order": "cancel"}).headers["Location"] == "/desk/login"


def test_progress_stands_there_in_figures(client: FlaskClient, tools: Toolbox) -> None:
    enter(client)
    page = client.get(PAGE).text
    assert "Da inviare: 2. Inviate: 1. Fallite: 0. Saltate: 0." in page
    assert "Un nuovo &amp; bello" in page
    assert "<script>x" not in page
    assert '<progress max="100" value="33"' in page
    deliver_due(tools)
    campaigns.advance(tools)
    page = client.get(f"{PAGE}?lang=en").text
    assert "To send: 0. Sent: 3. Failed: 0. Left out: 0." in page
    assert "<strong>Sent</strong>" in page
    assert 'name="order"' not in page


def test_pause_and_resume_and_cancel_are_done_and_written_down(client: FlaskClient, tools: Toolbox) -> None:
    enter(client)
    assert press(client, "pause") == 303
    assert deliver_due(tools) == 0
    assert "In pausa" in client.get(PAGE).text
    assert press(client, "pause") == 409
    assert press(client, "resume") == 303
    assert deliver_due(tools, limit=1) == 1
    assert press(client, "cancel") == 303
    assert deliver_due(tools) == 0
    assert "Da inviare: 0. Inviate: 2. Fallite: 0. Saltate: 1." in client.get(PAGE).text
    audit = client.get("/desk/audit").text
    for doing in ("ha messo in pausa un invio", "ha ripreso un invio", "ha annullato un invio"):
        assert audit.count(doing) == 1


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"csrf": "x"}, 403), ({"csrf": ""}, 403), ({"origin": "https://evil.example"}, 403)],
)
def test_a_form_of_somebody_else_changes_nothing(
    client: FlaskClient, tools: Toolbox, changed: dict[str, str], status: int
) -> None:
    enter(client)
    assert press(client, "cancel", **changed) == status
    assert deliver_due(tools) == 2


@pytest.mark.parametrize("order", ["", "delete", "PAUSE"])
def test_an_unknown_order_is_refused(client: FlaskClient, tools: Toolbox, order: str) -> None:
    enter(client)
    assert press(client, order) == 400
    assert deliver_due(tools) == 2


@pytest.mark.parametrize(("number", "status"), [("0", 404), ("999", 404), (str(2**63), 400), ("x", 404)])
def test_a_campaign_that_is_not_there_is_not_found(
    client: FlaskClient, tools: Toolbox, number: str, status: int
) -> None:
    del tools
    enter(client)
    csrf = re.search(r'name="csrf" value="([^"]*)"', client.get(PAGE).text)
    assert csrf is not None
    assert client.post(f"{PAGE}/{number}", data={"csrf": csrf[1], "order": "cancel"}).status_code == status


def test_a_feed_in_trouble_is_shown(client: FlaskClient, tools: Toolbox, server: Blog, clock: StoppedClock) -> None:
    for status, words in ((500, "il server ha risposto 500"), (410, "Il feed non esiste più (410)")):
        server.put("/feed", "", status)
        clock.move(hours=1)
        feeds.poll_due(tools)
        enter(client)  # an hour is longer than a session without a press
        assert words in client.get(PAGE).text


def test_other_sites_are_not_shown(client: FlaskClient, tools: Toolbox, server: Blog, clock: StoppedClock) -> None:
    other = sites.save_site(tools, sites.Site(0, "altro", "Altro", origins=("https://blog.example",)))
    server.put("/altro", rss(("a", "A")))
    feeds.add_feed(tools, other, f"{server.url}/altro", Rhythm.AT_ONCE, 0)
    server.put("/altro", rss(("segreto", "Titolo altrui")))
    clock.move(minutes=15)
    while feeds.poll_due(tools):
        pass
    [hidden] = campaigns.view([other.id])
    enter(client)
    page = client.get(PAGE).text
    assert "Titolo altrui" not in page
    csrf = re.search(r'name="csrf" value="([^"]*)"', page)
    assert csrf is not None
    answer = client.post(f"{PAGE}/{hidden.campaign.id}", data={"csrf": csrf[1], "order": "cancel"})
    assert answer.status_code == 404
