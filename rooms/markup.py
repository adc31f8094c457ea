"""A message's text → safe HTML, and the names it mentions.

markdown-it with raw HTML off, then nh3 with an allow-list: the second would be enough, the first keeps it bored.
Images are off on purpose: a picture from elsewhere tells its server who is reading, and carries words out in its
address.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any, cast

import nh3
from linkify_it import LinkifyIt
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from pygments import highlight as pygments_highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

MENTION = re.compile(r"(?<![\w@./-])@([a-z0-9](?:[a-z0-9_.-]{0,30}[a-z0-9_])?)(?![\w@])", re.IGNORECASE)
MAX_MENTIONS = 50
MAX_HIGHLIGHTED = 8_000

# One line that no rule of Markdown would change: most of what people say, and 20 times quicker to draw.
PLAIN = re.compile(r"[^\W\d_](?:[\w ,.;:?()'\"%/€…–—-]*[\w,.;:?()'\"%€…–—-])?")

TAGS = {
    "p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "hr", "a", "span",
    "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "span": {"class", "data-user"}, "code": {"class", "data-language"}, "ol":
{"start"},
              "th": {"class"}, "td": {"class"}}  # fmt: skip
ABSOLUTE = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)


def render(body: str, mentionable: Collection[str] = ()) -> str:
    """Safe HTML of a message. `mentionable` are the lower-case names that may become mentions; others stay text."""
    if is_plain(body):
        return f"<p>{html.escape(body, quote=False)}</p>"
    drawn = parser().render(body, {"mentionable": frozenset(mentionable)})
    return sanitize(drawn).strip()


def mentions_in(body: str) -> list[str]:
    """The names after an @ outside code and links, lower case, each once, in order; at most 50."""
    if "@" not in body:
        return []
    names: dict[str, None] = {}
    for token in inline_text(parser().parse(body, {"mentionable": frozenset()})):
        names.update(dict.fromkeys(name.lower() for name in MENTION.findall(token.content)))
    return list(names)[:MAX_MENTIONS]


def is_plain(body: str) -> bool:
    return PLAIN.fullmatch(body) is not None and "_" not in body and "//" not in body


def inline_text(tokens: Iterable[Token]) -> Iterable[Token]:
    for block in tokens:
        depth = 0
        for token in block.children or ():
            depth += (token.type == "link_open") - (token.type == "link_close")
            if token.type == "text" and not depth:
                yield token


@cache
def parser() -> MarkdownIt:
    md = MarkdownIt(
        "commonmark",
        {"html": False, "linkify": True, "breaks": True, "highlight": highlighted},
    )
    md.enable(["table", "strikethrough", "linkify"]).disable("image")
    linkify = cast(LinkifyIt, md.linkify)
    linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    md.validateLink = lambda url: ABSOLUTE.match(url) is not None  # type: ignore[method-assign]
    md.core.ruler.push("mentions", mark_mentions)
    md.core.ruler.push("house_style", fit_house_style)
    md.add_render_rule("mention", draw_mention)
    return md


def mark_mentions(state: StateCore) -> None:
    """Turn @name into a mention, where the room has somebody of that name."""
    mentionable = state.env.get("mentionable") or frozenset()
    if not mentionable or "@" not in state.src:
        return
    for block in state.tokens:
        texts = {id(token) for token in inline_text([block])}
        block.children = [
            piece
            for token in block.children or ()
            for piece in (split_mentions(token, mentionable) if id(token) in texts else [token])
        ] or block.children


def split_mentions(token: Token, mentionable: Collection[str]) -> list[Token]:
    pieces: list[Token] = []
    end = 0
    for match in MENTION.finditer(token.content):
        if match[1].lower() in mentionable:
            pieces += [
                text_token(token.content[end : match.start()]),
                Token("mention", "", 0, content=match[1]),
            ]
            end = match.end()
    return [*pieces, text_token(token.content[end:])]


def text_token(content: str) -> Token:
    return Token("text", "", 0, content=content)


def draw_mention(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    index: int,
    options: OptionsDict,
    env: dict[str, Any],
) -> str:
    name = tokens[index].content
    return f'<span class="mention" data-user="{escapeHtml(name.lower())}">@{escapeHtml(name)}</span>'


def fit_house_style(state: StateCore) -> None:
    """Headings below the page's own; alignment as a class, since the policy forbids inline style."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
        style = token.attrs.pop("style", None)
        if style:
            token.attrs["class"] = str(style).replace("text-align:", "align-")


def highlighted(code: str, language: str, _attributes: str) -> str:
    """Code with its words marked by Pygments; plain when the language is unknown or the text long."""
    if not language or len(code) > MAX_HIGHLIGHTED:
        return ""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    drawn: str = pygments_highlight(code, lexer, HtmlFormatter(nowrap=True, classprefix="hl-"))
    return drawn


def sanitize(drawn: str) -> str:
    return nh3.clean(
        drawn,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow ugc",
        attribute_filter=keep_attribute,
    )


def keep_attribute(tag: str, name: str, value: str) -> str | None:
    if name == "class" and not re.fullmatch(r"mention|hl-\w+|language-[\w+-]+|align-(left|right|center)", value):
        return None
    if name == "href" and not ABSOLUTE.match(value):
        return None
    return value
