"""Functions of the user's: those with code of their own are compiled, kernels that call others become returns to
Python."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from brainsim.ir.program import Array, Host, Kernel, Native, Program


def with_natives(program: Program, natives: Mapping[str, Native], arrays: Mapping[str, Array]) -> Program:
    """The program with those of the compiled functions that it calls, and the arrays they read."""
    called = {name for k in program.kernels for name in k.facts.functions}
    chosen = tuple(natives[name] for name in sorted(called & natives.keys()))
    needed = sorted({name for n in chosen for _, name in n.arrays})
    spaces = sorted({arrays[name].space for name in needed} - set(program.spaces))
    return replace(program, natives=chosen, arrays=(*program.arrays, *(arrays[name] for name in needed)),
                   spaces=(*program.spaces, *spaces))


def to_host(program: Program) -> Program:
    """The same program where every kernel that calls Python is a `Host` kernel: the caller runs it (`only_python`)."""
    if not any(k.calls_python(program.compiled) for k in program.kernels):
        return program
    return replace(program, kernels=tuple(
        _empty(k) if k.calls_python(program.compiled) else k for k in program.kernels))


def only_python(program: Program) -> Program:
    """The kernels that call Python, at their numbers; all others empty."""
    return replace(program, kernels=tuple(
        k if k.calls_python(program.compiled) else _empty(k) for k in program.kernels))


def _empty(kernel: Kernel) -> Kernel:
    return replace(kernel, domain=Host(), body=(), prologue=())
