"""Taking archives in: twice is once, a crash is mended, nothing that runs gets through."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from engagement.cli.imports import import_command
from engagement.domain.comments import Status
from engagement.domain.sites import Site
from engagement.markup import from_html
from engagement.services import archives, comments, privacy
from engagement.services.archives import Report, import_archive
from engagement.services.discussion import posts
from engagement.services.ports import Toolbox
from engagement.storage.db import reading
from engagement.storage.operations import imports as shelf
from engagement.storage.tables import CommentRow, OutboxRow
from tests.archives.test_readers import SAMPLES, samples, wp, written, wxr

PAGE = "https://blog.example/a/"


def shown(site: Site, page: str = PAGE) -> list[tuple[str, str, bool]]:
    thread = comments.read_thread(site, page, sort="oldest", limit=100, after=None)
    assert thread.count == sum(c.status is Status.PUBLISHED for c in thread.comments)
    return [(c.author, c.body_html, c.parent is not None) for c in thread.comments]


def taken(tools: Toolbox, site: Site, tmp_path: Path, text: str, kind: str = "wordpress", **more: object) -> Report:
    return import_archive(tools, site, kind, written(tmp_path, text), **more)  # type: ignore[arg-type]


def rows() -> list[CommentRow]:
    with reading() as session:
        return list(session.scalars(select(CommentRow).order_by(CommentRow.id)))


def test_answers_find_their_place_whatever_the_order(tools: Toolbox, site: Site, tmp_path: Path) -> None:
    text = wxr(
        wp("3", comment_parent="2", comment_author="Carla", comment_date_gmt="2020-01-03 00:00:00")
        + wp("2", comment_parent="1", comment_author="Bruno", comment_date_gmt="2020-01-02 00:00:00")
        + wp("1", comment_author="Ada", comment_date_gmt="2020-01-01 00:00:00")
        + wp("4", comment_parent="99", comment_author="Orfano", comment_date_gmt="2020-01-04 00:00:00")
        + wp("5", comment_parent="5", comment_author="Serpe", comment_date_gmt="2020-01-05 00:00:00")
        + wp("6", comment_parent="7", comment_author="Uno", comment_date_gmt="2020-01-06 00:00:00")
        + wp("7", comment_parent="6", comment_author="Due", comment_date_gmt="2020-01-07 00:00:00")
    )
    report = taken(tools, site, tmp_path, text)
    assert (report.kept, report.attached, report.posts) == ({"published": 7}, 2, 1)
    assert report.left_out == {"what it answers is not there": 1, "it answers itself": 3}
    assert [(author, answer) for author, _, answer in shown(site)] == [
        ("Ada", False), ("Bruno", True), ("Carla", True), ("Orfano", False), ("Serpe", False), ("Uno", False), ("Due", False),
    ]  # fmt: skip
    assert {r.author: r.replies for r in rows()}["Ada"] == 1
    assert posts.find_post(site, 7) == (PAGE, "A & B")


def test_twice_is_once_and_nobody_is_mailed(tools: Toolbox, site: Site, tmp_path: Path) -> None:
    text = wxr(wp("1") + wp("2", comment_parent="1") + wp("3", comment_approved="0"))
    first = taken(tools, site, tmp_path, text)
    before = [(r.id, r.parent, r.replies, r.status) for r in rows()]
    again = taken(tools, site, tmp_path, text)
    assert (first.kept.total(), again.kept.total(), again.known) == (3, 0, 3)
    assert [(r.id, r.parent, r.replies, r.status) for r in rows()] == before
    with reading() as session:
        assert session.scalars(select(OutboxRow)).all() == []


def test_after_a_crash_the_next_import_completes_it(
    tools: Toolbox, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = wxr(wp("2", comment_parent="1") + wp("1"))

    def crash(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shelf, "attach", crash)
        with pytest.raises(KeyboardInterrupt):
            taken(tools, site, tmp_path, text)
    assert [r.parent for r in rows()] == [None, None]
    assert taken(tools, site, tmp_path, text).attached == 1
    assert [answer for _, _, answer in shown(site)].count(True) == 1


def test_a_dry_run_tells_the_same_and_keeps_nothing(tools: Toolbox, site: Site, tmp_path: Path) -> None:
    text = wxr(wp("1") + wp("2", comment_parent="1") + wp("3", comment_type="trackback"))
    dry = taken(tools, site, tmp_path, text, dry_run=True)
    assert rows() == []
    assert posts.find_post(site, 7) is None
    wet = taken(tools, site, tmp_path, text)
    assert (dry.kept, dry.attached, dry.posts, dry.left_out) == (wet.kept, wet.attached, wet.posts, wet.left_out)


def test_pages_of_other_sites_are_left_out_and_moved_ones_are_not(tools: Toolbox, site: Site, tmp_path: Path) -> None:
    text = wxr(wp("1")).replace("https://blog.example", "http://vecchio.example/blog")
    assert taken(tools, site, tmp_path, text).left_out == {"its page is not this site's": 1}
    assert taken(tools, site, tmp_path, text, moved_from=["http://vecchio.example/blog/"]).kept == {"published": 1}
    here = next(o for o in site.origins if o != "https://blog.example")
    assert shown(site, f"{here}/a/")
    plain = wxr(wp("1")).replace("https://blog.example", "http://blog.example")
    assert taken(tools, site, tmp_path, plain).kept == {"published": 1}
    assert shown(site)


def test_markup_is_cleaned_and_lines_are_kept(tools: Toolbox, site: Site, tmp_path: Path) -> None:
    body = (
        "<![CDATA[Uno\ndue <b>tre</b> <script>beep()</script><a href='javascript:beep()' onclick='beep()'>x</a>"
        "\n\nQuattro <img src=x onerror=beep()>]]>"
    )
    taken(tools, site, tmp_path, wxr(wp("1", comment_content=body, comment_author="&lt;b&gt;Ada\x07 \n Rossi")))
    ((author, markup, _),) = shown(site)
    assert author == "<b>Ada Rossi"
    assert markup == ('<p>Uno<br>\ndue <b>tre</b> <a rel="nofollow ugc noopener">x</a></p>\n<p>Quattro </p>')


def test_what_is_missing_gets_a_plain_stand_in(tools: Toolbox, site: Site, tmp_path: Path) -> None:
    text = wxr(
        wp("1", comment_date_gmt="0000-00-00 00:00:00", comment_author_email="rotto", comment_author_url="javascript:x")
        + wp("2", comment_content="")
        + wp("2", comment_content="doppio")
        + wp("2", comment_content="triplo")
        + wp("3", comment_content="x" * 65_526),
        "<wp:comment_status>closed</wp:comment_status>",
    )
    report = taken(tools, site, tmp_path, text)
    assert report.left_out == {
        "it has no text": 1,
        "its id stands there twice": 1,
        "its text is longer than 65525 bytes": 1,
    }
    first = rows()[0]
    assert (first.author, first.email, first.website, first.created_at.year) == ("Anonimo", "", "", 1990)
    assert not comments.read_thread(site, PAGE, sort="oldest", limit=9, after=None).open


def test_our_own_export_comes_back_with_its_ids(tools: Toolbox, site: Site, tmp_path: Path) -> None:
    taken(tools, site, tmp_path, wxr(wp("1", comment_author="Ada") + wp("2", comment_parent="1")))
    before = [(r.id, r.parent, r.author, r.created_at) for r in rows()]
    lines = "\n".join(json.dumps(value) for value in privacy.export(tools, "demo", None))
    assert taken(tools, site, tmp_path, lines, "native").known == 2
    assert [(r.id, r.parent, r.author, r.created_at) for r in rows()] == before


def test_deleted_comments_keep_a_place_only_for_answers(tools: Toolbox, site: Site, tmp_path: Path) -> None:
    export = [
        {"kind": "comment", "id": "a" * 20, "page_url": PAGE, "body": "", "author": "", "status": "deleted"},
        {"kind": "comment", "id": "b" * 20, "page_url": PAGE, "body": "Sì.", "author": "Ada", "status": "published"},
        {"kind": "comment", "id": "c" * 20, "page_url": PAGE, "body": "", "author": "", "status": "deleted"},
    ]
    export[1]["parent"] = "a" * 20
    text = "\n".join(json.dumps(line | {"created_at": "2020-01-01T00:00:00Z"}) for line in export)
    report = taken(tools, site, tmp_path, text, "native")
    assert report.left_out == {"it was deleted, and nothing answers it": 1}
    assert [r.id for r in rows()] == ["a" * 20, "b" * 20]
    assert [(author, answer) for author, _, answer in shown(site)] == [("", False), ("Ada", True)]


@samples
@pytest.mark.parametrize(
    ("name", "kind", "old", "kept", "left"),
    [
        ("isso-wordpress.xml", "wordpress", "http://example.tld", {"published": 8}, 0),
        # a thread of localhost is this site's too; the deleted post has an answer, so it keeps its place
        ("isso-disqus.xml", "disqus", "http://example.org", {"published": 3, "deleted": 1}, 2),
        ("isso-generic.json", "isso", "", {"published": 2}, 0),
        ("remark42-disqus.xml", "disqus", "https://radio-t.com", {"published": 2, "spam": 1}, 3),
        ("remark42-commento.json", "commento", "https://example.com", {"published": 3}, 0),
    ],
)
def test_samples_of_other_projects(
    tools: Toolbox, site: Site, name: str, kind: str, old: str, kept: dict[str, int], left: int
) -> None:
    report = import_archive(tools, site, kind, SAMPLES / name, moved_from=[old] if old else [])
    assert (dict(report.kept), report.left_out.total()) == (kept, left), report
    assert len(rows()) == sum(kept.values())
    assert import_archive(tools, site, kind, SAMPLES / name, moved_from=[old] if old else []).kept.total() == 0


def test_the_command_reports_and_refuses_in_words(tools: Toolbox, site: Site, tmp_path: Path) -> None:
    class House:
        def app(self) -> object:
            from flask import current_app

            return current_app._get_current_object()

        def tools(self) -> Toolbox:
            return tools

    def run(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(import_command, list(words), obj=House())
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    path = written(tmp_path, wxr(wp("1") + wp("2", comment_type="pingback")))
    code, said = run("wordpress", str(path), "--json")
    assert code == 0
    report = json.loads(said[said.index("{") :])
    assert (report["kept"], report["left_out"]) == ({"published": 1}, {"it is a pingback": 1})
    code, said = run("wordpress", str(path), "--dry-run")
    assert code == 0
    assert "known already\t1" in said
    code, said = run("disqus", str(path))
    assert code == 1
    assert "no Disqus export" in said
    assert run("wordpress", str(path), "--site", "ignoto")[0] == 1
    assert set(archives.READERS) == {"wordpress", "disqus", "isso", "remark42", "commento", "native"}


def test_a_text_that_is_too_long_is_not_even_looked_into(
    tools: Toolbox, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cleaning deep markup takes its square: a megabyte of it takes minutes."""
    looked: list[int] = []

    def look(text: str) -> str:
        looked.append(len(text))
        return from_html(text)

    monkeypatch.setattr(archives, "from_html", look)
    report = taken(tools, site, tmp_path, wxr(wp("1", comment_content="&lt;b&gt;" * 30_000) + wp("2")))
    assert report.left_out == {"its text is longer than 65525 bytes": 1}
    assert max(looked) < 1_000
