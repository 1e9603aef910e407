"""What others see of an installation: the names that mail is judged by, and the forms on the blog's pages.

The records: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489), where mails come back to, and the name that belongs to
the mail server's address.
"""

from collections.abc import Callable
from ipaddress import ip_address

from engagement.archives.fetching import NotFetched, fetch
from engagement.domain.sites import Site
from engagement.services.discussion.statistics import latest
from engagement.services.operations.findings import Finding, Grade, Patient
from engagement.services.sites import every_site

MOST_PAGES = 5
SECONDS = 8.0
NO_MAIL = "no mail leaves this installation"
NO_NAMES = "the name service does not answer"


def spf(patient: Patient) -> Finding:
    """Whether the sender's domain says who may send for it."""
    return _asked(patient, "SPF", _spf)


def dkim(patient: Patient) -> Finding:
    """Whether the key that mails are signed with can be found; the mail server signs, so we are told its selector."""
    return _asked(patient, "DKIM", _dkim)


def dmarc(patient: Patient) -> Finding:
    """Whether the domain says what becomes of mails that are not its own."""
    return _asked(patient, "DMARC", _dmarc)


def reverse_name(patient: Patient) -> Finding:
    """Whether the mail server's address has a name that leads back to it; large providers refuse mails otherwise."""
    return _asked(patient, "reverse name", _reverse)


def returns(patient: Patient) -> Finding:
    """Whether the domain that mails come back to takes mail at all (RFC 5321, 5.1; RFC 7505)."""
    return _asked(patient, "returned mails", _returns)


def forms_on_pages(patient: Patient) -> Finding:
    """Whether the newest commented page of each site, or its home page, holds one of our forms."""
    what, settings = "forms on pages", patient.tools.settings
    if settings.server.demo:
        return Finding(what, Grade.OK, "the demo's page is our own")
    missing = []
    for site in every_site()[:MOST_PAGES]:
        if told := _without_form(patient, site):
            missing.append(told)
    if missing:
        advice = "put the form or the script into the page; see docs/embedding.md"
        return Finding(what, Grade.WARN, "; ".join(missing), advice)
    return Finding(what, Grade.OK, "found where they were looked for")


def _asked(patient: Patient, what: str, look: Callable[[Patient, str, str], Finding]) -> Finding:
    mail = patient.tools.settings.mail
    if mail.transport != "smtp":
        return Finding(what, Grade.OK, NO_MAIL)
    try:
        return look(patient, what, mail.domain)
    except LookupError:
        return Finding(what, Grade.WARN, NO_NAMES, "try again later, or look from another machine")


def _return_path(patient: Patient) -> str:
    """Where mails come back to: the sender of the envelope."""
    mail = patient.tools.settings.mail
    return mail.return_path or mail.sender


def _spf(patient: Patient, what: str, _domain: str) -> Finding:
    domain = _return_path(patient).rpartition("@")[2]  # SPF is asked about the envelope
    found = [text for text in patient.records(domain, "TXT") if text.lower().split(" ")[0] == "v=spf1"]
    if len(found) == 1:
        return Finding(what, Grade.OK, found[0])
    host = patient.tools.settings.mail.host
    if found:
        return Finding(what, Grade.WRONG, f"{domain} has {len(found)} SPF records", "keep one of them, and only one")
    advice = f'add a TXT record to {domain} such as "v=spf1 a:{host} -all"; your mail provider says which'
    return Finding(what, Grade.WARN, f"{domain} has no SPF record", advice)


def _dkim(patient: Patient, what: str, domain: str) -> Finding:
    selector = patient.tools.settings.mail.dkim_selector
    if not selector:
        advice = "set mail.dkim_selector to the selector that your mail server signs with"
        return Finding(what, Grade.WARN, "not looked at: no selector is known", advice)
    name = f"{selector}._domainkey.{domain}"
    if any("p=" in text and not text.rstrip("; ").endswith("p=") for text in patient.records(name, "TXT")):
        return Finding(what, Grade.OK, f"{name} holds a key")
    return Finding(what, Grade.WRONG, f"{name} holds no key", "publish the key there that your mail server signs with")


def _dmarc(patient: Patient, what: str, domain: str) -> Finding:
    labels = domain.split(".")
    # The organisation's domain may speak for its subdomains; which that is no rule tells, so each parent is asked.
    for parent in (".".join(labels[n:]) for n in range(len(labels) - 1)):
        found = [t for t in patient.records(f"_dmarc.{parent}", "TXT") if t.upper().startswith("V=DMARC1")]
        if found:
            return Finding(what, Grade.OK, found[0])
    advice = f'add a TXT record to _dmarc.{domain} such as "v=DMARC1; p=none; rua=mailto:postmaster@{domain}"'
    return Finding(what, Grade.WARN, f"{domain} has no DMARC record", advice)


def _returns(patient: Patient, what: str, _domain: str) -> Finding:
    address = _return_path(patient)
    domain = address.rpartition("@")[2]
    exchangers = patient.records(domain, "MX")
    by_address = not exchangers and (patient.records(domain, "A") or patient.records(domain, "AAAA"))
    if by_address or any(len(one.split()) == 2 and one.split()[1] != "." for one in exchangers):
        return Finding(what, Grade.OK, f"they go to {address}")
    advice = f"publish an MX record for {domain}, or set mail.return_path to an address that gets mail; docs/bounces.md"
    return Finding(what, Grade.WARN, f"{domain} takes no mail, so nobody hears of mails that do not arrive", advice)


def _reverse(patient: Patient, what: str, _domain: str) -> Finding:
    host = patient.tools.settings.mail.host
    addresses = [host] if _is_address(host) else [*patient.records(host, "A"), *patient.records(host, "AAAA")]
    if not addresses:
        return Finding(what, Grade.WARN, f"{host} has no address", "check mail.host")
    if not any(ip_address(address).is_global for address in addresses):
        return Finding(what, Grade.OK, f"{host} is a relay of your own network; look at the one it hands mails to")
    address = next(a for a in addresses if ip_address(a).is_global)
    kind = "AAAA" if ":" in address else "A"
    names = [name for name in patient.records(address, "PTR") if address in patient.records(name, kind)]
    if names:
        return Finding(what, Grade.OK, f"{address} is {names[0]}")
    advice = "ask whoever gave you the address for a PTR record that leads back to it"
    return Finding(what, Grade.WARN, f"{address} has no name that leads back to it", advice)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _without_form(patient: Patient, site: Site) -> str:
    """What is wrong with a site's page; "" where a form was found."""
    newest = latest(site, None, 1)
    url = newest[0].page_url if newest else f"{site.origins[0]}/" if site.origins else ""
    if not url:
        return f"{site.key} has no origin"
    try:
        answer = fetch(url, allow_private=patient.tools.settings.feeds.allow_private, seconds=SECONDS)
    except NotFetched as error:
        return f"{url} could not be read ({error})"
    text = answer.body.decode("utf-8", "replace")
    ours = (f"/sites/{site.key}/", "/embed.", "wp-comments-post.php", "engagement-comments", "data-engagement", "/f/")
    if answer.status != 200:
        return f"{url} answered {answer.status}"
    return "" if any(mark in text for mark in ours) else f"{url} holds no form of ours"
