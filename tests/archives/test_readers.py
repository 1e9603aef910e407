"""Each format read from samples that other projects test with, and from the faults that real exports have."""

import gzip
import json
import sqlite3
import tracemalloc
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engagement.archives import commento, disqus, isso, native, remark42, wordpress
from engagement.archives.entries import Article, Entry, Found, LeftOut, NotReadable, Reader, moment
from engagement.domain.comments import Status
from tests.data_sets import DATA

SAMPLES = DATA / "imports"
samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample exports are not beside this checkout")


def entries(found: list[Found]) -> list[Entry]:
    return [one for one in found if isinstance(one, Entry)]


def left(found: list[Found]) -> list[str]:
    return [one.why for one in found if isinstance(one, LeftOut)]


@samples
def test_a_wordpress_export_of_the_first_version() -> None:
    found = list(wordpress.read(SAMPLES / "isso-wordpress.xml"))
    assert [(a.url, a.title, a.number) for a in found if isinstance(a, Article)] == [
        ("http://example.tld/2014/test/", "Hello, World…", 18),
        ("http://example.tld/?p=4", "...", None),
        ("http://example.tld/?p=6", "No comments", None),
    ]
    kept = entries(found)
    assert [(e.source, e.parent) for e in kept] == [
        ("2", ""), ("6", ""), ("7", "6"), ("8", "7"), ("9", "7"), ("10", ""), ("11", ""), ("11", ""),
    ]  # fmt: skip
    assert kept[0].at == datetime(2014, 1, 14, 17, 32, 12, tzinfo=UTC)
    assert kept[0].email == "test@example.org"
    assert "\n" in kept[5].body


@samples
def test_a_disqus_export_with_orphans_and_deleted_posts() -> None:
    found = list(disqus.read(SAMPLES / "isso-disqus.xml"))
    assert [(e.source, e.parent, e.status) for e in entries(found)] == [
        ("4", "", Status.PUBLISHED),
        ("5", "4", Status.PUBLISHED),
        ("8", "", Status.PUBLISHED),
        ("9", "", Status.DELETED),
        ("11", "9", Status.PUBLISHED),
    ]
    assert left(found) == ["its thread is not in the file"]


@samples
def test_a_disqus_export_that_begins_and_ends_in_rubbish() -> None:
    found = list(disqus.read(SAMPLES / "remark42-disqus.xml"))
    assert [(e.source, e.status) for e in entries(found)] == [
        ("299619020", Status.PUBLISHED),
        ("299744309", Status.PUBLISHED),
        ("299986072", Status.PUBLISHED),
        ("299986073", Status.SPAM),
    ]
    assert left(found)[0] == "it has no id"
    assert left(found)[1].startswith("it is broken there")
    assert [a.open for a in found if isinstance(a, Article)] == [True, False]


@samples
def test_isso_s_json_and_commento_s() -> None:
    kept = entries(list(isso.read(SAMPLES / "isso-generic.json")))
    assert [(e.source, e.page_url, e.page_title, e.author) for e in kept] == [
        ("0", "/posts/0001/", "Test post", "texas holdem"),
        ("0", "/posts/0007/", "Nat & Miguel", "Richard Crinshaw"),
    ]
    kept = entries(list(commento.read(SAMPLES / "remark42-commento.json")))
    assert [(e.author, e.page_url, bool(e.parent)) for e in kept] == [
        ("", "https://example.com/blog/post/2", False),
        ("User5276", "https://example.com/blog/post/1", False),
        ("Saturnin Uf", "https://example.com/blog/post/1", True),
    ]


def wxr(comments: str, item: str = "", version: str = "1.2") -> str:
    return f"""<?xml version="1.0"?>
<rss xmlns:wp="http://wordpress.org/export/{version}/"><channel><item><title>A &amp; B</title>
<link>https://blog.example/a/</link><wp:post_id>7</wp:post_id>{item}{comments}</item></channel></rss>"""


def wp(number: str, **fields: str) -> str:
    given = {"comment_content": "Testo", "comment_approved": "1", "comment_date_gmt": "2020-01-02 03:04:05"} | fields
    inner = "".join(f"<wp:{name}>{value}</wp:{name}>" for name, value in given.items())
    return f"<wp:comment><wp:comment_id>{number}</wp:comment_id>{inner}</wp:comment>"


def written(tmp_path: Path, text: str | bytes, name: str = "export") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3"])
def test_wordpress_states_kinds_and_dates(tmp_path: Path, version: str) -> None:
    states = ("1", "0", "spam", "trash", "post-trashed", "strano")
    text = wxr(
        "".join(wp(str(n), comment_approved=state) for n, state in enumerate(states))
        + wp("10", comment_type="pingback")
        + wp("11", comment_date_gmt="0000-00-00 00:00:00", comment_date="2019-05-06 07:08:09", comment_type="comment")
        + wp("12", comment_date_gmt="0000-00-00 00:00:00"),
        version=version,
    )
    found = list(wordpress.read(written(tmp_path, text)))
    assert [e.status.value for e in entries(found)][:5] == ["published", "held", "spam", "rejected", "rejected"]
    assert left(found) == ["its state 'strano' is unknown", "it is a pingback"]
    assert [e.at for e in entries(found)][5:] == [datetime(2019, 5, 6, 7, 8, 9, tzinfo=UTC), None]


def test_comments_of_a_draft_are_left_out(tmp_path: Path) -> None:
    found = list(wordpress.read(written(tmp_path, wxr(wp("1"), "<wp:status>draft</wp:status>"))))
    assert (entries(found), left(found)) == ([], ["its article is not published"])


def test_control_characters_do_not_end_a_file(tmp_path: Path) -> None:
    text = wxr(wp("1", comment_content="Te\x0bsto\x00")).encode()
    assert [e.body for e in entries(list(wordpress.read(written(tmp_path, b"\xef\xbb\xbf \n" + text))))] == ["Testo"]


@pytest.mark.parametrize("reader", [wordpress.read, disqus.read])
def test_entities_that_grow_or_fetch_are_refused(tmp_path: Path, reader: Reader) -> None:
    for entity in ('<!ENTITY a "x">', '<!ENTITY a SYSTEM "file:///etc/hostname">'):
        text = f"<?xml version='1.0'?><!DOCTYPE rss [{entity}]><rss><channel><item>&a;</item></channel></rss>"
        with pytest.raises(NotReadable):
            list(reader(written(tmp_path, text)))


def test_isso_s_database(tmp_path: Path) -> None:
    path = tmp_path / "comments.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE threads (id INTEGER PRIMARY KEY, uri TEXT, title TEXT)")
        db.execute(
            "CREATE TABLE comments (tid, id INTEGER PRIMARY KEY, parent, created REAL, mode, text, author, email, website)"
        )
        db.execute("INSERT INTO threads VALUES (1, '/a/', 'A')")
        rows = [(1, 1, None, 1.5e9, 1), (1, 2, 1, 1.5e9 + 5, 2), (1, 3, None, 1.5e9, 4), (1, 4, None, "x", 9)]
        db.executemany("INSERT INTO comments VALUES (?,?,?,?,?,'**Testo**','Ada',NULL,NULL)", rows)
    found = list(isso.read(path))
    assert [(e.source, e.parent, e.status.value, e.markup) for e in entries(found)] == [
        ("1", "", "published", False),
        ("2", "1", "held", False),
        ("3", "", "deleted", False),
    ]
    assert left(found) == ["its mode 9 is unknown"]
    assert entries(found)[0].at == datetime.fromtimestamp(1.5e9, UTC)


def test_remark42_s_backup_packed_and_not(tmp_path: Path) -> None:
    comment = {
        "id": "b",
        "pid": "a",
        "text": "<p>Ciao</p>",
        "orig": "Ciao",
        "user": {"name": "Ada"},
        "locator": {"site": "s", "url": "https://blog.example/a"},
        "time": "2020-01-02T03:04:05.123456789+02:00",
    }
    lines = [{"version": 1, "users": []}, comment, comment | {"id": "c", "orig": "", "delete": True}, {"id": "d"}]
    text = "\n".join(json.dumps(line) for line in lines) + "\nrotto\n"
    for raw in (text.encode(), gzip.compress(text.encode())):
        found = list(remark42.read(written(tmp_path, raw)))
        assert [(e.source, e.markup, e.status.value) for e in entries(found)] == [
            ("b", False, "published"),
            ("c", True, "deleted"),
        ]
        assert left(found) == ["it has no id, page or author", "no JSON object"]
        assert entries(found)[0].at == datetime(2020, 1, 2, 1, 4, 5, 123456, tzinfo=UTC)


@pytest.mark.parametrize("reader", [wordpress.read, disqus.read, isso.read, remark42.read, commento.read, native.read])
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"rotto",
        b"<a/>",
        b"{}",
        b"null",
        b"[1]",
        b"\x1f\x8b\x00",
        b"SQLite format 3\x00" + b"x" * 200,
        b"[" * 100_000,
    ],
)
def test_a_file_of_another_kind_is_refused_in_words(tmp_path: Path, reader: Reader, raw: bytes) -> None:
    with pytest.raises(NotReadable):
        list(reader(written(tmp_path, raw)))
    with pytest.raises(NotReadable):
        list(reader(tmp_path / "missing"))


def test_dates() -> None:
    assert moment("2011-08-31T15:16:29Z") == datetime(2011, 8, 31, 15, 16, 29, tzinfo=UTC)
    for text in ("", "0000-00-00 00:00:00", "2011-x09-30T22:48:43Z", "0001-01-01T00:00:00+14:00"):
        assert moment(text) is None


@pytest.mark.parametrize("reader", [commento.read, isso.read, remark42.read, native.read, disqus.read])
def test_a_packed_file_that_only_fills_the_memory_is_refused(tmp_path: Path, reader: Reader) -> None:
    """A hundredth of what is inside at the least; real exports shrink to a tenth."""
    bomb = tmp_path / "bomba.gz"
    begins = (
        b'<?xml version="1.0"?><disqus xmlns="http://disqus.com">' if reader is disqus.read else b'{"version": 1}\n'
    )
    with gzip.open(bomb, "wb") as out:
        out.write(begins)
        out.writelines(b" " * 1024 * 1024 for _ in range(64))
    with pytest.raises(NotReadable):
        list(reader(bomb))
    # Small as it is, no reader unpacks all of it: the memory that was taken tells.
    tracemalloc.start()
    try:
        with pytest.raises(NotReadable):
            list(reader(bomb))
        assert tracemalloc.get_traced_memory()[1] < 40 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "riga.json"
    file.write_bytes(b'{"kind": "site"}\n' + b" " * (9 * 1024 * 1024))
    with pytest.raises(NotReadable, match="line is longer"):
        list(native.read(file))
