"""Every sentence is there in Italian, with the same places for values."""

import ast
import io
import re
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from babel.dates import format_datetime, get_month_names, get_timezone
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from engagement.domain import spam
from engagement.domain.discussion import reasons, tongue
from engagement.domain.mailing.troubles import TROUBLES
from engagement.domain.messages import Message
from engagement.domain.policy import Outcome, Reason
from engagement.language import MONTHS, age, best_language, catalogue, entries, moment, retold, say
from engagement.screening.disguises import disguise
from tests.catalogues import PACKAGE, marked

_PLACE = re.compile(r"%\((\w+)\)s")


def test_every_marked_sentence_is_translated_into_italian() -> None:
    assert marked() - catalogue("it").keys() == set()


def test_no_translation_is_left_of_a_sentence_that_is_gone() -> None:
    assert catalogue("it").keys() - marked() == set()


def test_no_sentence_stands_in_two_catalogues() -> None:
    """Of two translations only one would be said, whichever file comes last."""
    found: Counter[str] = Counter()
    for path in (PACKAGE / "translations" / "it").glob("*.po"):
        found.update(english for english, _ in entries(path.read_text("utf-8")) if english)
    assert [english for english, times in found.items() if times > 1] == []


def test_a_translation_has_the_same_places_for_values() -> None:
    for english, italian in catalogue("it").items():
        assert sorted(_PLACE.findall(english)) == sorted(_PLACE.findall(italian)), english


def test_fractions_are_written_as_the_country_does() -> None:
    values = {"label": Message("insult"), "score": 0.714, "threshold": 0.6}
    sentence = Message("%(label)s %(score)s, threshold %(threshold)s", values)
    assert say(sentence, "it") == "insulto 0,71, soglia 0,60"
    assert say(sentence, "en") == "insult 0.71, threshold 0.60"


def test_every_trouble_with_a_feed_is_retold() -> None:
    """As those who find out say it: what they raise is kept as it is."""
    told = ["7 articles lead to other sites and are not mailed", "the server answered 500"]
    for path in (PACKAGE / "archives").glob("f*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = node.exc.func.id if isinstance(node.exc.func, ast.Name) else ""
                told += [_as_raised(node.exc.args[0])] if name in {"NotFetched", "NotAFeed"} else []
    assert len(told) > 15
    assert [text for text in told if retold(text, TROUBLES, "it") == text] == []
    assert [text for text in told if retold(text, TROUBLES, "en") != text] == []
    assert retold("from the future", TROUBLES, "it") == "from the future"


def _as_raised(text: ast.expr) -> str:
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts)


def test_an_unknown_language_is_answered_in_italian() -> None:
    assert (best_language("de"), best_language("en-GB"), best_language(None)) == ("it", "en", "it")


@pytest.mark.parametrize("path", sorted((PACKAGE / "translations").rglob("*.po")), ids=lambda path: path.name)
def test_a_catalogue_is_read_as_babel_reads_it(path: Path) -> None:
    with path.open("rb") as file:
        meant = {str(m.id): str(m.string) for m in read_po(file) if m.id and not m.fuzzy}
    assert {english: said for english, said in entries(path.read_text("utf-8")) if english} == meant


def test_quotes_long_texts_comments_and_fuzzy_entries_are_read_as_babel_does() -> None:
    text = (
        '# note\n#: a.py:1\nmsgid ""\n"one "\n"\\"two\\"\\n"\nmsgstr "uno \\\\ è"\n\n'
        '#, fuzzy\nmsgid "x"\nmsgstr "y"\n\n#~ msgid "old"\n#~ msgstr "vecchio"\n'
    )
    meant = {str(m.id): str(m.string) for m in read_po(io.BytesIO(text.encode())) if m.id and not m.fuzzy}
    assert dict(entries(text)) == meant == {'one "two"\n': "uno \\ è"}


@pytest.mark.parametrize(
    "text",
    [
        'msgctxt "a"\nmsgid "x"\nmsgstr "y"',
        'msgid "x"\nmsgid_plural "xs"\nmsgstr[0] "y"',
        'msgid "x"\nmsgstr "y"\nmsgid "z"\nmsgstr "w"',
        "msgid x",
        "msgid 7",
        'msgid "x"',
        '"x"',
    ],
)
def test_what_is_not_read_is_refused_rather_than_lost(text: str) -> None:
    with pytest.raises(ValueError, match="not "):
        list(entries(text))


@pytest.mark.parametrize("language", ["it", "en"])
def test_months_dates_and_fractions_are_babel_s(language: str) -> None:
    assert MONTHS[language] == list(get_month_names(locale=language).values())
    for at in (
        datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        datetime(2024, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=5))),
    ):
        for zone in ("UTC", "Europe/Rome", "America/St_Johns"):
            meant = format_datetime(at, "d MMMM y, HH:mm", tzinfo=get_timezone(zone), locale=language)
            assert moment(at, language, zone) == meant
    for value in (0.0, 0.005, 0.125, 0.295, 0.999, 1.0, 12.5):
        assert say(Message("%(x)s", {"x": value}), language) == format_decimal(value, "0.00", locale=language)


@pytest.mark.parametrize(
    ("waited", "italian", "english"),
    [
        (timedelta(seconds=-5), "meno di un minuto", "less than a minute"),
        (timedelta(seconds=59), "meno di un minuto", "less than a minute"),
        (timedelta(seconds=119), "1 minuto", "1 minute"),
        (timedelta(minutes=59), "59 minuti", "59 minutes"),
        (timedelta(minutes=119), "1 ora", "1 hour"),
        (timedelta(hours=23), "23 ore", "23 hours"),
        (timedelta(hours=47), "1 giorno", "1 day"),
        (timedelta(days=400), "400 giorni", "400 days"),
    ],
)
def test_an_age_is_told_in_the_largest_unit(waited: timedelta, italian: str, english: str) -> None:
    assert (age(waited, "it"), age(waited, "en")) == (italian, english)


@pytest.mark.parametrize("path", sorted((PACKAGE / "translations").rglob("*.po")), ids=lambda path: path.name)
def test_no_translation_is_fuzzy_or_empty(path: Path) -> None:
    with path.open("rb") as file:
        entries = [m for m in read_po(file) if m.id]
    assert [m.id for m in entries if m.fuzzy or not m.string] == []


def test_every_reason_has_a_sentence_for_the_reader_and_one_for_the_moderator() -> None:
    facts = {
        "toxicity": {"label": "insult", "score": 0.9, "threshold": 0.7},
        "blocked-word": {"term": "100% %(x)s"},
        "held-word": {"term": "x"},
        "links": {"count": 4, "limit": 3},
        "first-time": {},
        "hold-all": {},
        "repetition": {"count": 2},
        "disguised": {"share": 0.3, "steps": "leet"},
        "spam-signs": {"signs": "honeypot", "points": 2},
        "not-screened": {"why": "slow"},
    }
    for code, values in facts.items():
        told = {say(reasons.moderator_text(Reason(code, Outcome.HOLD, values)), tongue) for tongue in ("it", "en")}
        public = {say(reasons.public_text(code), tongue) for tongue in ("it", "en")}
        assert len(told) == len(public) == 2, code
        assert not any(digit in text for text in public for digit in "0123456789")


def test_every_code_in_a_reason_has_a_name() -> None:
    assert reasons.STEPS.keys() == set(disguise.STEPS)
    assert reasons.SIGNS.keys() == spam.POINTS.keys()
    known = {*tongue.SUPPORTED, *tongue.NEIGHBOURS, *(f"und-{script}" for script in tongue.SCRIPTS.values())}
    assert reasons.TONGUES.keys() == known


def test_codes_in_a_reason_are_said_in_words() -> None:
    facts = {"signs": "honeypot, link, from-the-future", "points": 3}
    told = reasons.moderator_text(Reason("spam-signs", Outcome.HOLD, facts))
    meant = "indizi di spam (punti: 3): compilato un campo che nessuno vede, un link nel testo, from-the-future"
    assert say(told, "it") == meant
    foreign = reasons.moderator_text(Reason("other-language", Outcome.HOLD, {"language": "de"}))
    assert say(foreign, "it") == "scritto in un’altra lingua (tedesco)"
    hidden = {"share": 0.3, "steps": "leet, confusables"}
    told = reasons.moderator_text(Reason("disguised", Outcome.HOLD, hidden))
    assert say(told, "en") == "disguised text (digits and signs for letters, look-alike letters), share 0.30"


def test_a_reason_of_a_later_version_is_still_said() -> None:
    assert say(reasons.public_text("from-the-future"), "en") == "A moderator decided so."
    assert say(reasons.moderator_text(Reason("from-the-future", Outcome.HOLD)), "it") == "from-the-future"
