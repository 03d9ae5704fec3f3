"""Tables as HTML, for notebooks."""
from __future__ import annotations

from collections.abc import Iterable
from html import escape


def table(title: str, head: Iterable[object], rows: Iterable[Iterable[object]], caption: str = "") -> str:
    """A title in bold, a caption, and a table with a line of heads; all of them plain text. LaTeX in dollars is typeset
    by notebooks."""
    def line(cells: Iterable[object], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(str(c), quote=False)}</{tag}>".replace("\n", "<br>")
                                for c in cells) + "</tr>"

    body = "".join(line(row, "td") for row in rows)
    about = f" {escape(caption, quote=False)}" if caption else ""
    return f"<div><b>{escape(title, quote=False)}</b>{about}" + (f"<table>{line(head, 'th')}{body}</table>"
                                                                 if body else "") + "</div>"
