"""A program as C: what the template of the C family may see – names and finished lines, nothing to decide."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeGuard, get_args

from brainsim.ir.expressions import (
    Call,
    Draw,
    Foreign,
    Keyed,
    Load,
    Local,
    Param,
    Part,
    Scalar,
    Size,
    Slots,
    Tick,
    dtype,
)
from brainsim.ir.program import Append, Each, Events, FanOut, Kernel, Let, Once, Program, RandomRows, Range, Store
from brainsim.ir.random_rows import BEYOND, GUIDE
from brainsim.ir.walk import (
    appends,
    draws,
    nodes,
    own_element,
    reads,
    rebuild_kernel,
    scalars,
    touched_queues,
    walk,
    writes,
)
from brainsim.naming import owner_of
from brainsim.passes.merge import shape
from brainsim.targets import native
from brainsim.targets.loop_stages import BLOCK, ROW_BLOCK, Stages, row_stages, stages
from brainsim.targets.split import Split, independent, rare, split, work
from brainsim.targets.templates import read, render
from brainsim.targets.words import C
from brainsim.targets.writer import Writer, identifiers, local

SIMD_FUNCTIONS = "exp log sin cos expm1 log1p log10 tan tanh sinh cosh asin acos atan asinh acosh atanh".split()


def steady_count(program: Program) -> int:
    """How many numbers are kept for a run."""
    return sum(len(steady_lets(k)) for k in program.kernels)


def canonical_names(program: Program) -> dict[str, str]:
    """Program name → name with the owners numbered, so that equal models give equal text whatever the objects are
    called."""
    owners: dict[str, str] = {}

    def short(name: str) -> str:
        owner = owner_of(name)
        return owners.setdefault(owner, f"o{len(owners)}") + name[len(owner):]

    for k in program.kernels:
        short(k.name)
    every = [a.name for a in program.arrays] + [q.name for q in program.queues] + [n for n, _ in program.params]
    return {
        name: short(name)
        for name in [k.name for k in program.kernels] + every + list(program.spaces) + list(program.clocks)
    }


def source(program: Program, simd: bool, math: str = "fast") -> str:
    """The whole C text of a program; ``simd`` declares vector versions of the functions (glibc's libmvec), ``math`` is
    'fast' or 'strict'."""
    short = canonical_names(program)
    storage = [a.name for a in program.arrays] + [q.name for q in program.queues] + [n for n, _ in program.params]
    word = identifiers([short[n] for n in storage])
    names: dict[str | Scalar, str] = {n: word[short[n]] for n in storage}
    names |= {Tick(c, f): f"clock_{k}_{f}" for k, c in enumerate(program.clocks) for f in get_args(Part)}
    names |= {Slots(q.name): f"slots_{k}" for k, q in enumerate(program.queues)}
    names |= {Size(s): f"size_{k}" for k, s in enumerate(program.spaces)}
    names |= native.names(program)
    places = {
        place: n
        for n, place in enumerate((k.name, name) for k in program.kernels for name in steady_lets(k))
    }
    kernels = [_view(program, k, names, short, Numbers(program, places), math) for k in program.kernels]
    return render("c/network.c.jinja", prelude=_prelude(simd), team=read("c/team.h"), natives=native.c_lines(program),
                  kernels=kernels, listed=bool(program.listed))


def _prelude(simd: bool) -> str:
    text = read("c/language.h")
    if not simd:
        return text
    lines = [f'__attribute__((simd("notinbranch"))) double {f}(double);' for f in SIMD_FUNCTIONS]
    lines += [f'__attribute__((simd("notinbranch"))) float {f}f(float);' for f in SIMD_FUNCTIONS]
    lines += [
        f'__attribute__((simd("notinbranch"))) {t} {f}({t}, {t});' for f, t in (("pow", "double"), ("powf", "float"))
    ]
    return text.replace("#include <stdint.h>\n", "#include <stdint.h>\n" + "\n".join(lines) + "\n", 1)


def steady_lets(k: Kernel) -> dict[str, Let]:
    """Numbers of a kernel's prologue that do not change during a run: they depend on parameters and time steps only."""
    found: dict[str, Let] = {}
    for s in k.prologue:
        inner = list(walk(s.value))
        if all(_steady(n, found) for n in inner) and dtype(s.value) in ("f8", "f4") and any(
                isinstance(n, (Scalar, Local)) for n in inner):
            found[s.name] = s
    return found


def _steady(n: object, found: Mapping[str, Let]) -> bool:
    """Whether a node stays as it is for a run; ``found`` are the locals that do."""
    match n:
        case Local(name, _):
            return name in found
        case Tick(_, part):
            return part == "dt"
    return not isinstance(n, (Slots, Load, Draw, Foreign))


def packed_index(program: Program, k: Kernel) -> str:
    """An index array that a loop over stored-elsewhere synapses reads for each of them, '' where there is none: it is
    read from a copy in the order of the rows (`CythonExecutable`), since every look into the array itself would be a
    cache line of its own."""
    if not (isinstance(k.domain, FanOut) and k.domain.ids):
        return ""
    found = [n.array for n in nodes(k) if isinstance(n, Load) and own_element(n.index) and n.dtype == "i4"]
    constant = {a.name for a in program.arrays if a.into}.difference(*map(writes, program.kernels))
    return next((name for name in found if name in constant), "")


PACKED, PLACE = "@packed", Local("@place", "i8")


def _from_packed(k: Kernel, index: str) -> Kernel:
    return rebuild_kernel(
        k, lambda n: Load(PACKED, PLACE, "i4")
        if isinstance(n, Load) and n.array == index and own_element(n.index) else n)


class Numbers:
    """Numbers of arrays, queues, sizes and the like in the table of addresses, as text; kernels that share a function
    find theirs in a list."""

    def __init__(self, program: Program, steady: Mapping[tuple[str, str], int], listed: bool = False):
        self.program, self.steady, self.listed = program, steady, listed
        self.asked: dict[tuple[str, str], int] = {}
        self._of = {
            "arrays": [a.name for a in program.arrays], "queues": [q.name for q in program.queues], "sizes":
            list(program.spaces), "reals": [n for n, t in program.params if t == "f8"], "wholes":
            [n for n, t in program.params if t != "f8"], "kernels": [k.name for k in program.kernels]
        }

    def number(self, kind: str, name: str, kernel: str = "") -> int:
        """Where the thing of this name is; ``targets`` and ``rows`` are the sizes of the spaces that an array points
        into and lies over."""
        if kind == "steady":
            return self.steady[kernel, name]
        if kind in ("targets", "rows"):
            array = next(a for a in self.program.arrays if a.name == name)
            return self._of["sizes"].index(array.into if kind == "targets" else array.space)
        return self._of[kind].index(name)

    def __call__(self, kind: str, name: str, kernel: str = "") -> str:
        """The number, or the place of the list where it is."""
        if not self.listed:
            return str(self.number(kind, name, kernel))
        return f"at[{self.asked.setdefault((kind, name), len(self.asked))}]"

    def for_another(self, names: Mapping[str, str], kernel: str) -> list[int]:
        """The list for a kernel with other names."""
        return [
            self.number(kind, kernel if kind == "kernels" else names.get(name, name), kernel)
            for kind, name in self.asked
        ]


def _view(program: Program, k: Kernel, names: dict[str | Scalar, str], short: dict[str, str], literal: Numbers,
          math: str) -> dict[str, object]:
    number = program.kernels.index(k)
    alike = [m for m in program.kernels if k.name in (m.name, m.like)]
    at = Numbers(program, literal.steady, listed=len(alike) > 1)
    view = _function(program, k, number, names, short, literal, at, math)
    dtypes = {x.name: x.dtype for x in (*program.arrays, *program.queues)}
    mine = shape(k, dtypes)[1]
    lists = [(program.kernels.index(m), short[m.name],
              at.for_another(dict(zip(mine,
                                      shape(m, dtypes)[1])), m.name)) for m in alike]
    return view | dict(like=k.like, alike=lists if len(alike) > 1 else [])


def _function(program: Program, k: Kernel, number: int, names: dict[str | Scalar, str], short: dict[str, str],
              literal: Numbers, at: Numbers, math: str) -> dict[str, object]:
    clock = program.clocks.index(k.clock)
    index = packed_index(program, k)
    if index:
        k, names = _from_packed(k, index), names | {PACKED: "packed"}
    whole = isinstance(k.domain, (Each, Range))
    shared = split(k)
    keyed = {node: n for n, node in enumerate(dict.fromkeys(filter(_of_member, nodes(k))))} if isinstance(
        k.domain, RandomRows) else {}
    writer = Writer(C, names, buffered=whole, listed=shared.kind == "rare", keyed=keyed)
    queues = [q.name for q in program.queues]
    head, mine = _head(program, k, names, literal), _head(program, k, names, at)
    known: set[str] = set()
    steady = steady_lets(k)
    once = [line for name, let in steady.items() for line in writer.block((let,), "", known)]
    once += [f"T->steady[{literal('steady', name, k.name)}] = {local(name)};" for name in steady]
    kept = [
        f"const {C.types[dtype(let.value)]} {local(name)} = T->steady[{at('steady', name, k.name)}]; (void){local(name)};"
        for name, let in steady.items()
    ]
    kept += list(writer.block(tuple(s for s in k.prologue if s.name not in steady), "", known))
    hoisted = set(known)
    pad = {Once: "    ", FanOut: " " * 12, RandomRows: " " * 16}.get(type(k.domain), " " * 8)
    view: dict[str, object] = dict(
        number=number, clock=clock, kind=type(k.domain).__name__, title=short[k.name], head=head, mine=mine,
        reads=" ".join(sorted(short.get(n, n) for n in reads(k) - {PACKED} | ({index} if index else set())))
        or "nothing", writes=" ".join(sorted(short.get(n, n) for n in writes(k))) or "nothing",
        body="\n".join(writer.block(k.body, pad,
                                    known)), kept=kept, steady=once, room=[], extent=[], independent=independent(k))
    if index:
        mine.append(
            f"const int32_t *restrict packed = T->packed[{at('kernels', k.name)}];      /* {short[index]} in the order of the rows */"
        )
    view["draws"] = sorted({(n.law, n.stream) for n in nodes(k)
                            if isinstance(n, Draw) and own_element(n.index)}) if whole else []
    found = rare(k)
    view |= dict(filter="", before="", stages=None, grain=64, block=64 if view["draws"] else BLOCK)
    plain = k.body if found is None else k.body[:-1]
    if math == "fast" and whole and independent(replace(k, body=plain)):
        divided = stages(plain, k.prologue, k.clock)
        view["stages"] = None if divided is None else _stages(divided, writer, hoisted, " " * 12)
        view["grain"] = view["block"] if divided is not None and divided.calls else 64
    elif math == "fast" and isinstance(k.domain, FanOut):
        divided = row_stages(k.body)
        view["stages"] = None if divided is None else _stages(divided, writer, hoisted, " " * 16)
    if found is not None:
        view["filter"] = writer.expression(found.condition)
        view["before"] = "\n".join(writer.block(k.body[:-1], " " * 12, set(hoisted)))
        view["independent"] = independent(replace(k, body=k.body[:-1]))
        view["body"] = "\n".join(writer.block(found.body, " " * 16, set(hoisted)))
    match k.domain:
        case Each(space):
            view |= dict(first="0", last=f"T->sizes[{at('sizes', space)}]",
                         finish=f"T->sizes[{literal('sizes', space)}]")
        case Range(first, last):
            view |= dict(first=writer.expression(first), last=writer.expression(last), finish=writer.expression(last))
        case Events(queue, slot):
            view |= dict(slot=writer.expression(slot), queue=names[queue], value_type=_queue_type(program, queue))
        case FanOut(queue, slot, starts, ids):
            members = sorted(
                {names[n.array] for n in nodes(k) if isinstance(n, (Load, Store)) and own_element(n.index)})
            view |= dict(slot=writer.expression(slot), queue=names[queue], value_type=_queue_type(program, queue),
                         starts=names[starts], ids=names.get(ids, ""), members=members if ids else [], chunk=ROW_BLOCK,
                         ahead=[names[ids], *(["packed"] if index else [])] if ids else members,
                         place=local(PLACE.name) if index else "")
        case RandomRows(queue, slot, key, columns, gaps, guide, hollow):
            view |= dict(slot=writer.expression(slot), queue=names[queue], value_type=_queue_type(program, queue),
                         key=writer.expression(key), columns=writer.expression(columns), gaps=names[gaps],
                         guide=names[guide], hollow=hollow, beyond=repr(BEYOND), entries=GUIDE,
                         keyed=[(n, x.law, x.stream, writer.expression(x.key)) for x, n in keyed.items()])
    wanted = appends(k)
    if wanted:
        view["room"] = [(queues.index(q), times) for q, times in wanted.items()]
    if wanted or shared.kind:
        view["extent"] = _extent(program, k, names, writer, literal)
    return view | _shared(program, k, shared, names, writer, at)


def _stages(divided: Stages, writer: Writer, hoisted: set[str], pad: str) -> dict[str, object]:
    """Lines of each stage; what one leaves to the next lies in arrays of a block."""
    lines: dict[str, list[str]] = {"first": [], "second": [], "bytes": []}
    early, made = divided.kept
    for part, needed, body, kept in (("first", {}, divided.first, early), ("second", early, divided.second, made),
                                     ("bytes", early | made, divided.bytes, {})):
        known = hoisted | set(needed)
        for name, t in needed.items():
            lines[part].append(
                f"{pad}{C.types[t]} {local(name)} = {local(name)}_kept[k]{' != 0.0' if t == 'b1' else ''}; (void){local(name)};"
            )
        if part == "second":
            known |= {value for value, _, _ in divided.calls}
            lines[part] += [
                f"{pad}const double {local(value)} = {local(argument)}_kept[k];" for value, argument, _ in divided.calls
            ]
        lines[part] += writer.block(body, pad, known)
        lines[part] += [
            f"{pad}{local(name)}_kept[k] = {local(name)}{' ? 1.0 : 0.0' if t == 'b1' else ''};"
            for name, t in kept.items()
        ]
    lines["first"] += [f"{pad}{local(argument)}_kept[k] = {local(argument)};" for _, argument, _ in divided.calls]
    arrays = [("double" if t == "b1" else C.types[t], local(name)) for name, t in (early | made).items()]
    calls = [(local(argument), C.functions[function]) for _, argument, function in divided.calls]
    powers = any(getattr(n, "op", "") == "**" for s in divided.first for n in walk(s))
    return dict(arrays=arrays, calls=calls, powers=powers, **{part: "\n".join(text) for part, text in lines.items()})


def _of_member(node: object) -> TypeGuard[Keyed]:
    """Whether a node is a number of the running member of a random row, so that those of 64 members can be drawn
    together."""
    match node:
        case Keyed(_, _, _, Local("j"), Local("number")):
            return True
    return False


def _shared(program: Program, k: Kernel, how: Split, names: dict[str | Scalar, str], writer: Writer,
            at: Numbers) -> dict[str, object]:
    """What the template needs to divide a kernel among threads."""
    view: dict[str, object] = dict(split=how.kind, work=work(k), scalar=False, sorted=how.kind == "target"
                                   and isinstance(k.domain, FanOut))
    if how.kind == "target":
        view |= dict(index=names[how.index], owners=f"T->sizes[{at('targets', how.index)}]",
                     scalar=any(isinstance(n, (Call, Draw)) or getattr(n, "op", "") == "**" for n in nodes(k)))
        if isinstance(k.domain, FanOut):
            view |= dict(rows=f"(T->sizes[{at('rows', k.domain.starts)}] - 1)",
                         cuts=f"T->cuts[{at('kernels', k.name)}]")
    if how.kind == "rare":
        found = next(n for n in nodes(k) if isinstance(n, Append))
        view |= dict(found=names[found.queue], found_slot=writer.expression(found.slot),
                     found_type=_queue_type(program, found.queue))
    return view


def _queue_type(program: Program, name: str) -> str:
    return C.types[next(q.dtype for q in program.queues if q.name == name)]


def _head(program: Program, k: Kernel, names: dict[str | Scalar, str], at: Numbers) -> list[str]:
    """Declarations of everything the kernel uses."""
    used = scalars(k)
    ticks = (Tick(c, part) for c in program.clocks for part in get_args(Part))
    lines = [_scalar(program, tick, names, at) for tick in ticks if tick in used]
    lines += [_scalar(program, s, names, at) for s in used if not isinstance(s, Tick)]
    if draws(k):
        lines += [
            "const uint64_t seed = T->seed;",
            "const int64_t draw_step = T->step[{0}] - T->origin[{0}];".format(program.clocks.index(k.clock))
        ]
    touched, written = reads(k) | writes(k), writes(k)
    for a in program.arrays:
        if a.name in touched:
            const = "" if a.name in written else "const "
            kind = f"{const}{C.types[a.dtype]} *"
            lines.append(f"{kind}restrict {names[a.name]} = ({kind})T->arrays[{at('arrays', a.name)}];")
    for q in program.queues:
        if q.name in touched_queues(k):
            kind, word, n = C.types[q.dtype], names[q.name], at("queues", q.name)
            lines.append(f"{kind} *restrict {word} = ({kind} *)T->queue_data[{n}];")
            lines.append(f"int64_t *restrict {word}_count = T->queue_count[{n}];")
            lines.append(
                f"const int64_t {word}_capacity = T->queue_capacity[{n}]; (void){word}; (void){word}_capacity; (void){word}_count;"
            )
    return lines


def _scalar(program: Program, s: Scalar, names: dict[str | Scalar, str], at: Numbers) -> str:
    """The declaration of a scalar."""
    match s:
        case Tick(clock, part):
            c = program.clocks.index(clock)
            time = f"T->times[{c}][T->step[{c}]]" if clock in program.listed else f"T->step[{c}] * T->dt[{c}]"
            value = {"t": time, "dt": f"T->dt[{c}]", "step": f"T->step[{c}]"}[part]
            return f"const {'int64_t' if part == 'step' else 'double'} {names[s]} = {value};"
        case Slots(queue):
            return f"const int64_t {names[s]} = T->queue_slots[{at('queues', queue)}];"
        case Size(space):
            return f"const int64_t {names[s]} = T->sizes[{at('sizes', space)}];"
        case Param(name, "f8"):
            return f"const double {names[name]} = T->reals[{at('reals', name)}];"
        case Param(name, _):
            return f"const int64_t {names[name]} = T->wholes[{at('wholes', name)}];"
    raise TypeError(f"not a scalar of the program: {s!r}")


def _extent(program: Program, k: Kernel, names: dict[str | Scalar, str], writer: Writer, literal: Numbers) -> list[str]:
    """Lines that return how many elements the kernel will visit."""
    match k.domain:
        case Once():
            return ["(void)T;", "return 1;"]
        case Each(space):
            return [f"return T->sizes[{literal('sizes', space)}];"]
    shell = Kernel(k.name, k.clock, k.domain)
    lines = _head(program, shell, names, literal)
    match k.domain:
        case Range(first, last):
            lines.append(f"return {writer.expression(last)} - {writer.expression(first)};")
        case Events(queue, slot):
            lines.append(f"return {names[queue]}_count[{writer.expression(slot)}];")
        case FanOut(queue, slot, starts, _):
            q = names[queue]
            lines += [
                f"const int64_t slot = {writer.expression(slot)}; int64_t n = 0;",
                f"for (int64_t e = 0; e < {q}_count[slot]; e++) {{ const int64_t j = {q}[slot * {q}_capacity + e]; "
                f"n += {names[starts]}[j + 1] - {names[starts]}[j]; }}", "return n;"
            ]
    return lines
