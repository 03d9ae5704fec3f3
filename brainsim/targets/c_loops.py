"""A loop of the plan as C: a macro file for each form, which gets finished lines and the few choices of its form."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from brainsim.ir.expressions import Expr
from brainsim.ir.program import Each, Events, Levels, Range
from brainsim.ir.random_rows import BEYOND, GUIDE
from brainsim.targets.c_table import TableNumbers
from brainsim.targets.loops import (
    PLACE,
    OnceLoop,
    PlainLoop,
    Plan,
    RandomRowLoop,
    RowLoop,
    Stage,
    WholeLoop,
)
from brainsim.targets.split import Split
from brainsim.targets.templates import render
from brainsim.targets.words import C
from brainsim.targets.writer import Writer, local


@dataclass(frozen=True)
class Pen:
    """What writes the lines of a kernel: its numbers in the table, and the locals that stand before the loop."""

    writer: Writer
    at: TableNumbers
    known: frozenset[str]

    def body(self, s: Stage, pad: int) -> str:
        """A stage's statements, between what it takes and what it keeps."""
        return "\n".join(self.lines(s, " " * pad))

    def lines(self, s: Stage, pad: str) -> Iterator[str]:
        """The lines of a stage."""
        for name, t in s.takes:
            whole = " != 0.0" if t == "b1" else ""
            yield f"{pad}{C.types[t]} {local(name)} = {local(name)}_kept[k]{whole}; (void){local(name)};"
        for value, argument, _ in s.results:
            yield f"{pad}const double {local(value)} = {local(argument)}_kept[k];"
        taken = {name for name, _ in s.takes} | {value for value, _, _ in s.results}
        yield from self.writer.block(s.body, pad, set(self.known | taken))
        for name, t in s.keeps:
            yield f"{pad}{local(name)}_kept[k] = {local(name)}{' ? 1.0 : 0.0' if t == 'b1' else ''};"
        for _, argument, _ in s.calls:
            yield f"{pad}{local(argument)}_kept[k] = {local(argument)};"

    def slot(self, queue: str, slot: Expr) -> dict[str, str]:
        """What a loop asks of a queue."""
        return dict(queue=self.writer.names[queue], slot=self.writer.expression(slot),
                    value_type=self.at.of.queue_type(queue))

    def owner(self, split: Split) -> dict[str, str]:
        """The array that says whose an element is, and how many there are to be owned; nothing where nobody asks."""
        if split.kind != "target":
            return dict(index="", owners="")
        return dict(index=self.writer.names[split.index], owners=f"T->sizes[{self.at('targets', split.index)}]")


def loop(p: Plan, pen: Pen) -> str:
    """The text of a loop."""
    match p.loop:
        case OnceLoop(body):
            return render("c/once.jinja", body=pen.body(Stage(body), 4))
        case WholeLoop():
            return _whole(p, p.loop, pen)
        case PlainLoop(Events() as domain, stage):
            return render("c/events.jinja", body=pen.body(stage, 8), single=stage.order == "single",
                          **pen.slot(domain.queue, domain.slot), **pen.owner(p.split))
        case PlainLoop(Levels(starts, backward), stage):
            return render("c/levels.jinja", body=pen.body(stage, 12), starts=pen.writer.names[starts],
                          levels=f"T->sizes[{pen.at('rows', starts)}] - 1", backward=backward)
        case RowLoop():
            return _rows(p, p.loop, pen)
        case RandomRowLoop():
            return _random_rows(p.loop, pen)
    raise TypeError(f"not a loop of the plan: {p.loop!r}")


def bounds(domain: Each | Range, pen: Pen) -> tuple[str, str]:
    """The first element and the one after the last."""
    match domain:
        case Each(space):
            return "0", f"T->sizes[{pen.at('sizes', space)}]"
        case Range(first, last):
            return pen.writer.expression(first), pen.writer.expression(last)


def _whole(p: Plan, loop: WholeLoop, pen: Pen) -> str:
    first, last = bounds(loop.domain, pen)
    return render(
        "c/whole.jinja", first=first, last=last, parts=p.split.kind in ("elements", "rare"), block=loop.block,
        grain=loop.grain, draws=loop.draws, kept=list(_kept(loop)), filter=_filter(loop, pen), **pen.owner(p.split),
        stages=[dict(body="\n".join([pen.body(s, 12 if loop.block else 8), *_narrow(s)]), free=s.order == "any",
                     calls=[(local(argument), C.functions[function]) for _, argument, function in s.calls])
                for s in loop.stages])


def _kept(loop: WholeLoop) -> Iterator[str]:
    """Declarations of what stages leave to later ones."""
    arrays = dict(name for s in loop.stages for name in s.keeps)
    for name, t in arrays.items():
        yield f"{'double' if t == 'b1' else C.types[t]} {local(name)}_kept[{loop.block}] __attribute__((aligned(64)));"
    for _, argument, _ in (call for s in loop.stages for call in s.calls):
        yield f"double {local(argument)}_kept[{loop.block}] __attribute__((aligned(64)));"
        yield f"int64_t {local(argument)}_wide = 0;"


def _narrow(s: Stage) -> list[str]:
    """Lines that find out whether a function is easy for the whole block."""
    return [f"            {local(a)}_wide |= BS_NARROW({local(a)}) ? 0 : -1;" for _, a, _ in s.calls]


def _filter(loop: WholeLoop, pen: Pen) -> dict[str, object] | None:
    few = loop.filter
    if few is None:
        return None
    found = few.listed and pen.slot(few.listed.queue, few.listed.slot)
    return dict(before=pen.body(few.before, 12), test=pen.writer.expression(few.test),
                body=pen.body(Stage(few.body), 20), listed=found)


def _rows(p: Plan, loop: RowLoop, pen: Pen) -> str:
    domain, words = loop.domain, pen.writer.names
    cuts = {}
    owner = pen.owner(p.split)
    if owner["index"]:
        cuts = dict(rows=f"(T->sizes[{pen.at('rows', domain.starts)}] - 1)", cuts=f"T->cuts[{pen.at('kernels')}]")
    *early, last = loop.stages
    ahead = [words[a] for a in loop.ahead]
    return render(
        "c/rows.jinja", **pen.slot(domain.queue, domain.slot), starts=words[domain.starts],
        element=f"{words[domain.ids]}[at]" if domain.ids else "at", ids=words[domain.ids] if domain.ids else "",
        place=local(PLACE.name) if loop.packed else "", turns=p.split.kind == "rows", cuts=cuts, chunk=loop.chunk,
        ahead=ahead if domain.ids else sorted(ahead), through=sorted(words[a] for a in loop.through),
        single=last.order == "single", body=pen.body(last, 16 if loop.chunk else 12),
        first=_first(loop, early[0], pen) if early else None)


def _first(loop: RowLoop, s: Stage, pen: Pen) -> dict[str, object]:
    """The stage of a row in which the arguments of functions are computed."""
    kept = [f"{'double' if t == 'b1' else C.types[t]} {local(name)}_kept[{loop.chunk}] __attribute__((aligned(64)));"
            for name, t in s.keeps]
    kept += [f"double {local(a)}_kept[{loop.chunk}] __attribute__((aligned(64))) = {{0}};" for _, a, _ in s.calls]
    return dict(kept=kept, single=s.order == "single", body=pen.body(s, 16),
                calls=[(local(a), C.functions[function]) for _, a, function in s.calls])


def _random_rows(loop: RandomRowLoop, pen: Pen) -> str:
    domain, words, writer = loop.domain, pen.writer.names, pen.writer
    keyed = [(writer.keyed[k], k.law, k.stream, writer.expression(k.key)) for k in loop.keyed]
    return render("c/random_rows.jinja", **pen.slot(domain.queue, domain.slot),
                  key=writer.expression(domain.key), columns=writer.expression(domain.columns), gaps=words[domain.gaps],
                  guide=words[domain.guide], hollow=domain.hollow, beyond=repr(BEYOND), entries=GUIDE, keyed=keyed,
                  body=pen.body(Stage(loop.body), 16))
