"""What the pages of a thread say, by a short name; templates ask for ``words.name``."""

from collections.abc import Mapping

from engagement.domain.messages import N_
from engagement.language import say

_WORDS = {
    "comments": N_("Comments"),
    "none": N_("No comments yet."),
    "respond": N_("LEAVE A COMMENT"),
    "author": N_("Name"),
    "email": N_("Email"),
    "email_hint": N_("Your address will not be published."),
    "website": N_("Website (optional)"),
    "body": N_("Comment"),
    "send": N_("Send comment"),
    "send_anyway": N_("Send it anyway"),
    "not_yet": N_("Not sent yet"),
    "reply": N_("Reply"),
    "answers": N_("in reply to"),
    "answering": N_("Your comment will stand as a reply."),
    "edited": N_("edited"),
    "more": N_("Show more comments"),
    "closed": N_("Comments on this page are closed."),
    "held": N_("Your comment is awaiting moderation"),
    "refused": N_("Your comment was not sent"),
    "kept": N_("Everything you wrote is still here. You can change it and send it again."),
    "back": N_("Back to the article"),
    "newsletter": N_("The newsletter"),
    "newsletter_hint": N_("One letter a month, and a link to leave in each of them."),
    "consent": N_("I would like to receive the newsletter at this address."),
    "sign_up": N_("Sign up"),
    "mails": N_("Caught mails"),
    "no_mails": N_("No mail has been sent yet."),
    "mails_hint": N_("The demo sends no mail: what would leave is kept here."),
    "from": N_("From"),
    "to": N_("To"),
    "date": N_("Date"),
    "as_text": N_("As text"),
    "bytes": N_("The message as it would leave"),
}


def words(language: str) -> Mapping[str, str]:
    """Every word of the pages in ``language``."""
    return {name: say(text, language) for name, text in _WORDS.items()}
