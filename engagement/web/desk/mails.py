"""The outbox: mails of one's sites that wait or were given up, and another try."""

from dataclasses import dataclass

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engagement.domain.errors import NotFound
from engagement.domain.mailing.suppression import SuppressionReason
from engagement.domain.messages import N_
from engagement.domain.notices import DEAD, MAY_BE_SENT_AGAIN, WAITING, KeptMail, NoticeKind, OutboxState, masked
from engagement.language import say
from engagement.services.mailing import mails
from engagement.web.desk import room
from engagement.web.desk.reading import frame
from engagement.web.house import toolbox

SHOWN = 50
FAILED, KEPT_BACK = "failed", "suppressed"
TABS = {"": N_("Waiting mails"), FAILED: N_("Failed mails"), KEPT_BACK: N_("Mails not sent")}
SHOWS = {"": WAITING, FAILED: DEAD, KEPT_BACK: (OutboxState.SUPPRESSED,)}
KINDS = {
    NoticeKind.COMMENT_PUBLISHED: N_("New comment, to the author"),
    NoticeKind.COMMENT_HELD: N_("Held comment, to the author"),
    NoticeKind.COMMENT_REPORTED: N_("Reported comment, to the author"),
    NoticeKind.REPORT_DECIDED: N_("Decision, to who reported"),
    NoticeKind.NEWSLETTER_CONFIRM: N_("Confirmation of a subscription"),
    NoticeKind.NEWSLETTER_LEAVE: N_("Link to leave the newsletter"),
    NoticeKind.CONTACT_MESSAGE: N_("Reader's message, to the author"),
    NoticeKind.APPEAL_DECIDED: N_("Answer to an appeal"),
    NoticeKind.COMMENT_DIGEST: N_("Several comments, to the author"),
    NoticeKind.WEEKLY_SUMMARY: N_("Weekly summary, to the author"),
    NoticeKind.MODERATION_REMINDER: N_("Reminder, to a moderator"),
    NoticeKind.REPLY_CONFIRM: N_("Confirmation for replies"),
    NoticeKind.COMMENT_REPLY: N_("Reply, to a reader"),
    NoticeKind.NEW_ARTICLE: N_("New article, to a subscriber"),
    NoticeKind.WEEKLY_DIGEST: N_("Articles of the week, to a subscriber"),
}
STATES = {
    OutboxState.QUEUED: N_("queued"),
    OutboxState.LEASED: N_("being sent"),
    OutboxState.RETRY: N_("tried in vain, will be tried again"),
    OutboxState.FAILED: N_("refused"),
    OutboxState.EXPIRED: N_("too old, given up"),
    OutboxState.SUPPRESSED: N_("not sent"),
}
WHY = {
    "": N_("What it was to tell is no longer so."),
    SuppressionReason.UNSUBSCRIBED: N_("The reader left the newsletter."),
    SuppressionReason.BOUNCED: N_("This address is left alone: mails to it came back, nobody seems to be there."),
    SuppressionReason.COMPLAINED: N_("This address is left alone: its reader called a mail of ours spam."),
    SuppressionReason.MANUAL: N_("This address is left alone: its reader, or somebody here, wished it."),
    SuppressionReason.FORGOTTEN: N_("This address is left alone: it was forgotten on request."),
}


@dataclass(frozen=True)
class Line:
    """A mail in words; ``recipient`` is masked, ``again`` says whether it can be sent again, ``why`` why it was not."""

    mail: KeptMail
    kind: str
    recipient: str
    site: str
    state: str
    reply: str
    again: bool
    why: str


@room.blueprint.get("/mails")
def outbox() -> Response:
    session = room.present()
    status, before = request.args.get("status", ""), request.args.get("after", "")
    if status not in TABS or not (before == "" or room.is_number(before)):
        raise NotFound
    number = int(before) if before else None
    found, more = mails.listed(session.site_ids, SHOWS[status], limit=SHOWN, before=number)
    names = {site.id: site.name for site in session.sites}
    return room.show(
        "mails",
        room="mails",
        **frame(session),
        lines=[_line(mail, names[mail.site_id]) for mail in found],
        tabs=[
            (room.to("/desk/mails", status=value), say(text, room.language()), value == status)
            for value, text in TABS.items()
        ],
        more=room.to("/desk/mails", status=status, after=str(more)) if more else "",
        status=status,
    )


@room.blueprint.post("/mails/<int:mail_id>/resend")
def resend(mail_id: int) -> AnyResponse:
    session = room.present()
    room.check_form(session)
    if mail_id > 2**31 - 1:  # more than the column holds
        raise NotFound
    mails.resend(toolbox(), mail_id, who=session.moderator.email, site_ids=session.site_ids)
    return redirect(room.to("/desk/mails", status=FAILED if request.form.get("status") == FAILED else ""), 303)


def _line(mail: KeptMail, site: str) -> Line:
    tongue = room.language()
    return Line(
        mail=mail,
        kind=say(KINDS[mail.kind], tongue),
        recipient=masked(mail.recipient),
        site=site,
        state=say(STATES[mail.state], tongue),
        reply=f"{mail.code or ''} {mail.reply}".strip(),
        again=mail.state in MAY_BE_SENT_AGAIN,
        why=say(WHY.get(mail.why, WHY[""]), tongue) if mail.state is OutboxState.SUPPRESSED else "",
    )
