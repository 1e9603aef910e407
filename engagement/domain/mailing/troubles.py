"""Why a feed could not be read, in the English words of those who find out; ``language.retold`` says it in others.

Their words are kept with the feed, so they stay plain text; each stands here with places for its values. The first
that fits is said.
"""

from engagement.domain.messages import N_

TROUBLES = (
    N_("%(count)s articles lead to other sites and are not mailed"),
    N_("the server answered %(status)s"),
    N_("it leads from https to http"),
    N_("more than %(count)s redirects"),
    N_("the certificate is not valid"),
    N_("no answer: it took too long"),
    N_("no answer: %(why)s"),
    N_("not a plain http or https address"),
    N_("its name is not known"),
    N_("it is not a public address (feeds.allow_private lets private ones be asked)"),
    N_("packed in a way that was not asked for"),
    N_("larger than %(size)s MB"),
    N_("it ended in the middle"),
    N_("it declares entities of its own, which are not read"),
    N_("it is not well-formed XML"),
    N_("it is XML, but neither RSS nor Atom: its root is %(root)s"),
)
