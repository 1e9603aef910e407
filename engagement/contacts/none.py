"""No newsletter service: everything is as it should be, and nothing leaves the house."""

from engagement.domain.mailing.contacts import Answer, Contact, Outcome

_DONE = Answer(Outcome.DONE)


class NoContacts:
    def put(self, contact: Contact) -> Answer:
        return _DONE

    def take_off(self, email: str, lists: tuple[int, ...], *, block: bool) -> Answer:
        return _DONE

    def erase(self, email: str) -> Answer:
        return _DONE

    def find(self, email: str) -> Answer:
        return Answer(Outcome.MISSING)

    def page(self, list_id: int, offset: int) -> Answer:
        return Answer(Outcome.DONE, value=())

    def account(self) -> Answer:
        return _DONE

    def lists(self) -> Answer:
        return Answer(Outcome.DONE, value=frozenset())

    def attributes(self) -> Answer:
        return Answer(Outcome.DONE, value=frozenset())
