"""The texts of e-mail: to HTML and back, what is new in an answer, and its subject. Pure.

What reads HTML and histories is imported where it is used, so that a function that never reads
e-mail does not pay for it when it starts.
"""

import re
import unicodedata
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4.element import PageElement, Tag

LONGEST_SUBJECT = 255

# More than any letter that a person writes; what is behind it is quoted history or an attack.
_LONGEST_HTML = 300_000
# Reading the history takes a second for each megabyte; a person's own words stand before it.
_LONGEST_PLAIN = 300_000

_LINK = re.compile(r"https?://[^\s<>\"\u201c\u201d]+", re.IGNORECASE)
_ENDS_A_SENTENCE = ".,;:!?'*_\u2026"
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")


def to_html(text: str) -> str:
    """Return plain text as HTML that shows the same words and holds nothing but them.

    Blank lines make paragraphs, line breaks stay, http and https links can be clicked, and a
    paragraph in a right-to-left script runs from right to left. Without its tags the HTML is the
    text again.
    """
    unified = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    paragraphs = _BLANK_LINES.split(unified) if unified else []
    return "\n\n".join(f'<p dir="auto">{_inline(each)}</p>' for each in paragraphs)


def _inline(paragraph: str) -> str:
    pieces: list[str] = []
    position = 0
    for found in _LINK.finditer(paragraph):
        link = _without_punctuation(found.group())
        if len(link) <= link.index("//") + 2:
            continue
        pieces += (_escaped(paragraph[position : found.start()]), _anchor(link))
        position = found.start() + len(link)
    pieces.append(_escaped(paragraph[position:]))
    return "".join(pieces).replace("\n", "<br>\n")


def _without_punctuation(link: str) -> str:
    """Leave what ends the sentence, or the bracket around the link, out of it."""
    end = len(link)
    unopened = {
        closing: link.count(closing) - link.count(_BRACKETS[closing]) for closing in _BRACKETS
    }
    while end and (link[end - 1] in _ENDS_A_SENTENCE or unopened.get(link[end - 1], 0) > 0):
        end -= 1
        if link[end] in unopened:
            unopened[link[end]] -= 1
    return link[:end]


def _anchor(link: str) -> str:
    escaped = _escaped(link)
    return f'<a href="{escaped}">{escaped}</a>'


def _escaped(text: str) -> str:
    from html import escape

    return escape(text, quote=True)


# --- from HTML -----------------------------------------------------------------------------------

_UNSEEN = frozenset(("script", "style", "head", "title", "template", "noscript", "object", "svg"))
_PARAGRAPHS = frozenset(
    (
        *("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "pre", "table"),
        *("blockquote", "hr", "article", "section"),
    )
)
_LINES = frozenset(
    (
        *("div", "li", "dt", "dd", "tr", "address", "aside", "center", "caption", "fieldset"),
        *("figure", "figcaption", "footer", "form", "header", "main", "nav", "legend", "option"),
        *("body", "html"),
    )
)


# A tag in which another one begins, or the end of the text comes.
_UNFINISHED = re.compile(r"<(?=[^<>]*(?:<|\Z))")
_MOST_UNFINISHED = 100


def to_plain(html: str) -> str:
    """Return what a person reads in the HTML, as text.

    Scripts, styles and hidden elements are left out; block elements and <br> begin new lines.
    """
    return _readable(_parsed(html), new_only=False)


def _parsed(html: str) -> "Tag":
    from bs4 import BeautifulSoup, UnusualUsageWarning
    from bs4.exceptions import ParserRejectedMarkup

    markup = _parsable(html[:_LONGEST_HTML])
    with warnings.catch_warnings():
        # It warns of a text that looks like a file's name; that is still a text.
        warnings.simplefilter("ignore", UnusualUsageWarning)
        try:
            return BeautifulSoup(markup, "html.parser")
        except ParserRejectedMarkup:
            # A declaration that is none. Without "<!" there is no declaration, and the words stay.
            return BeautifulSoup(markup.replace("<!", " "), "html.parser")


def _parsable(html: str) -> str:
    """Take out what the parser goes over again and again: comments, and tags that never end.

    Its time grows with the square of their number. People's mail has a few at most.
    """
    # It cannot hold lone surrogates either.
    html = _without_comments(html.encode(errors="replace").decode())
    if len(_UNFINISHED.findall(html)) > _MOST_UNFINISHED:
        html = _UNFINISHED.sub(" ", html)
    return html


def _without_comments(html: str) -> str:
    kept: list[str] = []
    position = 0
    while (start := html.find("<!--", position)) >= 0:
        kept.append(html[position:start])
        end = html.find("-->", start)
        if end < 0:
            # No comment, as it never ends. Neither is any after it.
            kept.append(html[start:].replace("<!--", " "))
            return "".join(kept)
        position = end + len("-->")
    kept.append(html[position:])
    return "".join(kept)


def _readable(root: "Tag", *, new_only: bool) -> str:
    """Walk the tree without recursion, because hostile HTML is nested as deep as it likes."""
    from bs4.element import NavigableString, PreformattedString, Tag

    page = _Page()
    ahead: list[PageElement | _Leaving] = [root]
    while ahead:
        node = ahead.pop()
        if isinstance(node, _Leaving):
            page.leave(node.name)
        elif isinstance(node, Tag):
            if new_only and _begins_history(node):
                break
            if _is_unseen(node) or (new_only and _is_history(node)):
                continue
            page.enter(node.name)
            ahead.append(_Leaving(node.name))
            ahead += reversed(_children(node, new_only=new_only))
        # Comments and declarations are strings as well, of a kind of their own.
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            page.write(node)
    return page.text()


@dataclass(frozen=True, slots=True)
class _Leaving:
    """The end of an element, put among the nodes that are still to be walked."""

    name: str


class _Page:
    """The lines that a person sees."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._bullet = ""
        self._preformatted = 0

    def enter(self, name: str) -> None:
        """Begin an element."""
        self._end_line(name)
        if name == "br":
            self._break_line()
        elif name == "pre":
            self._preformatted += 1
        elif name in {"td", "th"}:
            self._line.append(" ")
        elif name == "li":
            self._bullet = "- "

    def leave(self, name: str) -> None:
        """End an element."""
        self._end_line(name)
        if name == "pre":
            self._preformatted -= 1

    def write(self, text: str) -> None:
        """Add text, whose line breaks mean something only where it is preformatted."""
        first, *others = text.split("\n") if self._preformatted else [text]
        self._line.append(first)
        for other in others:
            self._break_line()
            self._line.append(other)

    def text(self) -> str:
        """Return the lines, with no more than one blank line between two."""
        self._break_line()
        kept: list[str] = []
        for line in self._lines:
            if line or (kept and kept[-1]):
                kept.append(line)
        return "\n".join(kept).strip()

    def _end_line(self, name: str) -> None:
        if name in _LINES or name in _PARAGRAPHS:
            if "".join(self._line).strip():
                self._break_line()
            self._line = []
            if name in _PARAGRAPHS:
                self._lines.append("")

    def _break_line(self) -> None:
        line = " ".join("".join(self._line).split())
        self._line = []
        if line:
            line = self._bullet + line
            self._bullet = ""
        self._lines.append(line)


def _is_unseen(tag: "Tag") -> bool:
    style = "".join(str(tag.get("style", "")).casefold().split())
    return tag.name in _UNSEEN or tag.has_attr("hidden") or "display:none" in style


# --- what is new ---------------------------------------------------------------------------------

# What mail programs call the history and the signature that they add.
_HISTORY_CLASSES = frozenset(
    (
        *("gmail_attr", "gmail_signature", "gmail_signature_prefix", "moz-cite-prefix"),
        *("moz-signature", "yahoo_quoted", "protonmail_quote", "protonmail_signature_block"),
        *("tutanota_quote", "zmail_extra", "front-blockquote", "OutlookMessageHeader"),
        *("sh-quoted-content", "sh-signature", "hs_reply"),
    )
)
_HISTORY_IDS = frozenset(("ms-outlook-mobile-signature", "OLK_SRC_BODY_SECTION"))
# Everything behind these is history, wherever they stand.
_DIVIDER_IDS = frozenset(
    ("divRplyFwdMsg", "appendonsend", "mail-editor-reference-message-container")
)
# Outlook's line above "From:", in every language.
_OUTLOOK_LINE = re.compile(r"border-top:solid#[0-9a-f]{6}1\.0pt;padding:3\.0pt0")


def new_text(*, text: str | None, html: str | None) -> str:
    """Return what the person wrote now, without quoted history and signature.

    The plain text is preferred. Where nothing but history is recognised, it is not history: the
    whole text is returned then.
    """
    from system_sender.quoted_history import new_lines

    if text and text.strip():
        text = text.lstrip()[:_LONGEST_PLAIN]
        return new_lines(text) or text.strip()
    if not html:
        return ""
    root = _parsed(html)
    whole = _readable(root, new_only=False)
    return new_lines(_readable(root, new_only=True)) or new_lines(whole) or whole


def _begins_history(tag: "Tag") -> bool:
    if str(tag.get("id", "")).removeprefix("x_") in _DIVIDER_IDS:
        return True
    style = "".join(str(tag.get("style", "")).casefold().split())
    return bool(_OUTLOOK_LINE.search(style))


def _is_history(tag: "Tag") -> bool:
    return (
        tag.name == "blockquote"
        or not _HISTORY_CLASSES.isdisjoint(_classes(tag))
        or tag.get("id") in _HISTORY_IDS
    )


def _children(tag: "Tag", *, new_only: bool) -> "list[PageElement]":
    """Return what is in an element; of Gmail's quote, only the answers between the quoted parts."""
    if not (new_only and "gmail_quote" in _classes(tag)):
        return list(tag.contents)
    quotes = [at for at, child in enumerate(tag.contents) if _named(child) == "blockquote"]
    return list(tag.contents[quotes[0] :]) if quotes else []


def _named(node: "PageElement") -> str | None:
    return getattr(node, "name", None)


def _classes(tag: "Tag") -> list[str]:
    classes = tag.get("class")
    return list(classes) if isinstance(classes, list) else []


# --- subjects ------------------------------------------------------------------------------------

# "Re:" in other languages, and "Re[2]:" and "Re(2):" of programs that count.
_ANSWERED = re.compile(
    r"(?:re|aw|antw|antwort|sv|vs|r|rif|res|odp|ynt|atb|vá|απ|отв|отвѣт|ответ|回复|回覆|答复|答覆|"
    r"返信|תשובה|השב|رد)\s?(?:\[\d{1,4}\]|\(\d{1,4}\))?\s?[:\uff1a]\s*",
    re.IGNORECASE,
)
# Controls, lone surrogates, and what some programs take for a line break.
_UNSOUND = frozenset(("Cc", "Cs", "Zl", "Zp"))


def reply_subject(subject: str | None) -> str:
    """Return the subject of an answer: "Re: " once, whatever programs have stacked before it.

    In one line, of at most 255 characters; an answer to no subject has "Re:".
    """
    rest = "".join(" " if _is_unsound(letter) else letter for letter in subject or "")
    rest = " ".join(rest.split())
    while found := _ANSWERED.match(rest):
        rest = rest[found.end() :]
    return f"Re: {rest}"[:LONGEST_SUBJECT].rstrip()


def subject_is_sound(subject: str) -> bool:
    """Say whether a subject may become a header: short enough, and in one line.

    A line break in it would let the rest of it be read as headers of its own. An empty one is
    sound.
    """
    return len(subject) <= LONGEST_SUBJECT and not any(map(_is_unsound, subject))


def _is_unsound(letter: str) -> bool:
    return unicodedata.category(letter) in _UNSOUND
