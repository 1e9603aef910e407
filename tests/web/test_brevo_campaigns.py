"""Campaigns by Brevo at the desk: how they stand there, what is wrong, and the button for when that is mended."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from engagement.services import sites
from engagement.services.mailing import campaigns
from engagement.services.ports import Toolbox
from tests.contacts.conftest import SETTINGS
from tests.contacts.fake_brevo import Brevo, fake_brevo
from tests.contacts.issues import campaign_about
from tests.fakes import StoppedClock
from tests.web.test_desk import enter

PAGE = "/desk/campaigns"


@pytest.fixture
def brevo() -> Iterator[Brevo]:
    with fake_brevo() as account:
        yield account


@pytest.fixture
def client(make_client: Callable[..., FlaskClient], brevo: Brevo, clock: StoppedClock) -> FlaskClient:
    brevo.now = clock.now()
    return make_client(**SETTINGS, brevo__base_url=brevo.url)


@pytest.fixture
def tools(client: FlaskClient, clock: StoppedClock) -> Iterator[Toolbox]:
    """A campaign that was not begun."""
    with client.application.app_context():
        campaign_about(sites.find_site("demo"), clock.now(), "Il <b>cavo</b> giusto")
        yield client.application.extensions["engagement"]


def work(tools: Toolbox) -> None:
    while campaigns.advance(tools):
        pass


def press(client: FlaskClient, order: str, number: str = "", csrf: str = "") -> int:
    page = client.get(PAGE).text
    found = re.search(r'action="/desk/campaigns/(\d+)"', page)
    token = re.search(r'name="csrf" value="([^"]*)"', page)
    assert token is not None
    number = number or (found[1] if found else "0")
    return client.post(f"{PAGE}/{number}", data={"csrf": csrf or token[1], "order": order}).status_code


def test_a_campaign_that_brevo_took_shows_how_it_stands_there(
    client: FlaskClient, tools: Toolbox, brevo: Brevo, clock: StoppedClock
) -> None:
    work(tools)
    enter(client)
    page = client.get(PAGE).text
    assert "<strong>Affidato al servizio di invio</strong>" in page
    assert "Brevo l&#39;ha preso in carico e lo spedirà." in page
    assert "Il &lt;b&gt;cavo&lt;/b&gt; giusto" in page
    assert "<progress" not in page
    assert 'name="order"' not in page
    assert 'class="alarm"' not in page
    brevo.campaigns[0] |= {
        "status": "sent",
        "statistics": {"globalStats": {"sent": 12, "delivered": 11, "softBounces": 1}},
    }
    clock.move(minutes=11)
    work(tools)
    enter(client)
    page = client.get(f"{PAGE}?lang=en").text
    assert "Sent by Brevo." in page
    assert "Sent: 12. Delivered: 11. Bounced: 1. Complaints: 0. Left: 0." in page


@pytest.mark.parametrize(
    ("faults", "trouble", "alarm"),
    [
        (["", "400"], "Brevo l&#39;ha rifiutato (400 invalid_parameter", "Brevo ha rifiutato un invio"),
        (["", "", "", "402"], "Brevo non ha più crediti per spedirlo.", "Brevo non ha più crediti per un invio"),
        (
            ["403"],
            "Brevo non ci lascia spedire invii (403 permission_denied",
            "Brevo non ci lascia spedire invii (403)",
        ),
        (["500"], "Brevo non l&#39;ha fatto (500 internal", ""),
        (["", "", "404"], "Su Brevo non c&#39;è più.", "Brevo ha rifiutato un invio"),
    ],
)
def test_what_is_wrong_stands_there_and_is_tried_again_by_a_press(
    client: FlaskClient, tools: Toolbox, brevo: Brevo, faults: list[str], trouble: str, alarm: str
) -> None:
    brevo.faults.extend(faults)
    work(tools)
    enter(client)
    page = client.get(PAGE).text
    assert trouble in page
    assert ('class="alarm" role="alert"' in page, alarm in page) == (bool(alarm), True)
    assert 'class="alarm"' in client.get("/desk/").text or not alarm
    assert press(client, "again") == 303
    work(tools)
    assert len(brevo.sends) == 1
    page = client.get(PAGE).text
    assert trouble not in page
    assert 'class="alarm"' not in page
    assert client.get("/desk/audit").text.count("ha fatto riprovare un invio") == 1
    assert press(client, "again") == 404  # there is no button any more


def test_the_button_is_there_only_where_something_is_wrong(client: FlaskClient, tools: Toolbox, brevo: Brevo) -> None:
    enter(client)
    assert 'value="again"' not in client.get(PAGE).text
    brevo.faults.append("500")
    work(tools)
    assert 'value="again"' in client.get(PAGE).text


def test_a_pause_holds_and_ends(client: FlaskClient, tools: Toolbox, brevo: Brevo, clock: StoppedClock) -> None:
    brevo.faults.append("500")
    work(tools)
    enter(client)
    assert press(client, "pause") == 303
    clock.move(minutes=20)
    work(tools)
    assert brevo.sends == []
    assert press(client, "resume") == 303
    work(tools)
    assert len(brevo.sends) == 1


def test_forged_presses_and_other_sites_change_nothing(
    client: FlaskClient, tools: Toolbox, brevo: Brevo, clock: StoppedClock
) -> None:
    brevo.faults.append("403")
    work(tools)
    other = sites.save_site(tools, replace(sites.find_site("demo"), id=0, key="altro", name="Altro"))
    hidden = campaign_about(other, clock.now(), "Titolo altrui")
    enter(client)
    calls = len(brevo.calls)
    assert press(client, "again", csrf="x") == 403
    assert press(client, "again", number=str(hidden)) == 404
    work(tools)
    assert (len(brevo.calls), "Titolo altrui" in client.get(PAGE).text) == (calls, False)
