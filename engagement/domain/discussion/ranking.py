"""How votes make an order."""

from math import sqrt

Z_95 = 1.959964  # the normal quantile of a two-sided 95 % interval
SCALE = 1_000_000  # ranks are kept as whole numbers, so that a cursor compares them exactly


def lower_bound(ups: int, downs: int, z: float = Z_95) -> float:
    """Lower bound of the Wilson score interval for the share of ups, 0 to 1; 0 without votes.

    Few votes say little, so three ups of three stand below ninety of a hundred. Source: E. B. Wilson, "Probable
    inference, the law of succession, and statistical inference", JASA 22 (1927), 209-212.
    Raises ``ValueError`` for negative counts.
    """
    if ups < 0 or downs < 0:
        raise ValueError("votes cannot be negative")
    n = ups + downs
    if not n:
        return 0.0
    share, square = ups / n, z * z
    middle = share + square / (2 * n)
    reach = z * sqrt((share * (1 - share) + square / (4 * n)) / n)
    return max(0.0, (middle - reach) / (1 + square / n))


def rank(ups: int, downs: int) -> int:
    """``lower_bound`` in millionths; below zero where downs outweigh ups, so that those come last."""
    return round(lower_bound(ups, downs) * SCALE) if ups >= downs else -round(lower_bound(downs, ups) * SCALE)
