"""What the pages of a thread say, by a short name; templates ask for ``words.name``."""

from collections.abc import Mapping

from engagement.domain.messages import N_
from engagement.language import say
from engagement.services.mailing.replies import WISH

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
    "notify": WISH,
    "trap": N_("Leave this field empty"),
    "send_anyway": N_("Send it anyway"),
    "not_yet": N_("Not sent yet"),
    "reply": N_("Reply"),
    "answers": N_("in reply to"),
    "answering": N_("Your comment will stand as a reply."),
    "edited": N_("edited"),
    "deleted": N_("Comment deleted by its author."),
    "more": N_("Show more comments"),
    "closed": N_("Comments on this page are closed."),
    "held": N_("Your comment is awaiting moderation"),
    "refused": N_("Your comment was not sent"),
    "kept": N_("Everything you wrote is still here. You can change it and send it again."),
    "back": N_("Back to the article"),
    "appeal_words": N_("A word to the moderator (optional)"),
    "appeal_send": N_("Send it to a moderator"),
    "write": N_("Write to me"),
    "write_to": N_("Write to the author"),
    "write_email_hint": N_("Only the author sees it, to answer you."),
    "write_subject": N_("Subject (optional)"),
    "write_body": N_("Message"),
    "write_send": N_("Send message"),
    "written": N_("Thank you, your message is on its way."),
    "back_to_page": N_("Back to the page"),
    "not_written": N_("Your message was not sent"),
    "appeal": N_("Ask a moderator to look at it"),
    "name_optional": N_("Name (optional)"),
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
