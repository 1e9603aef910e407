"""Who takes part in the journeys: the house, a reader and a moderator. What they wait for is said when it does not come."""

from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from engagement.services.desk import moderators
from engagement.worker import Background

ABUSIVE = Path(__file__).with_name("abusive.txt").read_text("utf-8").strip()
EMAIL, PASSWORD = "moderatrice@demo.example", "una frase lunga e tranquilla"
MOST_TABS = 60


@dataclass
class House:
    """The service under way at ``url``."""

    app: Flask
    url: str

    def login_address(self) -> str:
        """What ``engagement moderator add`` prints."""
        with self.app.app_context():
            return moderators.add(self.app.extensions["engagement"], EMAIL, ["demo"])

    def deliver(self) -> None:
        """One sweep of the background work; mails are in the folder after it."""
        background: Background = self.app.extensions["engagement-background"]
        background.once()


@dataclass
class Person:
    """Somebody at a browser of their own. ``refusals`` are statuses that the browser may complain of."""

    context: BrowserContext
    page: Page
    url: str
    scripted: bool
    complaints: list[str] = field(default_factory=list)
    refusals: set[int] = field(default_factory=set)

    @classmethod
    def at(cls, browser: Browser, url: str, *, scripted: bool) -> "Person":
        context = browser.new_context(
            java_script_enabled=scripted, viewport={"width": 390, "height": 844}, locale="it-IT"
        )
        person = cls(context, context.new_page(), url, scripted)
        person.page.on("console", lambda m: person.complaints.append(m.text) if m.type == "error" else None)
        person.page.on("pageerror", lambda error: person.complaints.append(str(error)))
        return person

    def leave(self) -> None:
        self.context.close()
        known = [f"status of {status}" for status in self.refusals]
        assert [text for text in self.complaints if not any(word in text for word in known)] == []

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).first, f"waited to see “{text}”").to_be_visible()

    def does_not_see(self, text: str) -> None:
        expect(self.page.get_by_text(text), f"“{text}” should not be there").to_have_count(0)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).first.click()


class Reader(Person):
    """Starts at the article, or at the thread page where ``url`` says so."""

    def write(self, author: str, body: str) -> None:
        self.page.get_by_label("Nome").fill(author)
        self.page.get_by_label("Commento", exact=True).fill(body)
        self.press("Invia commento")

    def still_has(self, body: str) -> None:
        text = self.page.get_by_label("Commento", exact=True)
        expect(text, "waited for the form to keep what was typed").to_have_value(body)

    def reads(self, body: str) -> None:
        thread = self.page.locator(".eng-comment", has_text=body)
        expect(thread, f"waited for the thread to show “{body}”").to_be_visible()

    def does_not_read(self, body: str) -> None:
        """The thread is there, without the text."""
        self.reads("Confermo tutto")
        self.does_not_see(body)

    def forgets(self) -> None:
        """What this tab remembers of a thread, as it does when it is closed."""
        self.page.evaluate("sessionStorage.clear()")

    def sends_anyway(self) -> None:
        """The calm sentence comes first, once; then the text goes as it is."""
        self.sees("Vuoi rileggerlo prima di inviarlo?")
        self.press("Invia comunque")


class Moderator(Person):
    def enters(self, login_address: str) -> None:
        self.page.goto(login_address)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Imposta la password ed entra")
        self.sees("In attesa:")

    def signs_in(self) -> None:
        self.page.goto(f"{self.url}/desk/")
        self.page.get_by_label("Email").fill(EMAIL)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Accedi")
        self.sees("In attesa:")

    def card(self, text: str) -> Locator:
        card = self.page.locator("article.card", has_text=text)
        expect(card, f"waited for a card with “{text}”").to_be_visible()
        return card

    def marks(self, card: Locator) -> None:
        """With the keys j and k."""
        for _ in range(self.page.locator("article.card").count()):
            if card.get_attribute("aria-current") == "true":
                return
            self.page.keyboard.press("j")
        raise AssertionError("the key j never came to the card")

    def tabs_to(self, target: Locator) -> None:
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if target.evaluate("element => element === document.activeElement"):
                return
        raise AssertionError(f"Tab never came to {target}")
