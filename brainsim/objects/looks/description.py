"""The description of a network as a value: tables of text and mathematics, written as Markdown, LaTeX or HTML."""
from __future__ import annotations

from dataclasses import dataclass, replace

from brainsim.errors import WrongValue
from brainsim.objects.looks import html

FORMATS = ("markdown", "latex")
_IN_LATEX = {
    "\\": r"\textbackslash{}", "_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}", "~":
    r"\textasciitilde{}", "^": r"\textasciicircum{}", "→": r"$\rightarrow$", "<": r"\textless{}", ">":
    r"\textgreater{}", "±": r"$\pm$", "µ": r"\textmu{}"
}


@dataclass(frozen=True)
class Math:
    """LaTeX for the mathematics mode."""

    text: str


Line = str | Math
Cell = tuple[Line, ...]


@dataclass(frozen=True)
class Panel:
    """One table: a title, the heads of its columns, and rows of cells, each some lines."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Description:
    """Tables in the layout of Nordlie, Gewaltig and Plesser (2009, PLoS Comput Biol 5:e1000456); ``str`` writes them in
    its format."""

    title: str
    sections: tuple[Panel, ...]
    format: str = "markdown"

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise WrongValue(f"A network is not described as '{self.format}'",
                             help=" or ".join(f"'{f}'" for f in FORMATS))

    def __str__(self) -> str:
        return _latex(self) if self.format == "latex" else _markdown(self)

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return str(replace(self, format="markdown"))

    def _repr_latex_(self) -> str:
        return str(replace(self, format="latex"))

    def _repr_html_(self) -> str:
        tables = (html.table(s.title, s.head, (("\n".join(_dollars(x) for x in cell) for cell in row)
                                               for row in s.rows)) for s in self.sections)
        return f"<h3>{html.escape(self.title)}</h3>" + "".join(tables)


def _dollars(line: Line) -> str:
    return f"${line.text}$" if isinstance(line, Math) else line


def _markdown(d: Description) -> str:
    def cell(lines: Cell) -> str:
        return "<br>".join(
            _dollars(Math(x.text.replace("|", r"\vert "))) if isinstance(x, Math) else x.replace("|", r"\|").
            replace("<", "&lt;") for x in lines)

    def table(s: Panel) -> str:
        rows = [s.head, ("---",) * len(s.head), *(tuple(map(cell, row)) for row in s.rows)]
        return f"### {s.title}\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows)

    return "\n\n".join([f"## {d.title}", *map(table, d.sections)]) + "\n"


def _latex(d: Description) -> str:
    def line(x: Line) -> str:
        return f"${x.text}$" if isinstance(x, Math) else "".join(_IN_LATEX.get(c, c) for c in x)

    def table(s: Panel) -> str:
        widths = [0.2, *[0.72 / (len(s.head) - 1)] * (len(s.head) - 1)]
        columns = "".join(rf"p{{{w:.2f}\linewidth}}|" for w in widths)
        heads = [tuple(rf"\textbf{{{line(h)}}}" for h in s.head)] if any(s.head) else []
        rows = [*heads, *(tuple(r" \newline ".join(map(line, cell)) for cell in row) for row in s.rows)]
        body = "\n".join(rf"{' & '.join(row)} \\ \hline" for row in rows)
        title = rf"\multicolumn{{{len(s.head)}}}{{|l|}}{{\textbf{{{line(s.title)}}}}} \\ \hline"
        return f"\\noindent\\begin{{tabular}}{{|{columns}}}\n\\hline\n{title}\n{body}\n\\end{{tabular}}\n"

    return f"% needs amsmath; widths add up to one line\n\\subsection*{{{line(d.title)}}}\n\n" + "\n".join(
        map(table, d.sections))
