"""A program as C: its kernels with what each reads and writes, and the table by which the scheduler runs them."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from brainsim.ir.program import Kernel, Program
from brainsim.passes.merge import shape
from brainsim.targets import native
from brainsim.targets.c_head import declarations, extent, prologue, settle
from brainsim.targets.c_loops import Pen, bounds, loop
from brainsim.targets.c_table import ListedNumbers, Table, TableNumbers, table
from brainsim.targets.loop_plan import plan
from brainsim.targets.loops import PACKED, Plan, RandomRowLoop, ReturnToPython, RowLoop, WholeLoop
from brainsim.targets.templates import render
from brainsim.targets.words import C
from brainsim.targets.writer import Writer


@dataclass(frozen=True)
class KernelText:
    """Finished text of a kernel: its functions ('' and no lines where it has none) and its row in the table of
    kernels."""

    number: int
    function: str
    join: str
    extent: list[str]
    settle: list[str]
    row: str


def source(program: Program, simd: bool, math: str = "fast") -> str:
    """The C text of a program, which includes the headers in ``templates/c``; ``simd`` declares vector versions of the
    functions (glibc's libmvec), ``math`` is 'fast' or 'strict'."""
    plans = plan(program, staged=math == "fast")
    of, natives = table(program, plans), native.c_lines(program)
    kernels = [_kernel_text(p, of, _alike(p, program, of)) for p in plans]
    return render("c/network.c.jinja", simd=simd, natives=natives, bound=native.is_bound(program), kernels=kernels)


def _alike(p: Plan, program: Program, of: Table) -> dict[str, dict[str, str]]:
    """The kernels that a kernel's text serves, and what each calls the things that the text's own calls so."""
    if len(p.alike) < 2:
        return {}
    dtypes = {name: x.dtype for kind in (of.arrays, of.queues) for name, x in kind.items()}
    names = [shape(program.kernels[of.numbers["kernels", name]], dtypes)[1] for name in p.alike]
    return {kernel: dict(zip(names[0], own)) for kernel, own in zip(p.alike, names)}


def _kernel_text(p: Plan, of: Table, alike: Mapping[str, Mapping[str, str]]) -> KernelText:
    k, number = p.kernel, of.numbers["kernels", p.kernel.name]
    if isinstance(p.loop, ReturnToPython):
        return KernelText(number, "", "", [], [], _row(p, number, of))
    writer, fixed = _writer(p, of), TableNumbers(of, k.name)
    function = _function(p, number, writer, of, alike) if p.alike else ""
    asked = bool(p.room or p.split.kind)
    return KernelText(number, function, _join(p, number, writer, fixed), extent(k, writer, fixed) if asked else [],
                      settle(p, writer, fixed), _row(p, number, of))


def _writer(p: Plan, of: Table) -> Writer:
    keyed = {node: n for n, node in enumerate(p.loop.keyed)} if isinstance(p.loop, RandomRowLoop) else {}
    return Writer(C, of.words, isinstance(p.loop, WholeLoop), p.split.kind == "rare", keyed)


def _function(p: Plan, number: int, writer: Writer, of: Table, alike: Mapping[str, Mapping[str, str]]) -> str:
    """The function of a kernel, or the one that several share with the list of each."""
    at = ListedNumbers(of, p.kernel.name) if alike else TableNumbers(of, p.kernel.name)
    head = declarations(p.kernel, at)
    before, known = prologue(p, writer, at)
    if isinstance(p.loop, RowLoop) and p.loop.packed:
        head.append(f"const int32_t *restrict packed = T->packed[{at('kernels')}];      "
                    f"/* {of.short[p.loop.packed]} in the order of the rows */")
    text = loop(p, Pen(writer, at, known))
    lists = [(of.numbers["kernels", kernel], at.list_of(kernel, names) or [0])
             for kernel, names in alike.items()] if isinstance(at, ListedNumbers) else []
    return render("c/kernel.jinja", number=number, titles=[of.short[name] for name in alike or (p.kernel.name,)],
                  reads=_named(p.kernel.facts.reads - {PACKED} | _packed(p), of),
                  writes=_named(p.kernel.facts.writes, of),
                  shared=bool(p.split.kind), lines=[*head, *before], text=text, lists=lists)


def _packed(p: Plan) -> set[str]:
    return {p.loop.packed} if isinstance(p.loop, RowLoop) and p.loop.packed else set()


def _named(names: frozenset[str], of: Table) -> str:
    return " ".join(sorted(of.short.get(n, n) for n in names)) or "nothing"


def _join(p: Plan, number: int, writer: Writer, at: TableNumbers) -> str:
    """The function that puts the lists of all parts together."""
    if not isinstance(p.loop, WholeLoop) or p.loop.filter is None or p.loop.filter.listed is None:
        return ""
    pen, found = Pen(writer, at, frozenset()), p.loop.filter.listed
    first, last = bounds(p.loop.domain, pen)
    alone = Kernel(p.kernel.name, p.kernel.clock, p.kernel.domain, (found,))
    return render("c/join.jinja", number=number, lines=declarations(alone, at), first=first, last=last,
                  grain=p.loop.grain, **pen.slot(found.queue, found.slot))


def _row(p: Plan, number: int, of: Table) -> str:
    """The kernel in the table that the scheduler goes by (``BsKernel`` in ``table.h``)."""
    clock = f".clock = {of.numbers['clocks', p.kernel.clock]}"
    if isinstance(p.loop, ReturnToPython):
        return clock
    fields = [f".run = kernel_{number}", clock]
    if p.split.kind or p.room:
        fields.append(f".extent = extent_{number}")
    if p.split.kind:
        fields.append(f".work = {p.work}")
    fields += [".pieces = 1"] * (p.split.kind in ("elements", "rare"))
    fields += [f".join = join_{number}"] * (p.split.kind == "rare")
    fields += [".cut = 1"] * (p.split.kind == "target" and isinstance(p.loop, RowLoop))
    if p.room:
        rooms = ", ".join(f"{{{of.numbers['queues', queue]}, {times}}}" for queue, times in p.room)
        fields.append(f".room = (const BsRoom[]){{{rooms}}}, .rooms = {len(p.room)}")
    return ", ".join(fields)
