"""When a proof of work is asked for."""

MODES = ("off", "risky", "always")
BAD_ENOUGH = 5  # comments of a client in the last hour that were not published


def demanded(mode: str, bad_comments: int) -> bool:
    """Whether a client must solve a challenge first. An unknown mode asks for nothing."""
    return mode == "always" or (mode == "risky" and bad_comments >= BAD_ENOUGH)
