"""Contacts at Brevo, by its API, version 3 (https://developers.brevo.com/reference).

Every method gives an ``Answer`` and none raises. Brevo's official package is not used: it retries POSTs blindly, does
not know Brevo's own rate limit headers, and is a hundred times these files.
"""

from typing import Any
from urllib.parse import quote

from engagement.contacts.calls import Line, confirmed, objects, read
from engagement.contacts.none import NoContacts
from engagement.domain.mailing.contacts import Answer, Brevo, Contact, Outcome, Seen

PAGE = 500  # contacts a page, the most that Brevo gives
_LISTS_PAGE = 50


def open_contacts(settings: Brevo) -> "BrevoContacts | NoContacts":
    """Brevo where there is a key, else nobody."""
    return BrevoContacts(settings) if settings.on else NoContacts()


class BrevoContacts:
    """Safe to use from many threads at once."""

    def __init__(self, settings: Brevo) -> None:
        self._line = Line(settings)

    def put(self, contact: Contact) -> Answer:
        """Make or change a contact and put it into its lists; once more does no harm."""
        body: dict[str, Any] = {"attributes": dict(contact.attributes), "listIds": list(contact.lists)}
        body |= {"emailBlacklisted": False} if contact.unblock else {}
        made = self._line.call("POST", "/contacts", {"email": contact.email, "updateEnabled": True} | body)
        if made.outcome is Outcome.REFUSED and made.why == "duplicate_parameter":
            made = self._line.call("PUT", _one(contact.email), body)
        if made.outcome is Outcome.MISSING:  # gone between the two calls, or base_url leads somewhere else
            return Answer(Outcome.LATER, made.code, made.reply, rest=made.rest)
        return confirmed(made, {201, 204})

    def take_off(self, email: str, lists: tuple[int, ...], *, block: bool) -> Answer:
        """Take a contact off some lists and, with ``block``, from every campaign of the account."""
        body = {"unlinkListIds": list(lists)} | ({"emailBlacklisted": True} if block else {})
        return confirmed(self._line.call("PUT", _one(email), body), {204})

    def erase(self, email: str) -> Answer:
        return confirmed(self._line.call("DELETE", _one(email)), {204})

    def find(self, email: str) -> Answer:
        """``value`` is a ``Seen``."""
        return read(self._line.call("GET", _one(email)), _seen)

    def page(self, list_id: int, offset: int) -> Answer:
        """``value`` is a tuple of ``Seen``, the oldest first; an empty one is the end."""
        found = self._line.call("GET", f"/contacts/lists/{list_id}/contacts?limit={PAGE}&offset={offset}&sort=asc")
        return read(found, lambda told: tuple(_seen(one) for one in objects(told, "contacts") if one.get("email")))

    def account(self) -> Answer:
        """Whether the key is good; ``value`` is the company's name."""
        return read(self._line.call("GET", "/account"), lambda told: str(told["companyName"]))

    def lists(self) -> Answer:
        """``value`` is the set of all lists' numbers."""
        found: set[int] = set()
        while True:
            answer = self._line.call("GET", f"/contacts/lists?limit={_LISTS_PAGE}&offset={len(found)}")
            answer = read(answer, lambda told: {int(one["id"]) for one in objects(told, "lists")})
            if answer.outcome is not Outcome.DONE:
                return answer
            before = len(found)
            found |= answer.value
            if len(found) < before + _LISTS_PAGE:
                return Answer(Outcome.DONE, answer.code, value=frozenset(found), rest=answer.rest)
            if answer.rest:
                return Answer(Outcome.LATER, 429, "the rest waits for the next window", rest=answer.rest)

    def attributes(self) -> Answer:
        """``value`` is the set of attributes' names."""
        answer = self._line.call("GET", "/contacts/attributes")
        return read(answer, lambda told: frozenset(str(one["name"]) for one in objects(told, "attributes")))


def _seen(told: Any) -> Seen:
    lists = tuple(int(number) for number in told.get("listIds") or ())
    return Seen(str(told["email"]).lower(), lists, bool(told["emailBlacklisted"]))


def _one(email: str) -> str:
    return f"/contacts/{quote(email, safe='')}"
