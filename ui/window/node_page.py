"""What a node's spec says of it, as a page of rich text."""

from __future__ import annotations

import html
import re
from collections.abc import Collection
from typing import Any

from meshloom.graph_runtime.spec import (
    Choice,
    Colour,
    ModelName,
    Multiline,
    NodeSpec,
    OpenFile,
    OpenFolder,
    Param,
    Port,
    Range,
    Seed,
)
from meshloom.ui.fields.text import doc, label, option, shown, unit
from meshloom.ui.theme import theme
from meshloom.ui.words import _

#: Pictures that the page refers to: the node itself, and a socket of a type ("socket:Image", "socket:list:Image").
PICTURE = "node"
_MOST_PATTERNS = 8


def page(spec: NodeSpec, known: Collection[str] = (), picture_width: int = 0) -> str:
    """The page of a node. ``known``: ids of nodes, which become links ("node:image.blur") where they occur."""
    dim = theme().dim
    parts = ["<html><body>"]
    if picture_width:
        parts.append(f'<img src="{PICTURE}" width="{picture_width}" style="float: right">')
    parts.append(f'<h2 style="margin: 0 0 2px 0">{html.escape(_(spec.title))}</h2>')
    parts.append(f'<p style="margin: 0 0 10px 0; color: {dim}">{html.escape(spec.id)}</p>')
    parts.append(f'<p style="margin: 0 0 8px 0">{_rich(_(spec.summary), known)}</p>')
    parts += [_block(each, known) for each in body(spec)]
    traits = _traits(spec)
    if traits:
        parts.append(f'<p style="margin: 0 0 8px 0; color: {dim}">{html.escape(" ".join(traits))}</p>')
    if spec.inputs:
        parts.append(_table(_("Inputs"), [_port_row(port, known) for port in spec.inputs]))
    if spec.outputs:
        parts.append(_table(_("Outputs"), [_port_row(port, known, outgoing=True) for port in spec.outputs]))
    if spec.params:
        parts.append(_table(_("Parameters"), [_param_row(param, known) for param in spec.params]))
    parts.append("</body></html>")
    return "".join(parts)


def body(spec: NodeSpec) -> list[str]:
    """The paragraphs of the docstring after its first line, without what is said of single arguments."""
    text = spec.doc.strip().partition("\n")[2]
    named = {each.name for each in (*spec.inputs, *spec.params) if each.doc}

    def kept(match: re.Match[str]) -> str:
        return "" if match[1] in named else match[0]

    text = re.sub(r"^\s*(\w+): .+(?:\n {2,}\S.*)*", kept, text, flags=re.MULTILINE)
    return [part.strip("\n") for part in re.split(r"\n\s*\n", text) if part.strip()]


def prose(spec: NodeSpec) -> list[str]:
    """What of the body is words, to be translated: its paragraphs and the items of its lists."""
    return [" ".join(part.split()) for each in body(spec) for tag, parts in [_parts(each)] if tag != "pre"
            for part in parts]  # fmt: skip


def limits(param: Param) -> str:
    """Which values a parameter takes, in words."""
    hint = param.hint
    if isinstance(hint, Seed):
        words = _("a random seed")
    elif isinstance(hint, Range) and (hint.low is not None or hint.high is not None):
        words = _range(hint, param)
    elif param.options or isinstance(hint, Choice):
        words = _("one of: {options}").format(options=", ".join(map(option, param.options)))
    elif isinstance(hint, OpenFolder):
        words = _("a folder")
    elif isinstance(hint, OpenFile):
        told = ", ".join(hint.patterns[:_MOST_PATTERNS]) + (
            " …" if len(hint.patterns) > _MOST_PATTERNS else ""
        )
        words = _("a file") if hint.patterns == ("*",) else _("a file: {patterns}").format(patterns=told)
    elif isinstance(hint, Colour):
        words = _("a colour")
    elif isinstance(hint, ModelName):
        words = _("the name of a model")
    elif param.kind in ("floats", "ints"):
        count = param.length
        words = _("{count} numbers").format(count=count) if count else _("numbers")
    else:
        words = {
            "bool": _("on or off"), "int": _("a whole number"), "float": _("a number"), "path": _("a file"),
            "paths": _("files"), "strs": _("words"),
            "str": _("text of several lines") if isinstance(hint, Multiline) else _("text"),
        }.get(param.kind, param.kind)  # fmt: skip
    return words


def _range(hint: Range, param: Param) -> str:
    low, high = (None if each is None else _number(each) for each in (hint.low, hint.high))
    if low is None:
        words = _("at most {high}").format(high=high)
    elif high is None:
        words = _("at least {low}").format(low=low)
    else:
        words = _("{low} to {high}").format(low=low, high=high)
    if param.kind in ("floats", "ints") and param.length:
        return _("{count} numbers, each {range}").format(count=param.length, range=words + unit(param))
    return words + unit(param)


def _number(value: float) -> str:
    """A limit, in digits as far as they can be read."""
    return f"{value:,.0f}".replace(",", " ") if value == int(value) and abs(value) < 1e12 else f"{value:g}"


def _traits(spec: NodeSpec) -> list[str]:
    said = []
    if spec.aliases:
        said.append(_("Also found as: {names}.").format(names=", ".join(spec.aliases)))
    if spec.gpu:
        said.append(_("Uses the graphics card where there is one."))
    if spec.effect:
        said.append(_("Changes something outside Meshloom, so its results are never reused."))
    elif not spec.cacheable:
        said.append(_("Runs each time it is asked for."))
    return said


def _table(title: str, rows: list[tuple[str, str]]) -> str:
    line = f"border-top: 1px solid {theme().line};"
    cells = "".join(
        f'<tr><td width="30%" style="{line} padding: 6px 12px 6px 0">{name}</td>'
        f'<td style="{line} padding: 6px 0 6px 0">{said}</td></tr>'
        for name, said in rows
    )
    head = f'<tr><td colspan="2" style="padding: 16px 0 5px 0"><b>{html.escape(title)}</b></td></tr>'
    return f'<table width="100%" cellspacing="0" cellpadding="0">{head}{cells}</table>'


def _port_row(port: Port, known: Collection[str], outgoing: bool = False) -> tuple[str, str]:
    many = "list:" if port.wire.many else ""
    type_name = port.wire.base.__name__
    kind = _("list of {type}").format(type=_(type_name)) if port.wire.many else _(type_name)
    if not outgoing and not port.required:
        kind = f"{kind}, {_('optional')}"
    dot = f'<img src="socket:{many}{type_name}" width="11" height="11">'
    said = f'<span style="color: {theme().dim}">{html.escape(kind)}</span>'
    if port.doc:
        said += f"<br>{_rich(doc(port.doc), known)}"
    return f"{dot}&nbsp;{html.escape(label(port.name))}", said


def _param_row(param: Param, known: Collection[str]) -> tuple[str, str]:
    kind = limits(param)
    default = _default(param)
    if default:
        kind = f"{kind} · {_('default')} {default}"
    said = f'<span style="color: {theme().dim}">{html.escape(kind)}</span>'
    if param.doc:
        said += f"<br>{_rich(doc(param.doc), known)}"
    return html.escape(label(param.name)), said


def _default(param: Param) -> str:
    held: Any = param.default
    if param.kind in ("path", "paths") or held in ("", (), []):
        return ""
    return shown(param, held)


def _parts(text: str) -> tuple[str, list[str]]:
    """A paragraph, a list, or lines kept as they are where they are indented: the tag, and the texts in it."""
    lines = text.split("\n")
    if all(line.startswith("    ") for line in lines):
        return "pre", ["\n".join(line[4:] for line in lines)]
    if lines[0].lstrip().startswith(("- ", "* ")):
        return "ul", re.split(r"(?:^|\n)\s*[-*] ", text)[1:]
    return "p", [text]


def _block(text: str, known: Collection[str]) -> str:
    tag, parts = _parts(text)
    if tag == "pre":
        return f'<pre style="margin: 0 0 8px 0; color: {theme().dim}">{html.escape(parts[0])}</pre>'
    if tag == "ul":
        inside = "".join(f"<li>{_rich(doc(each), known)}</li>" for each in parts)
        return f'<ul style="margin: 0 0 8px 0">{inside}</ul>'
    return f'<p style="margin: 0 0 8px 0">{_rich(doc(parts[0]), known)}</p>'


def _rich(text: str, known: Collection[str]) -> str:
    """Escaped, with ``code`` as code and ids of nodes as links."""
    words = html.escape(" ".join(text.split()), quote=False)
    words = re.sub(r"``(.+?)``", rf'<code style="color: {theme().text}">\1</code>', words)

    def link(match: re.Match[str]) -> str:
        name = match[0]
        return f'<a href="node:{name}">{name}</a>' if name in known else name

    return re.sub(r"\b[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\b", link, words)
