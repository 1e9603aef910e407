"""Questions to the name service."""

from collections.abc import Sequence

import dns.exception
import dns.resolver
import dns.reversename

SECONDS = 4.0  # for a question, all servers together


def records(name: str, kind: str) -> Sequence[str]:
    """The records of a name as text, TXT ones in one piece; none where there are none. ``PTR`` takes an IP address.

    Raises ``LookupError`` when nobody answers.
    """
    resolver = dns.resolver.Resolver()
    resolver.lifetime = SECONDS
    try:
        asked = dns.reversename.from_address(name) if kind == "PTR" else name
        answer = resolver.resolve(asked, kind)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError) as error:
        raise LookupError(type(error).__name__) from error
    if kind == "TXT":
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
    return [record.to_text().rstrip(".") for record in answer]
