"""A page in one file, of the house's look, that requests nothing from anywhere: reports, benches, races, the record track."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import resources
from string import Template

from podium.markup import EMPTY, Child, Html, element, escape, join


def render(title: str, body: Html, style: str = "") -> str:
    """The document as text. `style`: rules of one's own, after the house's. Whatever is not `Html` was escaped."""
    assets = resources.files("podium") / "assets"
    rules = (assets / "page.css").read_text("utf-8") + style
    template = Template((assets / "page.html").read_text("utf-8"))
    return template.substitute(title=escape(title), style=rules, body=body.text)


def document(title: str, *parts: Html) -> str:
    """A whole page: a heading, then the parts."""
    return render(f"{title} · Podium", join((element("h1", title), *parts)))


def section(title: str, *parts: Html) -> Html:
    return element("section", element("h2", title), *parts)


def table(heads: Sequence[str], rows: Iterable[Sequence[Child]], *, caption: str = "", kinds: str = "") -> Html:
    """A table that scrolls. `kinds`: a letter a column: n number, t long text, k key, m name, anything else plain."""
    classes = {"n": "number", "t": "text", "k": "key", "m": "name"}
    look = [classes.get(kinds[i : i + 1]) for i in range(len(heads))]
    head = element(
        "tr",
        *(element("th", h, class_=c if c == "number" else None, scope="col") for h, c in zip(heads, look, strict=True)),
    )
    body = [element("tr", *(element("td", v, class_=c) for v, c in zip(row, look, strict=True))) for row in rows]
    if not body:
        return element("p", "None.", class_="soft")
    title = element("caption", caption) if caption else EMPTY
    return element("div", element("table", title, element("thead", head), element("tbody", *body)), class_="scroll")
