"""Sentences for reasons: one for the reader (never a score), one for the moderator (with the numbers)."""

from engagement.domain.messages import N_, Message
from engagement.domain.policy import Reason

LABEL_NAMES = {
    "toxicity": N_("toxicity"),
    "severe_toxicity": N_("severe toxicity"),
    "obscene": N_("obscenity"),
    "threat": N_("threat"),
    "insult": N_("insult"),
    "identity_attack": N_("attack on a group"),
    "sexual_explicit": N_("sexually explicit"),
}

_PUBLIC = {
    "toxicity": N_("The text reads as hurtful to others."),
    "blocked-word": N_("The text holds words that this site does not publish."),
    "held-word": N_("The text holds words that a moderator looks at first."),
    "links": N_("The text holds many links."),
    "first-time": N_("First comments are read by a moderator."),
    "hold-all": N_("All comments on this site are read by a moderator."),
    "repetition": N_("The same text was sent several times."),
    "disguised": N_("Parts of the text are written in disguise."),
    "spam-signs": N_("The comment looks like advertising."),
    "other-language": N_("The comment is in a language that a moderator looks at first."),
    "not-screened": N_("The automatic check was not available."),
    "moderator": N_("A moderator decided so."),
}

_MODERATOR = {
    "toxicity": N_("%(label)s %(score)s, threshold %(threshold)s"),
    "blocked-word": N_("on the block list: “%(term)s”"),
    "held-word": N_("on the watch list: “%(term)s”"),
    "links": N_("links: %(count)s, held from %(limit)s"),
    "first-time": N_("first comment of this author"),
    "hold-all": N_("all comments of this site are held"),
    "repetition": N_("others with the same text in a day: %(count)s"),
    "disguised": N_("disguised text (%(steps)s), share %(share)s"),
    "spam-signs": N_("signs of spam (points: %(points)s): %(signs)s"),
    "other-language": N_("written in another language (%(language)s)"),
    "not-screened": N_("not screened: classifier %(why)s"),
    "appealed": N_("its author asks for another look"),
}

# How text was written so that programs would not read it, and signs of spam: each by its code in a reason's facts.
STEPS = {
    "invisible": N_("invisible characters"),
    "combining": N_("marks over letters"),
    "confusables": N_("look-alike letters"),
    "leet": N_("digits and signs for letters"),
    "spaced": N_("letters set apart"),
    "elongation": N_("letters drawn out"),
}

SIGNS = {
    "honeypot": N_("filled a field that nobody sees"),
    "bayes": N_("reads like this site’s spam"),
    "bbcode": N_("links in BBCode"),
    "no-challenge": N_("proof of work not given"),
    "bad-form-time": N_("form out of date or forged"),
    "link-in-name": N_("an address in the name"),
    "akismet": N_("Akismet says spam"),
    "stopforumspam": N_("known to StopForumSpam"),
    "pitch": N_("a phrase that sells"),
    "follow-me": N_("asks to follow a channel or profile"),
    "too-fast": N_("sent within seconds"),
    "link": N_("a link in the text"),
    "shortener": N_("a shortened link"),
    "hidden-link": N_("a link in disguise"),
    "shop": N_("a link to a shop"),
    "keyword-name": N_("a name made of what is sold"),
    "keyword-site": N_("a website that advertises by its name"),
    "my-page": N_("invites to a page of one’s own"),
    "contact": N_("a telephone number or other contact"),
    "flattery": N_("praise that fits every blog"),
    "repeated": N_("said the same before"),
    "shouting": N_("mostly capitals"),
    "offers": N_("words of money, pills or followers"),
}

TONGUES = {
    "it": N_("Italian"),
    "en": N_("English"),
    "de": N_("German"),
    "fr": N_("French"),
    "es": N_("Spanish"),
    "pt": N_("Portuguese"),
    "und-Cyrl": N_("Cyrillic letters"),
    "und-Grek": N_("Greek letters"),
    "und-Arab": N_("Arabic letters"),
    "und-Hebr": N_("Hebrew letters"),
    "und-Hani": N_("Chinese characters"),
    "und-Jpan": N_("Japanese characters"),
    "und-Kore": N_("Korean letters"),
    "und-Thai": N_("Thai letters"),
    "und-Deva": N_("Devanagari letters"),
}

WHYS = {"missing": N_("missing"), "slow": N_("too slow"), "broken": N_("broken"), "unsure": N_("unsure")}

_WORDS = {"label": LABEL_NAMES, "why": WHYS, "steps": STEPS, "signs": SIGNS, "language": TONGUES}


def public_text(code: str) -> Message:
    """What the reader is told."""
    return Message(_PUBLIC.get(code, _PUBLIC["moderator"]))


def moderator_text(reason: Reason) -> Message:
    """What the desk shows. Values may themselves be ``Message``; ``language.say`` translates those too."""
    facts = {name: _in_words(name, value) for name, value in reason.facts.items()}
    return Message(_MODERATOR.get(reason.code, reason.code), facts)


def _in_words(name: str, value: object) -> object:
    """A fact, its codes made words; a code of another version stays as it is."""
    known = _WORDS.get(name)
    if known is None:
        return value
    said = tuple(Message(known.get(code, code)) for code in str(value).split(", "))
    return said if len(said) > 1 else said[0]
