"""Mail providers that are not accepted: the shipped list of disposable ones, and the operator's own."""

from collections.abc import Sequence
from pathlib import Path

from engagement.domain.mailing.suppression import RefusedDomains, ascii_domain

SHIPPED = Path(__file__).with_name("disposable") / "domains.txt"  # its NOTICE.md says where it comes from


def refused(blocked: Sequence[str], *, disposable: bool, file: str = "") -> RefusedDomains:
    """The domains of the settings. Raises ``OSError`` for a ``file`` that cannot be read."""
    names = {ascii_domain(name) for name in blocked}
    if disposable:
        lines = (Path(file) if file else SHIPPED).read_text("utf-8").splitlines()
        names |= {ascii_domain(line) for line in lines if not line.lstrip().startswith("#")}
    return RefusedDomains(frozenset(names - {""}))
