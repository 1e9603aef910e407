"""The words that drove a decision, for the moderator's eye alone."""

import re

from engagement.domain.moderation import QueueItem
from engagement.markup import visible_text
from engagement.services.ports import Toolbox

MOST_WORDS = 80
DROVE_AT = 0.5
_WORD = re.compile(r"[^\W\d_]{3,}")


def highlights(tools: Toolbox, item: QueueItem) -> list[str]:
    """Words of the text that are on a list, or that the classifier alone finds hurtful; none where it is silent."""
    terms = {str(r.facts["term"]) for r in item.reasons if "term" in r.facts}
    words = list(dict.fromkeys(_WORD.findall(visible_text(item.comment.body_html))))[:MOST_WORDS]
    if words and any(r.code == "toxicity" for r in item.reasons):
        try:
            scores = tools.screener.score_each(words)
        except RuntimeError:
            scores = []
        terms |= {w for w, s in zip(words, scores, strict=False) if max(s.values(), default=0.0) >= DROVE_AT}
    return sorted(terms)
