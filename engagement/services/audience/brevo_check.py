"""What is wrong with the way to Brevo: key, account, attributes, lists, and what waits. Nothing is changed."""

from collections.abc import Callable

from engagement.domain.mailing.contacts import Answer, Outcome
from engagement.services.audience import contacts
from engagement.services.mailing import handing_over
from engagement.services.operations.findings import Finding, Grade
from engagement.services.ports import Toolbox
from engagement.services.sites import every_site

_KEY_ADVICE = (
    "make a key at Brevo under SMTP & API and set brevo.api_key; let this machine's address in under Security, "
    "Authorised IPs; then type: engagement brevo sync --resume"
)


def brevo_account(tools: Toolbox) -> Finding:
    what = "brevo account"
    if not tools.settings.brevo.on:
        return _off(what)
    answer = tools.contacts.account()
    if answer.outcome is Outcome.SHUT:
        return Finding(what, Grade.WRONG, f"it does not let us in: {answer.code} {answer.reply}", _KEY_ADVICE)
    if answer.outcome is not Outcome.DONE:
        return _silent(what, answer)
    return Finding(what, Grade.OK, f"the key is good, for {answer.value}")


def brevo_attributes(tools: Toolbox) -> Finding:
    what, wanted = "brevo attributes", {name.upper() for name in tools.settings.brevo.attributes}
    if not tools.settings.brevo.on:
        return _off(what)
    if not wanted:
        return Finding(what, Grade.OK, "none is sent")
    answer = tools.contacts.attributes()
    if answer.outcome is not Outcome.DONE:
        return _silent(what, answer)
    if missing := sorted(wanted - answer.value):
        advice = "make them at Brevo under Contacts, Settings, or correct [brevo.attributes]"
        return Finding(what, Grade.WRONG, f"not there: {', '.join(missing)}", advice)
    return Finding(what, Grade.OK, ", ".join(sorted(wanted)))


def brevo_lists(tools: Toolbox) -> Finding:
    what = "brevo lists"
    if not tools.settings.brevo.on:
        return _off(what)
    wanted = set(tools.settings.brevo.every_list([site.key for site in every_site()]))
    if not wanted:
        return Finding(what, Grade.WARN, "no list is named, so nobody is sent there", "set brevo.list_ids")
    answer = tools.contacts.lists()
    if answer.outcome is not Outcome.DONE:
        return _silent(what, answer)
    if missing := sorted(wanted - answer.value):
        advice = "correct brevo.list_ids; Brevo shows the number beside each list"
        return Finding(what, Grade.WRONG, f"not there: {', '.join(map(str, missing))}", advice)
    return Finding(what, Grade.OK, ", ".join(map(str, sorted(wanted))))


def brevo_queue(tools: Toolbox) -> Finding:
    what = "brevo queue"
    if not tools.settings.brevo.on:
        return _off(what)
    way, backlog = contacts.standing(tools)
    told = f"{backlog.waiting} waiting, {backlog.refused} refused"
    if contacts.is_shut(tools, way):
        since = way.since.isoformat(timespec="seconds") if way.since else "some time"
        told = f"stopped since {since} ({way.code} {way.reply}); {told}"
        return Finding(what, Grade.WRONG, told, "mend the account, then type: engagement brevo sync --resume")
    if backlog.refused:
        advice = "correct what it names, then type: engagement brevo sync --resume"
        return Finding(what, Grade.WARN, f"{told}; the newest because of: {backlog.why}", advice)
    if contacts.alarm(tools):
        told = f"it has not answered as it should for more than an hour ({way.code or ''} {way.reply}); {told}"
        return Finding(
            what, Grade.WARN, told, "see https://status.brevo.com and this service's log; nobody is given up"
        )
    return Finding(what, Grade.OK, told)


def brevo_campaigns(tools: Toolbox) -> Finding:
    """Whether new articles go out by Brevo, and whether it would take a campaign from us."""
    what, ours = "brevo campaigns", tools.settings.brevo
    if not ours.on or tools.lists is None:
        return _off(what)
    keys = [site.key for site in every_site()]
    shared = sorted({number for key in keys for number in ours.shared(key, keys)})
    if shared and ours.campaigns:
        told = f"new articles go out from here: several sites share the lists {', '.join(map(str, shared))}"
        return Finding(what, Grade.WARN, told, "give each site lists of its own in [brevo.site_lists]")
    sites = [key for key in keys if ours.mails(key, keys)]
    if not sites:
        return Finding(what, Grade.OK, "new articles go out from here")
    way, waiting = handing_over.standing(tools)
    if contacts.is_shut(tools, way):
        told = f"stopped ({way.code} {way.reply}); {waiting} waiting"
        return Finding(what, Grade.WRONG, told, "mend the account, then type: engagement brevo sync --resume")
    sender = (ours.sender or tools.settings.mail.sender).lower()
    answer = tools.lists.senders()
    if answer.outcome is not Outcome.DONE:
        return _silent(what, answer)
    if sender not in answer.value:
        advice = "confirm it at Brevo under Senders, or set brevo.sender to one that is"
        return Finding(what, Grade.WRONG, f"{sender} is no sender that Brevo knows", advice)
    return Finding(what, Grade.OK, f"new articles of {', '.join(sites)} from {sender}; {waiting} waiting")


LOOKS: tuple[Callable[[Toolbox], Finding], ...] = (
    brevo_account,
    brevo_attributes,
    brevo_lists,
    brevo_queue,
    brevo_campaigns,
)


def _off(what: str) -> Finding:
    return Finding(what, Grade.OK, "not used: there is no brevo.api_key")


def _silent(what: str, answer: Answer) -> Finding:
    told = f"it cannot be asked: {answer.code or ''} {answer.reply}".replace("  ", " ")
    return Finding(what, Grade.WRONG, told, "check brevo.base_url and brevo.api_key, and https://status.brevo.com")
