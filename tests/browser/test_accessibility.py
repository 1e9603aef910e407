"""Every page a person may meet: named, labelled, wide enough for a telephone; and without findings of axe-core.

axe-core is larger than this project wants to carry: ``npm pack axe-core``, and ENGAGEMENT_AXE names its ``axe.min.js``.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from engagement.domain.comments import Status
from engagement.services import moderation
from engagement.services.ports import Toolbox
from engagement.services.sites import find_site
from tests.browser.people import ABUSIVE, House, Moderator, Reader

pytestmark = pytest.mark.browser
AXE = os.environ.get("ENGAGEMENT_AXE", "")
WIDTH = 390
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NAMELESS = """() => [...document.querySelectorAll("input:not([type=hidden]), textarea, select, button, a[href], summary")]
  .filter((e) => !(e.labels && e.labels.length) && !e.getAttribute("aria-label") && !e.textContent.trim())
  .map((e) => e.outerHTML)"""


@pytest.fixture(params=["light", "dark"])
def visitor(request: pytest.FixtureRequest, browser: Browser, house: House) -> Iterator[Moderator]:
    visitor = Moderator.at(browser, house.url, scripted=True)
    visitor.page.emulate_media(color_scheme=request.param)
    yield visitor
    visitor.context.close()


def test_every_page_is_named_labelled_and_fits(visitor: Moderator, house: House) -> None:
    faults = _visit_all(visitor, house, _by_hand)
    assert faults == {}


def test_axe_finds_nothing(visitor: Moderator, house: House) -> None:
    if not Path(AXE).is_file():
        pytest.skip("ENGAGEMENT_AXE names no axe.min.js")
    source = Path(AXE).read_text("utf-8")
    faults = _visit_all(visitor, house, lambda page: by_axe(page, source))
    assert faults == {}


def _visit_all(visitor: Moderator, house: House, look: Callable[[Page], list[str]]) -> dict[str, list[str]]:
    """Address → what is wrong there."""
    page, faults = visitor.page, dict[str, list[str]]()

    def note(name: str) -> None:
        if found := look(page):
            faults[name] = found

    for path in ("/desk/login", house.login_address().removeprefix(house.url), *_open_pages(house)):
        page.goto(house.url + path)
        expect(page.locator("h1"), f"waited for the heading of {path}").to_be_visible()
        note(path)
    note_states(Reader(visitor.context, page, f"{house.url}/demo/", scripted=True), note)
    visitor.enters(house.login_address())
    held = _held(house)
    queue = ("/desk/", "/desk/?status=rejected", "/desk/?status=spam", f"/desk/comments/{held}")
    for path in (*queue, "/desk/audit", "/desk/forms", "/desk/campaigns"):
        page.goto(house.url + path)
        expect(page.locator("h1"), f"waited for the heading of {path}").to_be_visible()
        note(path)
    page.goto(f"{house.url}/desk/")
    page.get_by_role("button", name="Spam").first.click()
    visitor.sees("Spam: commento di")
    note("the desk after a verdict")
    return faults


def note_states(reader: Reader, note: Callable[[str], None]) -> None:
    """The widget while it complains, advises and waits."""
    reader.page.goto(reader.url)
    reader.press("Invia commento")
    reader.sees("Alcuni campi hanno bisogno di attenzione.")
    note("the form with errors")
    reader.write("Ada", ABUSIVE)
    reader.sees("Vuoi rileggerlo prima di inviarlo?")
    note("the form with advice")
    reader.sends_anyway()
    reader.sees("Il tuo commento è in attesa di moderazione")
    note("a comment that waits")


def _open_pages(house: House) -> list[str]:
    house.deliver()
    tools: Toolbox = house.app.extensions["engagement"]
    mail = sorted(path.stem for path in Path(tools.settings.mail.folder).glob("*.eml"))[-1]
    decide = tools.links.decide(_held(house), 1, "autore@demo.example").removeprefix(house.url)
    thread = f"/sites/demo/thread?page_url={house.url}/demo/"
    pages = ["/demo/", thread, "/demo/mails/", f"/demo/mails/{mail}", "/api/docs", "/problems/comment-rejected"]
    return [*pages, decide, "/f/demo", "/newsletter/confirm/x", "/nothing", "/sites/nobody/thread"]


def _held(house: House) -> str:
    tools: Toolbox = house.app.extensions["engagement"]
    with house.app.app_context():
        site = find_site("demo")
        found, _ = moderation.queue(tools, [site.id], status=Status.HELD, order="oldest", limit=1, after=None)
    return found[0].comment.id


def _by_hand(page: Page) -> list[str]:
    faults = [f"has no name: {html}" for html in page.evaluate(NAMELESS)]
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > WIDTH:
        faults.append(f"is {width} pixels wide")
    if page.locator("main").count() != 1 or page.locator("h1").count() != 1:
        faults.append("needs one main and one h1")
    if page.locator("html").get_attribute("lang") not in {"it", "en"} or not page.title():
        faults.append("needs a language and a title")
    return faults


def by_axe(page: Page, source: str) -> list[str]:
    page.evaluate(source)
    wanted = {"runOnly": {"type": "tag", "values": RULES}, "iframes": False}
    found = page.evaluate("(wanted) => axe.run(document, wanted)", wanted)
    return [f"{v['id']}: {node['html'][:160]}" for v in found["violations"] for node in v["nodes"]]
