"""Kernels that call Python become returns to Python, for targets that cannot call it themselves."""
from __future__ import annotations

from dataclasses import replace

from brainsim.ir.program import Host, Kernel, Program
from brainsim.ir.walk import calls_python


def to_host(program: Program) -> Program:
    """The same program where every kernel that calls Python is a `Host` kernel: the caller runs it (`only_python`)."""
    return replace(program, kernels=tuple(_empty(k) if calls_python(k) else k for k in program.kernels))


def only_python(program: Program) -> Program:
    """The kernels that call Python, at their numbers; all others empty."""
    return replace(program, kernels=tuple(k if calls_python(k) else _empty(k) for k in program.kernels))


def _empty(kernel: Kernel) -> Kernel:
    return replace(kernel, domain=Host(), body=(), prologue=())
