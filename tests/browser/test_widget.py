"""The widget on a blog of somebody else, in a real Chromium, under a policy that allows only what it needs."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from engagement.domain.moderation import Verdict
from engagement.domain.screening import NotScreened
from engagement.web.embed.script import script, words
from tests.browser.blogs import Blog, Service, element, plain_form
from tests.browser.test_accessibility import AXE, by_axe
from tests.fakes import FixedScreener

pytestmark = pytest.mark.browser
WAITING = "Il tuo commento è in attesa di moderazione"
POSTED = re.compile(r"/comments$")
MEASURE = """window.moved = []; new PerformanceObserver((list) => { for (const entry of list.getEntries())
  if (!entry.hadRecentInput) moved.push([entry.value, ...entry.sources.map(({ node, previousRect: a, currentRect: b }) =>
    `${node && (node.outerHTML || node.textContent).slice(0, 90)} from ${a.y} ${a.height} to ${b.y} ${b.height}`)]); })
  .observe({ type: "layout-shift", buffered: true });"""


@dataclass
class Reader:
    """Somebody at the blog. ``refusals`` are words of complaints that the browser itself makes about them."""

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, browser: Browser, **options: object) -> "Reader":
        context = browser.new_context(**({"viewport": {"width": 390, "height": 844}, "locale": "it-IT"} | options))
        reader = cls(context, context.new_page())
        reader.page.on("console", lambda m: reader.complaints.append(m.text) if m.type == "error" else None)
        reader.page.on("pageerror", lambda error: reader.complaints.append(str(error)))
        return reader

    def leave(self) -> None:
        self.context.close()
        assert [text for text in self.complaints if not any(word in text for word in self.refusals)] == []

    def write(self, body: str, author: str = "Ada") -> None:
        self.page.get_by_label("Nome", exact=True).fill(author)
        self.text.fill(body)
        self.press("Invia commento")

    @property
    def text(self) -> Locator:
        return self.page.get_by_label("Commento", exact=True)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).first.click()

    def comment(self, body: str) -> Locator:
        found = self.page.locator(".eng-comment", has_text=body)
        expect(found, f"waited for the thread to show “{body}”").to_be_visible()
        return found

    def measures(self) -> None:
        self.page.add_init_script(MEASURE)

    def moved(self) -> list[object]:
        """Every layout shift until now, as Chromium counts them, once the last frame is drawn. None: CLS 0."""
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        found: list[object] = self.page.evaluate("moved")
        return found

    def bodies(self) -> list[str]:
        return self.page.locator(".eng-comment .eng-body").all_inner_texts()


@pytest.fixture
def reader(browser: Browser) -> Iterator[Reader]:
    reader = Reader.at(browser)
    yield reader
    reader.leave()


@pytest.fixture
def article(blog: Blog) -> str:
    """A page with the widget as an element of its own."""
    url = f"{blog.url}/articolo"
    return blog.page("articolo", element(url))


@pytest.mark.parametrize("kind", ["element", "plain form"])
def test_a_reader_comments_on_a_page_with_a_strict_policy(
    reader: Reader, blog: Blog, service: Service, kind: str
) -> None:
    url = f"{blog.url}/articolo"
    blog.page("articolo", element(url) if kind == "element" else plain_form(blog, url))
    reader.page.goto(url)
    expect(reader.page.get_by_text("Ancora nessun commento.")).to_be_visible()
    reader.write("Una *prima* voce")
    expect(reader.comment("Una prima voce")).to_be_focused()
    expect(reader.page.locator(".eng-count")).to_have_text("1 commento")
    assert reader.page.locator("[style]").count() == 0
    assert [c["author"] for c in service.listed(url)] == ["Ada"]
    assert reader.context.cookies() == []


def test_without_scripts_the_plain_form_does_it(browser: Browser, blog: Blog, service: Service) -> None:
    url = f"{blog.url}/articolo"
    blog.page("articolo", plain_form(blog, url))
    reader = Reader.at(browser, java_script_enabled=False)
    reader.page.goto(url)
    reader.write("Una voce senza script")
    reader.page.wait_for_url(re.compile("#comment-"))
    assert [c["author"] for c in service.listed(url)] == ["Ada"]
    reader.leave()


def test_the_thread_page_works_in_a_frame(reader: Reader, blog: Blog, service: Service) -> None:
    url = f"{blog.url}/articolo"
    service.comment(url, "Una voce di prima")
    blog.page("articolo", f'<iframe title="Commenti" src="{service.url}/sites/demo/thread?page_url={url}"></iframe>')
    reader.page.goto(url)
    frame = reader.page.frame_locator("iframe")
    expect(frame.get_by_text("Una voce di prima")).to_be_visible()
    frame.get_by_label("Nome").fill("Ada")
    frame.get_by_label("Commento", exact=True).fill("Una voce dalla cornice")
    frame.get_by_role("button", name="Invia commento").click()
    reader.page.wait_for_url(re.compile("#comment-"))
    assert len(service.listed(url)) == 2


def test_answers_stand_below_what_they_answer_in_every_order(reader: Reader, article: str, service: Service) -> None:
    first = service.comment(article, "La prima")
    service.comment(article, "La seconda")
    service.comment(article, "Una risposta", parent=first)
    reader.page.goto(article)
    reader.comment("Una risposta")
    assert reader.bodies() == ["La prima", "Una risposta", "La seconda"]
    expect(reader.page.locator(".eng-depth-1")).to_contain_text("in risposta a Ugo")
    order = reader.page.get_by_label("Ordine")
    order.select_option("newest")
    expect(reader.page.locator(".eng-comment").first).to_contain_text("La seconda")
    assert reader.bodies() == ["La seconda", "La prima", "Una risposta"]
    reader.comment("La seconda").get_by_role("button", name="Utile: commento di Ugo", exact=True).click()
    expect(reader.comment("La seconda")).to_contain_text("Voti: +1")
    order.select_option("popular")
    expect(reader.page.locator(".eng-comment").first).to_contain_text("La seconda")


def test_an_answer_read_before_its_comment_finds_its_place_later(reader: Reader, blog: Blog, service: Service) -> None:
    url = f"{blog.url}/lungo"
    blog.page("lungo", element(url, 'limit="2"'))
    first = service.comment(url, "La prima")
    for body in ("La seconda", "La terza"):
        service.comment(url, body)
    service.comment(url, "Una risposta", parent=first)
    reader.page.goto(url)
    reader.comment("La seconda")
    reader.page.get_by_label("Ordine").select_option("newest")
    expect(reader.page.locator(".eng-comment").first).to_contain_text("Una risposta")
    assert reader.bodies() == ["Una risposta", "La terza"]
    reader.press("Altri commenti")
    reader.comment("La prima")
    assert reader.bodies() == ["La terza", "La seconda", "La prima", "Una risposta"]
    expect(reader.comment("La seconda")).to_be_focused()
    expect(reader.page.get_by_role("button", name="Altri commenti")).to_have_count(0)


def test_an_address_with_a_comment_s_name_leads_to_it_wherever_it_stands(
    reader: Reader, blog: Blog, service: Service
) -> None:
    url = f"{blog.url}/lungo"
    blog.page("lungo", element(url, 'limit="2"'))
    ids = [service.comment(url, f"La voce {number}") for number in range(5)]
    reader.page.goto(f"{url}#comment-{ids[4]}")
    expect(reader.comment("La voce 4")).to_be_in_viewport()


def test_a_lost_answer_keeps_the_draft_over_a_reload_and_makes_one_comment(
    reader: Reader, article: str, service: Service
) -> None:
    reader.refusals.append("net::ERR_FAILED")

    def lose(route: Route) -> None:
        route.fetch()  # it arrives; the answer does not
        route.abort()

    reader.page.goto(article)
    reader.page.route(POSTED, lose)
    reader.write("Una voce nel tunnel")
    expect(reader.page.get_by_text("L’invio non è riuscito.")).to_be_visible()
    expect(reader.text).to_have_value("Una voce nel tunnel")
    reader.page.reload()
    reader.comment("Una voce nel tunnel")  # it is there, though its writer was never told
    expect(reader.text).to_have_value("Una voce nel tunnel")
    reader.press("Invia commento")
    expect(reader.page.get_by_text("L’invio non è riuscito.")).to_be_visible()
    reader.page.unroute(POSTED)
    reader.press("Riprova")
    expect(reader.comment("Una voce nel tunnel")).to_be_focused()
    expect(reader.text).to_have_value("")
    expect(reader.page.locator(".eng-count")).to_have_text("1 commento")
    assert len(service.listed(article)) == 1


def test_a_comment_that_waits_is_seen_by_its_author_over_a_reload(
    reader: Reader, browser: Browser, article: str, service: Service, screener: FixedScreener
) -> None:
    screener.toxicity = NotScreened("missing")
    reader.page.goto(article)
    reader.write("Una voce in attesa")
    expect(reader.comment("Una voce in attesa")).to_contain_text(WAITING)
    reader.page.reload()
    expect(reader.comment("Una voce in attesa")).to_contain_text(WAITING)
    expect(reader.page.locator(".eng-count")).to_have_text("Ancora nessun commento.")
    other = Reader.at(browser)
    other.page.goto(article)
    expect(other.page.get_by_text("Ancora nessun commento.")).to_be_visible()
    assert other.bodies() == []
    other.leave()

    name = reader.comment("Una voce in attesa").get_attribute("id") or ""
    service.decide(name.removeprefix("comment-"), Verdict.APPROVE)
    reader.page.reload()
    expect(reader.comment("Una voce in attesa")).not_to_contain_text(WAITING)


def test_a_comment_that_was_decided_against_is_gone_for_its_author_too(
    reader: Reader, article: str, service: Service, screener: FixedScreener
) -> None:
    reader.refusals.append("status of 404")
    screener.toxicity = NotScreened("missing")
    reader.page.goto(article)
    reader.write("Una voce in attesa")
    name = reader.comment("Una voce in attesa").get_attribute("id") or ""
    service.decide(name.removeprefix("comment-"), Verdict.REJECT)
    reader.page.reload()
    expect(reader.page.get_by_text("Ancora nessun commento.")).to_be_visible()
    expect(reader.page.locator(".eng-comment")).to_have_count(0)


def test_an_author_edits_within_the_window_even_after_a_reload(reader: Reader, article: str) -> None:
    reader.page.goto(article)
    reader.write("Una voce con *refuso*")
    reader.comment("Una voce con refuso")
    reader.page.reload()
    comment = reader.page.locator(".eng-comment")
    comment.get_by_role("button", name="Modifica il tuo commento").click()
    area = comment.get_by_role("textbox", name="Modifica il tuo commento")
    expect(area).to_be_focused()
    expect(area).to_have_value("Una voce con *refuso*")
    area.fill("Una voce *corretta*")
    comment.get_by_role("button", name="Salva").click()
    expect(reader.comment("Una voce corretta")).to_contain_text("modificato")
    expect(comment.get_by_text("Il tuo commento è stato modificato.")).to_be_focused()
    comment.get_by_role("button", name="Modifica il tuo commento").click()
    comment.locator("textarea").press("Escape")
    expect(comment.get_by_role("button", name="Modifica il tuo commento")).to_be_focused()


def test_a_rejected_edit_keeps_the_new_text_and_the_old_comment(
    reader: Reader, article: str, screener: FixedScreener
) -> None:
    reader.refusals.append("status of 403")
    reader.page.goto(article)
    reader.write("Una voce gentile")
    comment = reader.comment("Una voce gentile")
    comment.get_by_role("button", name="Modifica").click()
    screener.toxicity = 0.99
    comment.locator("textarea").fill("Una voce sgarbata")
    comment.get_by_role("button", name="Salva").click()
    expect(comment.locator(".eng-summary")).to_be_focused()
    expect(comment.locator("textarea")).to_have_value("Una voce sgarbata")
    comment.get_by_role("button", name="Annulla").click()
    expect(comment.locator(".eng-body")).to_have_text("Una voce gentile")


def test_an_author_deletes_and_an_empty_place_stays_for_answers(
    reader: Reader, browser: Browser, article: str, service: Service
) -> None:
    reader.page.goto(article)
    reader.write("Una voce di troppo")
    comment = reader.comment("Una voce di troppo")
    service.comment(article, "Una risposta", parent=(comment.get_attribute("id") or "").removeprefix("comment-"))
    reader.page.reload()
    reader.comment("Una risposta")
    reader.press("Elimina")
    reader.press("Annulla")
    expect(reader.page.get_by_role("button", name="Elimina")).to_be_focused()
    reader.press("Elimina")
    reader.press("Sì, elimina")
    expect(reader.page.locator(".eng-comment").first).to_have_text("Commento eliminato dall’autore.")
    expect(reader.page.locator(".eng-count")).to_have_text("1 commento")
    other = Reader.at(browser)
    other.page.goto(article)
    other.comment("Una risposta")
    expect(other.page.locator(".eng-comment").first).to_have_text("Commento eliminato dall’autore.")
    other.leave()


def test_a_comment_without_answers_goes_altogether(reader: Reader, article: str, service: Service) -> None:
    service.comment(article, "Una voce di prima")
    reader.page.goto(article)
    reader.write("Una voce di troppo")
    reader.comment("Una voce di troppo")
    reader.press("Elimina")
    reader.press("Sì, elimina")
    expect(reader.comment("Una voce di prima")).to_be_focused()
    assert [c["author"] for c in service.listed(article)] == ["Ugo"]


def test_a_vote_is_given_and_taken_back(reader: Reader, article: str, service: Service) -> None:
    service.comment(article, "Una voce utile")
    reader.page.goto(article)
    comment = reader.comment("Una voce utile")
    useful = comment.get_by_role("button", name="Utile: commento di Ugo", exact=True)
    useful.focus()
    reader.page.keyboard.press("Enter")
    expect(comment).to_contain_text("Voti: +1")
    expect(useful).to_have_attribute("aria-pressed", "true")
    expect(useful).to_be_focused()
    reader.page.reload()
    expect(useful).to_have_attribute("aria-pressed", "true")
    useful.click()
    expect(comment).not_to_contain_text("Voti:")
    comment.get_by_role("button", name="Non utile: commento di Ugo").click()
    expect(comment).to_contain_text("Voti: -1")
    assert service.listed(article)[0]["votes"] == -1


def test_a_report_says_what_is_missing_and_then_thanks(reader: Reader, article: str, service: Service) -> None:
    reader.refusals.append("status of 422")
    service.comment(article, "Una voce dubbia")
    reader.page.goto(article)
    comment = reader.comment("Una voce dubbia")
    comment.get_by_role("button", name="Segnala il commento di Ugo").click()
    reason = comment.get_by_label("Motivo")
    expect(reason).to_be_focused()
    reader.press("Invia la segnalazione")
    expect(comment.locator(".eng-summary")).to_be_focused()
    expect(comment.locator(".eng-error")).to_have_count(5)
    reason.select_option("personal-data")
    comment.get_by_label("Che cosa non va?").fill("C’è un indirizzo di casa.")
    comment.get_by_label("Il tuo nome").fill("Ada")
    comment.get_by_label("La tua email").fill("ada@posta.example")
    comment.get_by_label("Per quanto ne so").check()
    reader.press("Invia la segnalazione")
    expect(comment.get_by_text("Grazie. Una persona leggerà la tua segnalazione")).to_be_focused()
    expect(comment.locator("form")).to_have_count(0)


def test_a_preview_shows_the_text_as_it_will_be(reader: Reader, article: str) -> None:
    reader.page.goto(article)
    reader.text.fill("Una voce in **grassetto**")
    reader.press("Anteprima")
    box = reader.page.get_by_role("group", name="Anteprima")
    expect(box).to_be_focused()
    expect(box.locator("strong")).to_have_text("grassetto")
    reader.press("Chiudi l’anteprima")
    expect(reader.text).to_be_focused()


def test_a_challenge_is_solved_without_a_word(reader: Reader, article: str, service: Service) -> None:
    reader.refusals.append("status of 422")
    service.rule(challenge="always")
    reader.page.goto(article)
    reader.write("Una voce con verifica")
    expect(reader.comment("Una voce con verifica")).to_be_focused()
    assert len(service.listed(article)) == 1


def test_a_lost_answer_after_a_challenge_makes_one_comment_too(reader: Reader, article: str, service: Service) -> None:
    reader.refusals += ["status of 422", "net::ERR_FAILED"]
    service.rule(challenge="always")
    lost = []

    def lose_once(route: Route) -> None:
        if "challenge" not in (route.request.post_data_json or {}) or lost:
            route.fallback()
            return
        lost.append(route.fetch())
        route.abort()

    reader.page.route(POSTED, lose_once)
    reader.page.goto(article)
    reader.write("Una voce con verifica")
    reader.press("Riprova")
    expect(reader.comment("Una voce con verifica")).to_be_focused()
    assert [answer.status for answer in lost] == [201]
    assert len(service.listed(article)) == 1


def test_where_no_challenge_can_be_solved_it_says_so_and_keeps_the_text(
    reader: Reader, article: str, service: Service
) -> None:
    reader.refusals.append("status of 422")
    service.rule(challenge="always")
    reader.page.add_init_script("Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })")
    reader.page.goto(article)
    reader.write("Una voce con verifica")
    expect(reader.page.get_by_text("Questo browser non può fare la verifica")).to_be_visible()
    expect(reader.text).to_have_value("Una voce con verifica")


def test_the_page_stays_alive_while_a_real_challenge_is_solved(reader: Reader, article: str, service: Service) -> None:
    reader.refusals.append("status of 422")
    service.rule(challenge="always")
    settings = service.tools.settings
    costly = replace(settings, spam=replace(settings.spam, challenge_cost=5000))
    service.app.extensions["engagement"] = replace(service.tools, settings=costly)
    reader.page.goto(article)
    reader.page.evaluate(
        "window.frames_drawn = 0; const draw = () => { frames_drawn++; requestAnimationFrame(draw); }; draw()"
    )
    reader.write("Una voce con verifica")
    expect(reader.comment("Una voce con verifica")).to_be_focused(timeout=60_000)
    assert reader.page.evaluate("frames_drawn") > 10


def test_counts_for_a_whole_page_come_with_one_request(reader: Reader, blog: Blog, service: Service) -> None:
    asked: list[str] = []
    reader.page.on("request", lambda r: asked.append(r.method) if r.url.endswith("/counts") else None)
    service.comment(f"{blog.url}/uno", "Una voce")
    service.comment(f"{blog.url}/uno", "Un’altra")
    links = "".join(f'<p><a href="{blog.url}/{name}" data-engagement-count>…</a></p>' for name in ("uno", "due"))
    number = f'<span data-engagement-count="{blog.url}/uno" data-number>…</span>'
    reader.page.goto(blog.page("indice", links + number, attributes='data-site="demo"'))
    expect(reader.page.get_by_role("link")).to_have_text(["2 commenti", "Ancora nessun commento."])
    expect(reader.page.locator("span[data-number]")).to_have_text("2")
    assert asked == ["POST"]


def test_the_box_for_replies_is_there_with_an_address(reader: Reader, article: str) -> None:
    reader.page.goto(article)
    box = reader.page.get_by_label("Avvisami delle risposte")
    expect(box).to_be_hidden()
    reader.page.get_by_label("Email").fill("ada@posta.example")
    box.check()
    with reader.page.expect_request(POSTED) as sent:
        reader.write("Una voce curiosa")
    assert sent.value.post_data_json["notify_replies"] is True
    reader.comment("Una voce curiosa")


def test_a_lazy_widget_asks_when_it_comes_near(reader: Reader, blog: Blog, service: Service) -> None:
    asked: list[str] = []
    reader.page.on("request", lambda r: asked.append(r.url) if "/comments?" in r.url else None)
    url = f"{blog.url}/lungo"
    service.comment(url, "Una voce lontana")
    reader.page.goto(blog.page("lungo", f'<div class="long"></div>{element(url, "data-lazy")}'))
    expect(reader.page.get_by_label("Nome")).to_have_count(1)
    assert asked == []
    reader.page.locator("footer").scroll_into_view_if_needed()
    reader.comment("Una voce lontana")
    assert len(asked) == 1


@pytest.mark.parametrize("more", ["", "data-lazy"])
def test_nothing_moves_below_a_long_article(reader: Reader, blog: Blog, service: Service, more: str) -> None:
    """The thread grows where nobody looks yet."""
    url = f"{blog.url}/lungo"
    for number in range(30):
        service.comment(url, f"La voce {number}")
    reader.measures()
    reader.page.goto(blog.page("lungo", f'<div class="long"></div>{element(url, more)}'))
    reader.page.mouse.wheel(0, 2800)  # near, not there
    expect(reader.page.get_by_text("La voce 29")).to_be_attached()
    reader.page.locator("footer").scroll_into_view_if_needed()
    assert reader.moved() == []


@pytest.mark.parametrize("kind", ["element", "plain form"])
def test_nothing_moves_on_a_short_page_that_keeps_the_room(
    reader: Reader, blog: Blog, service: Service, kind: str
) -> None:
    url = f"{blog.url}/corto"
    for number in range(3):
        service.comment(url, f"La voce {number}")
    blog.page("corto", element(url, 'class="kept"') if kind == "element" else plain_form(blog, url))
    reader.measures()
    late: list[Route] = []
    reader.page.route(re.compile("embed.js$"), lambda route: late.append(route))  # noqa: PLW0108 - a built-in has no signature
    with reader.page.expect_request(re.compile("embed.js$")):
        reader.page.goto(url, wait_until="commit")
    assert reader.moved() == []  # the page is painted
    late[0].continue_()
    reader.comment("La voce 2")
    assert reader.moved() == []


def test_the_demo_does_not_move(reader: Reader, service: Service) -> None:
    url = f"{service.url}/demo/"
    for number in range(3):
        service.comment(url, f"La voce {number}")
    reader.measures()
    reader.page.goto(f"{url}#comments")
    expect(reader.page.get_by_role("button", name="Segnala il commento di Ugo")).to_have_count(3)
    assert reader.moved() == []


def test_a_blog_s_own_language_comes_from_a_file(reader: Reader, blog: Blog, service: Service) -> None:
    blog.pages["words"] = json.dumps({"send": "Envoyer", "count-one": "1 commentaire", "reply": "Répondre"})
    url = f"{blog.url}/article"
    service.comment(url, "Une voix")
    reader.page.goto(blog.page("article", element(url, 'words="/words.json"'), lang="fr"))
    expect(reader.page.get_by_role("button", name="Envoyer")).to_be_visible()
    expect(reader.page.locator(".eng-count")).to_have_text("1 commentaire")
    expect(reader.page.locator("time")).to_contain_text("novembre")
    expect(reader.page.get_by_label("Name")).to_be_visible()  # what the file leaves out is English


def test_a_page_that_names_the_hash_gets_the_same_script(reader: Reader, blog: Blog) -> None:
    url = f"{blog.url}/articolo"
    attributes = f'integrity="{script().integrity}" crossorigin="anonymous"'
    reader.page.goto(blog.page("articolo", element(url), script=script().name, attributes=attributes))
    expect(reader.page.get_by_text("Ancora nessun commento.")).to_be_visible()


def test_the_page_hears_of_what_happens(reader: Reader, article: str) -> None:
    reader.page.add_init_script(
        """window.heard = []; for (const name of ["ready", "sent", "deleted"])
        addEventListener(`engagement:${name}`, ({ type, detail }) => heard.push([type, detail.count ?? detail.status ?? ""]));"""
    )
    reader.page.goto(article)
    reader.write("Una voce")
    reader.comment("Una voce")
    reader.press("Elimina")
    reader.press("Sì, elimina")
    expect(reader.page.locator(".eng-comment")).to_have_count(0)
    assert reader.page.evaluate("heard") == [
        ["engagement:ready", 0],
        ["engagement:sent", "published"],
        ["engagement:deleted", ""],
    ]


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_telephone_in_both_directions_and_lights(
    reader: Reader, blog: Blog, service: Service, direction: str, scheme: str
) -> None:
    reader.page.emulate_media(color_scheme=scheme)
    url = f"{blog.url}/articolo"
    first = service.comment(url, "Una voce " + "lunghissima" * 20)
    service.comment(url, "Una risposta", parent=first)
    reader.page.goto(blog.page("articolo", element(url), dir=direction))
    reply = reader.comment("Una risposta").bounding_box()
    above = reader.page.locator(".eng-depth-0").bounding_box()
    assert reply is not None
    assert above is not None
    indents = (reply["x"] - above["x"], above["x"] + above["width"] - reply["x"] - reply["width"])
    assert (indents[0] > 5, indents[1] > 5) == ((True, False) if direction == "ltr" else (False, True))
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= 390
    dark = reader.page.locator("engagement-comments.eng-dark")
    expect(dark).to_have_count(1 if scheme == "dark" else 0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(
    reader: Reader, blog: Blog, service: Service, screener: FixedScreener, scheme: str
) -> None:
    if not Path(AXE).is_file():
        pytest.skip("ENGAGEMENT_AXE names no axe.min.js")
    source = Path(AXE).read_text("utf-8")
    url = f"{blog.url}/articolo"
    first = service.comment(url, "Una voce")
    service.comment(url, "Una risposta", parent=first)
    reader.page.emulate_media(color_scheme=scheme)
    reader.page.goto(blog.page("articolo", element(url)))
    found = []
    for state in _states(reader, screener):
        found += [f"{state}: {fault}" for fault in by_axe(reader.page, source)]
    assert found == []


def _states(reader: Reader, screener: FixedScreener) -> Iterator[str]:
    reader.comment("Una risposta")
    yield "a thread"
    reader.press("Segnala il commento di Ugo")
    yield "a report"
    reader.press("Annulla")
    reader.press("Invia commento")
    yield "errors"
    reader.text.fill("Un *testo*")
    reader.press("Anteprima")
    reader.page.get_by_role("group", name="Anteprima").wait_for()
    yield "a preview"
    screener.toxicity = NotScreened("missing")
    reader.write("Una voce in attesa")
    reader.comment("Una voce in attesa")
    yield "a comment that waits"
    reader.press("Modifica il tuo commento")
    reader.page.get_by_role("textbox", name="Modifica il tuo commento").wait_for()
    yield "an edit"
    reader.press("Annulla")
    reader.press("Elimina")
    yield "a question"


def test_both_languages_say_everything() -> None:
    assert list(words("it")) == list(words("en"))
    assert all(words("it").values())
    used = set(re.findall(r'(?:say|button|field|check|miss|named|failed|Told)\("([\w-]+)"', script().text.decode()))
    assert used - set(words("it")) == set()
