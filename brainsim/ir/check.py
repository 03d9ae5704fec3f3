"""The specification of legal programs: every name declared once, every index an integer, every dtype consistent."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from brainsim.ir.expressions import Call, Expr, Load, Op, Param, Size, Slots, Tick, dtype
from brainsim.ir.functions import FUNCTIONS
from brainsim.ir.program import Append, Array, Clear, If, Kernel, Let, Program, Statement, Store, While
from brainsim.ir.state import DTYPES
from brainsim.ir.trees import free_locals, walk

OPERATORS = frozenset("+ - * / // % ** neg not and or < <= > >= == != select".split())
STORES = frozenset("= += -= *= /= //= %= **=".split())


def problems(program: Program) -> list[str]:
    """Everything wrong with a program, in words; empty when it is legal."""
    found: list[str] = []
    names = Counter([*(x.name for x in (*program.arrays, *program.queues)), *(name for name, _ in program.params)])
    known = {"space": frozenset(program.spaces), "queue": frozenset(q.name for q in program.queues),
             "array": frozenset(program.declared)}
    params = dict(program.params)
    found += [f"{n} is declared twice" for n, times in names.items() if times > 1]
    found += [f"{n}: two kernels have this name" for n, times in Counter(k.name for k in program.kernels).items()
              if times > 1]
    found += [
        f"array {a.name} lies over the unknown space {a.space}" for a in program.arrays if a.space not in known["space"]
    ]
    found += [f"array {a.name} has the unknown dtype {a.dtype}" for a in program.arrays if a.dtype not in DTYPES]
    found += [
        f"flight of {f.due}: unknown {n}" for f in program.flights
        for n in (f.due, f.recent, f.starts, f.steps, *filter(None, (f.ids,)), *(x for s in f.sums
                                                                                  for x in (s.array, s.index)))
        if n not in names
    ]
    streams: dict[int, str] = {}
    for kernel in program.kernels:
        found += [f"{kernel.name}: {text}" for text in _kernel_problems(program, kernel, known, params)]
        for stream in kernel.facts.streams:
            if stream in streams:
                found.append(f"{kernel.name}: stream {stream} is also drawn in {streams[stream]}")
            streams[stream] = kernel.name
    return found


def _kernel_problems(program: Program, kernel: Kernel, known: Mapping[str, frozenset[str]],
                     params: Mapping[str, str]) -> Iterator[str]:
    """``known``: the names of what there is, by 'space', 'queue', 'array'."""
    arrays = program.declared
    if kernel.clock not in program.clocks:
        yield f"unknown clock {kernel.clock}"
    yield from _domain_problems(program, kernel, known)
    yield from kernel.domain.refuses(kernel.facts.nodes)
    for node in kernel.facts.nodes:
        match node:
            case Load(name, index, t):
                yield from _access(arrays, name, index, t)
            case Store(name, index, op, _, t):
                yield from _access(arrays, name, index, t)
                if op not in STORES:
                    yield f"unknown assignment {op}"
            case Append(queue, slot, _) | Clear(queue, slot):
                if queue not in known["queue"]:
                    yield f"unknown queue {queue}"
                if dtype(slot) not in ("i4", "i8"):
                    yield f"slot of {queue} is not an integer"
            case Tick(clock, _) if clock not in program.clocks:
                yield f"unknown clock {clock}"
            case Slots(queue) if queue not in known["queue"]:
                yield f"unknown queue {queue}"
            case Size(space) if space not in known["space"]:
                yield f"unknown space {space}"
            case Param(name, t) if params.get(name) != t:
                yield f"parameter {name} is {t} here and {params.get(name, 'not declared')} in the program"
            case While(condition, body) if dtype(condition) != "b1" or not _changes(condition, body):
                yield "a loop has a condition that its body does not change"
            case While(_, body) if any(isinstance(n, (Append, Clear)) for s in body for n in walk(s)):
                yield "a loop appends to a queue"
            case Op(op, _) if op not in OPERATORS:
                yield f"unknown operator {op}"
            case Call(function, _) if function not in FUNCTIONS:
                yield f"unknown function {function}"
            case _:
                pass
    yield from _scoping(kernel.prologue, set())
    yield from _scoping(kernel.body, {*kernel.domain.provides, *(s.name for s in kernel.prologue)})


def _domain_problems(program: Program, kernel: Kernel, known: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """What the loop itself uses and the program does not have."""
    for f, name in kernel.domain.marked():
        what, dtypes = f.metadata["names"], f.metadata.get("dtypes", ())
        if name not in known[what]:
            yield f"unknown {what} {name}, the {f.name} of {kernel.domain.title}"
        elif dtypes and program.declared[name].dtype not in dtypes:
            yield f"{name}, the {f.name} of {kernel.domain.title}, is not an array of {' or '.join(dtypes)}"


def _changes(condition: Expr, body: tuple[Statement, ...]) -> bool:
    return bool(free_locals(condition) & {s.name for s in body if isinstance(s, Let)})


def _access(arrays: Mapping[str, Array], name: str, index: Expr, t: str) -> Iterator[str]:
    if name not in arrays:
        yield f"unknown array {name}"
    elif arrays[name].dtype != t:
        yield f"array {name} is {arrays[name].dtype}, used as {t}"
    if dtype(index) not in ("i4", "i8", "b1"):
        yield f"index into {name} is not an integer"


def _scoping(body: tuple[Statement, ...], known: set[str]) -> Iterator[str]:
    for s in body:
        if isinstance(s, (If, While)):
            yield from (f"local {n} is used before it is set" for n in sorted(free_locals(s.condition) - known))
            yield from _scoping(s.body, set(known))
            continue
        yield from (f"local {n} is used before it is set" for n in sorted(free_locals(s) - known))
        if isinstance(s, Let):
            known.add(s.name)
