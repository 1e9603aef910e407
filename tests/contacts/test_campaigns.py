"""New articles by Brevo: one campaign there is made and sent, whatever happens to the calls; and none from here."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, current_app

from engagement.contacts.campaigns import BrevoCampaigns
from engagement.domain.errors import Conflict, NotFound
from engagement.domain.mailing.articles import CampaignState, Order
from engagement.domain.sites import Site
from engagement.language import say
from engagement.services import sites
from engagement.services.audience import contacts
from engagement.services.mailing import campaigns, feeds, handing_over
from engagement.services.ports import Toolbox
from engagement.storage.db import reading, transaction
from engagement.storage.mailing.article_tables import HandoverRow
from engagement.storage.tables import OutboxRow
from tests.contacts.conftest import confirm, leave
from tests.contacts.fake_brevo import LOST, ODD, UNHEARD, Brevo
from tests.contacts.issues import campaign_about, run
from tests.fakes import StoppedClock

READER = "lettrice@posta.example"
DAY = timedelta(days=1)
PASSING = ["429", "500", "502", "503", *UNHEARD, *LOST, *ODD]
# The calls of a campaign that goes well, in their order.
CALLS = ("look for it", "make it", "look at it", "send it")


@pytest.fixture
def tools(make_tools: Callable[..., Toolbox], clock: StoppedClock, brevo: Brevo) -> Toolbox:
    brevo.now = clock.now()
    return make_tools()


def view(site: Site) -> campaigns.CampaignView:
    [found] = campaigns.view([site.id])
    return found


def state(site: Site) -> CampaignState:
    return view(site).campaign.state


def mails_here() -> list[str]:
    with reading() as session:
        return list(session.scalars(sa.select(OutboxRow.recipient).where(OutboxRow.campaign_id.is_not(None))))


def order(tools: Toolbox, site: Site, what: Order) -> None:
    campaigns.give_order(tools, view(site).campaign.id, what, who="marta@demo.example", site_ids=[site.id])


def alarm(tools: Toolbox) -> str:
    said = handing_over.alarm(tools)
    return say(said, "en") if said else ""


def test_a_new_article_is_one_campaign_there_and_no_mail_from_here(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    confirm(tools, site, READER)
    campaign_about(site, clock.now(), "Il cavo giusto")
    run(tools, clock)
    [there] = brevo.campaigns
    assert there["subject"] == "Nuovo articolo: Il cavo giusto"
    assert there["sender"] == {"name": "Il blog di prova", "email": "commenti@blog.example"}
    assert there["recipients"]["lists"] == [4]
    assert there["name"] == f"Il blog di prova: Nuovo articolo: Il cavo giusto ({there['tag']})"
    assert 'href="{{ unsubscribe }}"' in there["htmlContent"]
    assert "/newsletter/leave/" not in there["htmlContent"]
    assert "{{ params" not in there["htmlContent"]
    assert [(method, path.partition("?")[0].removeprefix("/v3/emailCampaigns")) for method, path, _ in brevo.calls] == [
        ("GET", ""),
        ("POST", ""),
        ("GET", "/100"),
        ("POST", "/100/sendNow"),
    ]
    assert brevo.sends == [100]
    assert (state(site), mails_here(), alarm(tools)) == (CampaignState.HANDED_OVER, [], "")


@pytest.mark.parametrize("call", range(len(CALLS)), ids=CALLS)
@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_makes_no_second_campaign_and_loses_none(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo, fault: str, call: int
) -> None:
    confirm(tools, site, READER)
    campaign_about(site, clock.now(), "Il cavo giusto")
    brevo.faults.extend([*[""] * call, fault])
    run(tools, clock, timedelta(minutes=20))
    assert ([one["id"] for one in brevo.campaigns], brevo.sends) == ([100], [100])
    assert (state(site), mails_here()) == (CampaignState.HANDED_OVER, [])


def test_faults_at_every_call_make_no_second_campaign(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    confirm(tools, site, READER)
    campaign_about(site, clock.now(), "Il cavo giusto")
    brevo.faults.extend(["lost", "cut", "timeout", "html", "500", "", "lost", "503", "reset", "lost"])
    run(tools, clock, DAY, every=timedelta(minutes=10))
    assert ([one["id"] for one in brevo.campaigns], brevo.sends) == ([100], [100])
    assert state(site) is CampaignState.HANDED_OVER


@pytest.mark.parametrize("fault", ["401", "403"])
@pytest.mark.parametrize("call", range(len(CALLS)), ids=CALLS)
def test_a_key_that_is_not_let_in_stops_campaigns_until_somebody_acts(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo, fault: str, call: int
) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    brevo.faults.extend([*[""] * call, fault])
    run(tools, clock, DAY, every=timedelta(hours=1))
    assert (len(brevo.calls), brevo.sends, state(site)) == (call + 1, [], CampaignState.SENDING)
    assert alarm(tools).startswith(f"Brevo lets us send no campaigns ({fault})")
    assert contacts.alarm(tools) is None  # the key may be good for contacts
    order(tools, site, Order.AGAIN)
    run(tools, clock)
    assert ([one["id"] for one in brevo.campaigns], brevo.sends, alarm(tools)) == ([100], [100], "")


def test_another_key_opens_the_way(tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    brevo.key = "xkeysib-another"
    run(tools, clock)
    assert alarm(tools)
    ours = replace(tools.settings.brevo, api_key=brevo.key)
    changed = replace(tools, settings=replace(tools.settings, brevo=ours), lists=BrevoCampaigns(ours))
    run(changed, clock)
    assert (brevo.sends, alarm(changed)) == ([100], "")


def test_without_credits_it_waits_for_midnight_and_says_so(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    brevo.faults.extend(["", "", "", "402"])
    run(tools, clock)
    assert (brevo.sends, len(brevo.calls)) == ([], 4)
    assert alarm(tools).startswith("Brevo has no credits left")
    due = view(site).handover
    assert due is not None
    assert due.due_at == clock.now().replace(hour=0, minute=5, second=0, microsecond=0) + DAY
    campaign_about(site, clock.now(), "Uno più piccolo")  # is not held up by it
    run(tools, clock)
    assert brevo.sends == [101]
    run(tools, clock, DAY, every=timedelta(hours=1))
    assert (sorted(brevo.sends), alarm(tools)) == ([100, 101], "")


def test_what_brevo_refuses_waits_for_a_person(tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    brevo.senders = {"altro@blog.example"}
    run(tools, clock, DAY, every=timedelta(hours=1))
    assert (len(brevo.calls), brevo.campaigns) == (2, [])
    assert alarm(tools).startswith("Brevo refused a campaign")
    brevo.senders = {"commenti@blog.example"}
    order(tools, site, Order.AGAIN)
    run(tools, clock)
    assert (brevo.sends, alarm(tools)) == ([100], "")


def test_a_draft_that_is_gone_there_waits_for_a_person_who_has_it_made_anew(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    brevo.faults.extend(["", "", "500"])
    run(tools, clock)
    brevo.campaigns.clear()
    run(tools, clock, timedelta(hours=1))
    assert (brevo.sends, alarm(tools)[:27]) == ([], "Brevo refused a campaign, w")
    order(tools, site, Order.AGAIN)
    run(tools, clock)
    assert brevo.sends == [100]


def test_nothing_is_asked_before_the_window_opens(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    campaign_about(site, clock.now(), "Uno")
    campaign_about(site, clock.now(), "Due")
    brevo.reset = "1800"
    brevo.faults.append("429")
    run(tools, clock, timedelta(minutes=29), every=timedelta(minutes=1))
    assert len(brevo.calls) == 1
    confirm(tools, site, READER)
    assert contacts.sync_due(tools) == 1  # Brevo counts calls about contacts apart
    run(tools, clock, timedelta(minutes=3), every=timedelta(minutes=1))
    assert sorted(brevo.sends) == [100, 101]


@pytest.mark.parametrize("left", [1, 2, 3, 4])
def test_the_last_call_of_a_window_is_not_overdrawn(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo, left: int
) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    brevo.left, brevo.reset = left, "600"
    run(tools, clock)
    assert len(brevo.calls) == left
    brevo.left = None
    run(tools, clock, timedelta(minutes=11), every=timedelta(minutes=11))
    assert ([one["id"] for one in brevo.campaigns], brevo.sends) == ([100], [100])


def test_nothing_is_sent_while_somebody_who_left_still_stands_in_the_list(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    confirm(tools, site, READER)
    contacts.sync_due(tools)
    leave(tools, site, READER)
    campaign_about(site, clock.now(), "Il cavo giusto")
    run(tools, clock, timedelta(hours=2))
    assert (brevo.sends, len(brevo.campaigns), brevo.members(4)) == ([], 1, [READER])
    asked = len(brevo.calls)
    run(tools, clock, timedelta(hours=2))
    assert len(brevo.calls) == asked  # waiting costs no call
    contacts.sync_due(tools)
    run(tools, clock, timedelta(minutes=3))
    assert (brevo.sends, brevo.members(4)) == ([100], [])


def test_who_leaves_while_the_draft_is_looked_at_holds_it_up(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    confirm(tools, site, READER)
    contacts.sync_due(tools)
    campaign_about(site, clock.now(), "Il cavo giusto")
    rigged: Any = _During(tools.lists, "look", lambda: leave(tools, site, READER))
    run(replace(tools, lists=rigged), clock)
    assert brevo.sends == []


class _During:
    """Equipment, after one of whose calls something else happens, once."""

    def __init__(self, inner: Any, name: str, act: Callable[[], object]) -> None:
        self._inner, self._name, self._act = inner, name, act

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name != self._name:
            return found

        def call(*args: Any) -> Any:
            answer = found(*args)
            act, self._act = self._act, lambda: None
            act()
            return answer

        return call


@pytest.mark.parametrize("what", [Order.PAUSE, Order.CANCEL])
@pytest.mark.parametrize("call", ["look_for", "make", "look"])
def test_a_campaign_that_is_halted_before_it_is_sent_is_not_sent(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo, what: Order, call: str
) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    rigged: Any = _During(tools.lists, call, lambda: order(tools, site, what))
    run(replace(tools, lists=rigged), clock, DAY, every=timedelta(hours=1))
    assert brevo.sends == []
    calls = len(brevo.calls)
    if what is Order.CANCEL:
        with pytest.raises(Conflict):
            order(tools, site, Order.RESUME)
        return
    order(tools, site, Order.RESUME)
    run(tools, clock)
    assert (brevo.sends, len(brevo.campaigns), len(brevo.calls) > calls) == ([100], 1, True)


@pytest.mark.parametrize("what", [Order.PAUSE, Order.CANCEL])
def test_a_campaign_that_was_sent_although_nobody_heard_the_answer_is_said_to_be(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo, what: Order
) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    brevo.faults.extend(["", "", "", "lost"])
    run(tools, clock)
    assert (brevo.sends, state(site)) == ([100], CampaignState.SENDING)
    order(tools, site, what)
    run(tools, clock, timedelta(minutes=10))
    assert (brevo.sends, state(site)) == ([100], CampaignState.HANDED_OVER)


def test_a_campaign_that_was_not_sent_when_it_was_cancelled_is_looked_at_once_and_left(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    brevo.faults.extend(["", "", "", "reset"])
    run(tools, clock)
    order(tools, site, Order.CANCEL)
    run(tools, clock, DAY, every=timedelta(hours=1))
    assert (brevo.sends, len(brevo.calls), state(site)) == ([], 5, CampaignState.CANCELLED)


@pytest.mark.parametrize(
    "changed",
    [
        {"brevo__campaigns": "false"},
        {"brevo__sync_unsubscribes": "off"},
        {"brevo__site_lists__demo": ""},
        {"brevo__site_lists__altro": "4"},
    ],
)
def test_where_brevo_cannot_mail_the_site_alone_the_mails_go_out_from_here(
    make_tools: Callable[..., Toolbox], site: Site, clock: StoppedClock, brevo: Brevo, changed: dict[str, str]
) -> None:
    tools = make_tools(**changed)
    if "brevo__site_lists__altro" in changed:
        sites.save_site(tools, replace(site, id=0, key="altro"))
    confirm(tools, site, READER)
    campaign_about(site, clock.now(), "Il cavo giusto")
    run(tools, clock)
    assert (brevo.campaigns, mails_here()) == ([], [READER])


def test_sites_with_lists_of_their_own_are_both_mailed_by_brevo(
    make_tools: Callable[..., Toolbox], site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    tools = make_tools(brevo__site_lists__altro="7")
    other = sites.save_site(tools, replace(site, id=0, key="altro"))
    campaign_about(site, clock.now(), "Il cavo giusto")
    campaign_about(other, clock.now(), "Un altro cavo")
    run(tools, clock)
    assert sorted(one["recipients"]["lists"] for one in brevo.campaigns) == [[4], [7]]
    assert sorted(brevo.sends) == [100, 101]


def test_a_campaign_that_was_begun_there_is_never_mailed_from_here(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    confirm(tools, site, READER)
    campaign_about(site, clock.now(), "Il cavo giusto")
    brevo.faults.extend(["", "", "", "lost"])
    run(tools, clock)
    without = replace(tools, lists=None)
    run(without, clock, timedelta(hours=1))
    assert (mails_here(), state(site)) == ([], CampaignState.SENDING)
    assert "no brevo.api_key" in alarm(without)


def test_a_campaign_that_was_begun_here_is_never_given_to_brevo(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    without = replace(tools, lists=None)
    confirm(tools, site, READER)
    campaign_about(site, clock.now(), "Il cavo giusto")
    campaigns.advance(without)
    run(tools, clock)
    assert (mails_here(), brevo.campaigns) == ([READER], [])


def test_a_campaign_without_a_reader_here_that_was_begun_here_is_not_given_to_brevo(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    campaigns.advance(replace(tools, lists=None))
    run(tools, clock)
    assert (brevo.campaigns, state(site)) == ([], CampaignState.DONE)


def test_a_stranger_s_title_is_no_template_there(tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo) -> None:
    sites.save_site(tools, replace(site, name="Blog {{ contact.EMAIL }}"))
    campaign_about(site, clock.now(), "{{ contact.SMS }} {% if 1 %} [UNSUBSCRIBE] {NOME} <b>&amp;")
    run(tools, clock)
    [there] = brevo.campaigns
    body = there["htmlContent"].partition("<body")[2]
    assert body.count("{{") == body.count("{") // 2 == body.count("}}") == 1  # the way out alone
    assert "[" not in body
    assert "&#123;&#123; contact.SMS &#125;&#125; &#123;% if 1 %&#125; &#91;UNSUBSCRIBE&#93;" in body
    assert "{" not in there["subject"]
    assert "@media" in there["htmlContent"]  # the style sheet keeps its braces


def test_after_a_copy_of_the_database_was_put_back_the_campaign_is_found_and_not_sent_again(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    campaign = campaign_about(site, clock.now(), "Il cavo giusto")
    run(tools, clock)
    with transaction() as session:
        session.execute(sa.delete(HandoverRow))
        session.execute(sa.text("UPDATE campaigns SET state = 'sending', finished_at = NULL"))
    run(tools, clock, timedelta(minutes=10))
    assert (brevo.sends, len(brevo.campaigns), view(site).campaign.id) == ([100], 1, campaign)
    assert state(site) is CampaignState.HANDED_OVER


@pytest.mark.parametrize("before", [0, 99, 150])
def test_a_campaign_is_found_among_many_others(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo, before: int
) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    brevo.faults.extend(["", "lost"])
    run(tools, clock)
    [mine] = brevo.campaigns
    brevo.campaigns += [mine | {"id": 1_000 + n, "tag": "", "name": "Un altro invio"} for n in range(before)]
    run(tools, clock, timedelta(minutes=5))
    assert brevo.sends == [100]


def test_among_more_campaigns_than_can_be_looked_through_none_is_made(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    brevo.faults.extend(["", "lost"])
    run(tools, clock)
    [mine] = brevo.campaigns
    brevo.campaigns += [mine | {"id": 1_000 + n, "tag": "", "name": "Un altro invio"} for n in range(400)]
    run(tools, clock, timedelta(hours=1))
    assert (brevo.sends, len(brevo.campaigns)) == ([], 401)
    assert alarm(tools).startswith("Brevo refused a campaign")


def test_campaigns_older_than_ours_are_not_looked_through(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    old = {"id": 1, "tag": "", "name": "x", "status": "sent", "createdAt": "2020-01-01T00:00:00.000Z"}
    brevo.campaigns = [old | {"id": number} for number in range(1, 99)] + [old] * 200
    campaign_about(site, clock.now(), "Il cavo giusto")
    run(tools, clock)
    assert len([1 for method, path, _ in brevo.calls if method == "GET" and "offset=" in path]) == 1
    assert len(brevo.sends) == 1


def test_of_two_campaigns_with_our_key_the_one_that_was_sent_counts(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    brevo.faults.extend(["", "lost"])
    run(tools, clock)
    [mine] = brevo.campaigns
    brevo.campaigns.append(mine | {"id": 500, "status": "sent"})
    run(tools, clock, timedelta(minutes=5))
    assert (brevo.sends, state(site)) == ([], CampaignState.HANDED_OVER)


def test_many_workers_at_once_send_one_campaign(tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    start, failed = threading.Barrier(6), []

    def worker() -> None:
        with app.app_context():
            start.wait()
            try:
                for _ in range(10):
                    campaigns.advance(tools)
            except Exception as error:  # noqa: BLE001 - told by the test
                failed.append(error)

    workers = [threading.Thread(target=worker) for _ in range(6)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    run(tools, clock, timedelta(minutes=10))
    assert failed == []
    assert ([one["id"] for one in brevo.campaigns], brevo.sends) == ([100], [100])


def test_a_worker_that_was_thought_dead_sends_nothing_when_it_comes_back(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")

    def long_after() -> None:
        clock.move(minutes=10)
        run(tools, clock)

    for call in ("look_for", "make", "look", "send"):
        rigged: Any = _During(tools.lists, call, long_after)
        run(replace(tools, lists=rigged), clock)
    assert brevo.sends == [100]
    assert len([one for one in brevo.campaigns if one["status"] != "draft"]) == 1


def test_how_it_stands_there_is_read_back_and_then_left_alone(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    run(tools, clock)
    run(tools, clock, timedelta(minutes=21), every=timedelta(minutes=1))
    assert len(brevo.calls) == 4 + 2
    part = {"listId": 4, "sent": 9, "delivered": 7, "softBounces": 1, "hardBounces": 1, "unsubscriptions": 2, "complaints": 1, "viewed": 5}  # fmt: skip
    brevo.campaigns[0] |= {"status": "sent", "statistics": {"globalStats": {}, "campaignStats": [part]}}
    run(tools, clock, timedelta(minutes=10), every=timedelta(minutes=1))
    told = view(site).handover
    assert told is not None
    assert (told.status, told.figures.sent, told.figures.delivered, told.figures.bounced) == ("sent", 9, 7, 2)
    assert (told.figures.complaints, told.figures.unsubscribed) == (1, 2)
    brevo.campaigns[0]["statistics"] = {"globalStats": part | {"delivered": 8}}
    run(tools, clock, timedelta(days=5), every=timedelta(hours=1))
    told = view(site).handover
    assert told is not None
    assert (told.figures.delivered, told.due_at) == (8, None)
    assert len(brevo.calls) < 15
    assert brevo.sends == [100]


def test_looks_leave_calls_for_what_has_to_be_sent(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    for number in range(20):
        campaign_about(site, clock.now(), f"Articolo {number}")
    run(tools, clock)
    assert len(brevo.sends) == 20
    before = len(brevo.calls)
    run(tools, clock, timedelta(hours=1), every=timedelta(seconds=30))
    assert 40 <= len(brevo.calls) - before <= 60


def test_a_feed_that_is_removed_takes_its_campaign_along(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo
) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    brevo.faults.extend(["", "500"])
    run(tools, clock)
    assert feeds.remove_feed(tools, site, "https://blog.example/feed")
    run(tools, clock, DAY, every=timedelta(hours=1))
    assert (brevo.sends, state(site)) == ([], CampaignState.CANCELLED)


def test_orders_fit_the_campaign_and_the_site(tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo) -> None:
    campaign = campaign_about(site, clock.now(), "Il cavo giusto")
    with pytest.raises(Conflict):  # it has not gone there
        order(tools, site, Order.AGAIN)
    brevo.faults.append("500")
    run(tools, clock)
    with pytest.raises(NotFound):
        campaigns.give_order(tools, campaign, Order.AGAIN, who="x", site_ids=[site.id + 1])
    order(tools, site, Order.AGAIN)
    run(tools, clock)
    assert brevo.sends == [100]


def test_the_key_of_brevo_is_in_no_word_of_ours(
    tools: Toolbox, site: Site, clock: StoppedClock, brevo: Brevo, caplog: pytest.LogCaptureFixture
) -> None:
    campaign_about(site, clock.now(), "Il cavo giusto")
    brevo.faults.extend(["reset", "401"])
    run(tools, clock, timedelta(minutes=5))
    assert caplog.text
    assert brevo.key not in caplog.text + repr(tools.lists)
