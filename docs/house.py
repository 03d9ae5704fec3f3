"""Draws ``docs/house.svg`` from the imports: ``python docs/house.py``.

A box is a room (a folder of ``brainsim/``, or a file at its top), the wing ``objects/`` is drawn with its rooms. A room
stands above all rooms that it imports from; an arrow is an import that no other path of arrows implies.
"""
from __future__ import annotations

import ast
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "brainsim"
WING = "objects"
#: asked from everywhere, or handing names on; they would only cover the picture with arrows
LEFT_OUT = frozenset({"errors", "options", "preferences", "stages", "naming", "log", "log_file", "star", "numpy_",
                      "__init__", "__main__"})
WIDTH, HEIGHT, GAP, ROW = 118, 34, 18, 76
COLOURS = {"what is meant": "#dfeaf7", "the bridge": "#fbe9c6", "what is done": "#e3f1df", "the door": "#f6e1e1",
           "beside": "#ececec"}
KINDS = {
    **dict.fromkeys(("language", "units", "model", "integrators", "reduction"), "what is meant"),
    "lowering": "the bridge",
    **dict.fromkeys(("ir", "passes", "targets", "runtime", "pipeline"), "what is done"),
    **dict.fromkeys(("events", "learning", "compat"), "beside")
}


def room(path: Path) -> str:
    """``model`` for a file of that folder, ``objects/synapses`` in the wing."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "/".join(parts[:2]) if parts[0] == WING and len(parts) > 2 else parts[0]


def imported(path: Path, known: dict[str, str]) -> set[str]:
    """Rooms that a file imports from."""
    names: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
        elif isinstance(node, ast.Import):
            names |= {a.name for a in node.names}
    return {known[n] for n in names if n in known}


def arrows() -> dict[str, set[str]]:
    """Room → rooms that it imports from."""
    files = [p for p in sorted(ROOT.rglob("*.py")) if room(p) not in LEFT_OUT]
    known = {".".join(("brainsim", *p.relative_to(ROOT).with_suffix("").parts)): room(p) for p in files}
    found: dict[str, set[str]] = {r: set() for r in known.values() if r != WING}
    for p in files:
        if room(p) in found:
            found[room(p)] |= imported(p, known) - {room(p), WING}
    return found


def below(room: str, to: dict[str, set[str]]) -> set[str]:
    """All rooms that can be reached from one."""
    return set().union(*({r} | below(r, to) for r in to[room]))


def essential(to: dict[str, set[str]]) -> dict[str, set[str]]:
    """The arrows that no other path implies."""
    return {r: {x for x in others if not any(x in below(y, to) for y in others - {x})} for r, others in to.items()}


def floors(to: dict[str, set[str]]) -> list[list[str]]:
    """Rooms by the number of floors below them."""
    height: dict[str, int] = {}

    def floor(r: str) -> int:
        if r not in height:
            height[r] = 1 + max(map(floor, to[r]), default=-1)
        return height[r]

    rows: list[list[str]] = [[] for _ in range(1 + max(map(floor, to)))]
    for r in sorted(to):
        rows[height[r]].append(r)
    return rows


def kind(room: str) -> str:
    """Which part of the house a room belongs to."""
    return KINDS.get(room, "the door")


def draw() -> str:
    """The picture as SVG."""
    to = arrows()
    rows = floors(to)
    order = list(COLOURS)
    width = max(len(row) for row in rows) * (WIDTH + GAP) + GAP
    columns = width // (WIDTH + GAP)
    height = len(rows) * ROW + 22 + 24 * -(-len(COLOURS) // columns)
    at: dict[str, tuple[float, float]] = {}
    for n, row in enumerate(rows):
        row.sort(key=lambda r: (order.index(kind(r)), r))
        start = (width - len(row) * (WIDTH + GAP) + GAP) / 2
        for k, r in enumerate(row):
            at[r] = start + k * (WIDTH + GAP), (len(rows) - 1 - n) * ROW + 8
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
             f'font-size="12">',
             '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" '
             'orient="auto">'
             '<path d="M0 0L8 4L0 8z" fill="#777"/></marker></defs>']
    for r, others in sorted(essential(to).items()):
        for other in sorted(others):
            (x, y), (u, v) = at[r], at[other]
            a, b, c = x + WIDTH / 2, y + HEIGHT, u + WIDTH / 2
            lines.append(f'<path d="M{a:g} {b:g}C{a:g} {b + 26:g} {c:g} {v - 26:g} {c:g} {v:g}" fill="none" '
                         f'stroke="#999"'
                         f' marker-end="url(#tip)"/>')
    for r, (x, y) in sorted(at.items()):
        lines += [f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="5" fill="{COLOURS[kind(r)]}" '
                  f'stroke="#666"/>',
                  f'<text x="{x + WIDTH / 2:g}" y="{y + HEIGHT / 2 + 4:g}" text-anchor="middle">{escape(r)}</text>']
    for k, (name, colour) in enumerate(COLOURS.items()):
        x, y = GAP + k % columns * (WIDTH + GAP), len(rows) * ROW + 24 * (1 + k // columns)
        lines += [f'<rect x="{x}" y="{y}" width="14" height="14" fill="{colour}" stroke="#666"/>',
                  f'<text x="{x + 20}" y="{y + 12}">{name}</text>']
    return "\n".join([*lines, "</svg>"]) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("house.svg").write_text(draw(), encoding="utf-8")
