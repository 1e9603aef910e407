"""Messages as mail servers write them when a mail comes back, in the shapes of three of them; our own words."""

OURS = "<n.0123456789abcdef01234567.newsletter-leave@blog.example>"
READER = "lettrice@posta.example"


def postfix(
    message_id: str = OURS,
    to: str = READER,
    *,
    status: str = "5.1.1",
    said: str = "550 5.1.1 <lettrice@posta.example>: no such user here",
    action: str = "failed",
    original: str = "",
) -> bytes:
    """Both recipients named, the whole mail returned."""
    return f"""Return-Path: <>
Date: Wed, 25 Nov 2026 12:00:05 +0000 (UTC)
From: MAILER-DAEMON@relay.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: ritorni@blog.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F2A.1764072005/relay.example"
Message-Id: <20261125120005.AA11@relay.example>

This is a MIME-encapsulated message.

--4F2A.1764072005/relay.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

Your message could not be delivered.

--4F2A.1764072005/relay.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example
X-Postfix-Queue-ID: 4F2A
X-Postfix-Sender: rfc822; ritorni@blog.example
Arrival-Date: Wed, 25 Nov 2026 12:00:01 +0000 (UTC)

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{original or to}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.posta.example
Diagnostic-Code: smtp; {said}

--4F2A.1764072005/relay.example
Content-Description: Undelivered Message
Content-Type: message/rfc822

Return-Path: <ritorni@blog.example>
From: Il blog di prova <commenti@blog.example>
To: {to}
Subject: Vuoi lasciare la newsletter?
Message-ID: {message_id}
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Ciao.

--4F2A.1764072005/relay.example--
""".encode()


def exim(message_id: str = OURS, to: str = READER, *, said: str = "550-5.1.1 There is nobody of that name.") -> bytes:
    """A status that says nothing, an answer of several lines, and headers alone."""
    return f"""Return-path: <>
From: Mail Delivery System <Mailer-Daemon@relay.example>
To: ritorni@blog.example
References: {message_id}
Content-Type: multipart/report; report-type=delivery-status; boundary=1764072005-eximdsn-1
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender

--1764072005-eximdsn-1
Content-type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

--1764072005-eximdsn-1
Content-type: message/delivery-status

Reporting-MTA: dns; relay.example

Action: failed
Final-Recipient: rfc822;{to}
Status: 5.0.0
Remote-MTA: dns; mx.posta.example
Diagnostic-Code: smtp; {said}
 550 5.1.1 Look at the spelling.

--1764072005-eximdsn-1
Content-type: text/rfc822-headers

Return-path: <ritorni@blog.example>
Received: from app by relay.example with esmtp
From: =?utf-8?q?Il_blog?= <commenti@blog.example>
To: {to}
Message-ID: {message_id}

--1764072005-eximdsn-1--
""".encode()


def exchange(message_id: str = OURS, to: str = READER, *, status: str = "5.1.10") -> bytes:
    """CRLF, a report for people in HTML beside the text, odd extra fields, and the Message-ID on a line of its own."""
    return (
        (
            f"""From: <postmaster@posta.example>
To: <ritorni@blog.example>
Date: Wed, 25 Nov 2026 12:00:07 +0000
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="9B095B5ADSN=_01DC5E0A"
Content-Language: it-IT
Message-ID: <c0ffee@posta.example>
In-Reply-To: {message_id}
Subject: Non recapitabile: Vuoi lasciare la newsletter?
Auto-Submitted: auto-replied

--9B095B5ADSN=_01DC5E0A
Content-Type: multipart/alternative; boundary="_000_inner_"

--_000_inner_
Content-Type: text/plain; charset="us-ascii"

The address was not found.
--_000_inner_
Content-Type: text/html; charset="us-ascii"

<p>The address was not found.</p>
--_000_inner_--

--9B095B5ADSN=_01DC5E0A
Content-Type: message/delivery-status

Reporting-MTA: dns;mail.posta.example
Received-From-MTA: dns;relay.example
Arrival-Date: Wed, 25 Nov 2026 12:00:06 +0000

Final-Recipient: rfc822;{to.upper()}
Action: FAILED
Status: {status}
Diagnostic-Code: smtp;550 {status} RESOLVER.ADR.RecipientNotFound; not found by its address
X-Display-Name: Lettrice

--9B095B5ADSN=_01DC5E0A
Content-Type: message/rfc822

Received: from relay.example (192.0.2.9) by mail.posta.example
From: Il blog di prova <commenti@blog.example>
To: <{to}>
Subject: Vuoi lasciare la newsletter?
Message-ID:
\t{message_id}
Content-Type: multipart/alternative; boundary="=_aa"

--=_aa
Content-Type: text/plain; charset="utf-8"

Ciao.
--=_aa--

--9B095B5ADSN=_01DC5E0A--
"""
        )
        .replace("\n", "\r\n")
        .encode()
    )


def answer() -> bytes:
    """What a person writes back, with a report quoted in it."""
    quoted = postfix().decode()
    head = 'From: <lettrice@posta.example>\nTo: ritorni@blog.example\nContent-Type: multipart/mixed; boundary="q"\n\n'
    return f"{head}--q\n\nNon capisco.\n\n--q\nContent-Type: message/rfc822\n\n{quoted}\n--q--\n".encode()


def vacation() -> bytes:
    """An automatic answer."""
    head = "From: <lettrice@posta.example>\nAuto-Submitted: auto-replied (vacation)\nSubject: Fuori ufficio\n"
    return f"{head}In-Reply-To: {OURS}\n\nTorno lunedì.\n".encode()
