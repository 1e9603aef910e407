"""The words that drove a decision, for the moderator's eye alone."""

from engagement.domain.moderation import QueueItem
from engagement.markup import visible_text


def terms(item: QueueItem) -> set[str]:
    """Terms of word lists that the reasons name."""
    return {str(reason.facts["term"]) for reason in item.reasons if "term" in reason.facts}


def highlights(item: QueueItem) -> list[str]:
    """Words of the text that are on a list, or that moved the score; none where nothing was explained yet."""
    units = visible_text(item.comment.body_html).encode("utf-16-le", "surrogatepass")
    moved = {units[2 * s.begin : 2 * s.end].decode("utf-16-le", "replace") for s in item.spans}
    return sorted(terms(item) | moved)
