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
    "links": N_("%(count)s links, held from %(limit)s"),
    "first-time": N_("first comment of this author"),
    "hold-all": N_("all comments of this site are held"),
    "repetition": N_("same text sent %(count)s times in a day"),
    "disguised": N_("disguised text (%(steps)s), share %(share)s"),
    "spam-signs": N_("signs of spam (%(points)s points): %(signs)s"),
    "other-language": N_("written in another language (%(language)s)"),
    "not-screened": N_("not screened: classifier %(why)s"),
    "appealed": N_("its author asks for another look"),
}

WHYS = {"missing": N_("missing"), "slow": N_("too slow"), "broken": N_("broken"), "unsure": N_("unsure")}


def public_text(code: str) -> Message:
    """What the reader is told."""
    return Message(_PUBLIC.get(code, _PUBLIC["moderator"]))


def moderator_text(reason: Reason) -> Message:
    """What the desk shows. Values may themselves be ``Message``; ``language.say`` translates those too."""
    facts: dict[str, object] = dict(reason.facts)
    if "label" in facts:
        facts["label"] = Message(LABEL_NAMES.get(str(facts["label"]), str(facts["label"])))
    if "why" in facts:
        facts["why"] = Message(WHYS.get(str(facts["why"]), str(facts["why"])))
    return Message(_MODERATOR.get(reason.code, reason.code), facts)
