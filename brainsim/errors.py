"""Every error brainsim raises: an object with fields; its text is laid out here and nowhere else.

An error says four things: *what* is wrong in the user's words, *where* (the line of the user's own string with a
caret), what was *found*, and what would *help*. Each class is also the built-in class users catch (``KeyError``,
``TypeError`` ...).
"""
from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Source:
    """A string the user wrote: its ``text``, what it is (``"model of neurongroup"``), and the script line it was given
    at."""

    text: str
    title: str = "expression"
    made_at: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start:stop`` of a `Source`."""

    source: Source
    start: int
    stop: int

    def picture(self) -> str:
        """The user's line with carets under the span."""
        text = self.source.text
        start = min(self.start, len(text))
        line_start = text.rfind("\n", 0, start) + 1
        line_end = text.find("\n", start)
        line_end = len(text) if line_end < 0 else line_end
        line = text[line_start:line_end]
        indent = len(line) - len(line.lstrip())
        width = max(1, min(self.stop, line_end) - start)
        number = text.count("\n", 0, start) + 1
        where = f"{self.source.title}, line {number}" if "\n" in text.strip("\n") else self.source.title
        if self.source.made_at:
            where += f" ({self.source.made_at})"
        return f"  {where}:\n    {line.strip()}\n    {' ' * (start - line_start - indent)}{'^' * width}"


class BrainsimError(Exception):
    """The root of all errors of brainsim."""

    def __init__(self, what: str, *, at: Span | None = None, found: str = "", help: str = ""):
        super().__init__(what)
        self.what, self.at, self.found, self.help = what, at, found, help
        self.owner: str = ""

    def __str__(self) -> str:
        parts = [f"{self.owner}: {self.what}" if self.owner else self.what]
        if self.at is not None:
            parts.append(self.at.picture())
        if self.found:
            parts.append(f"  Found: {self.found}")
        if self.help:
            parts.append(f"  Help: {self.help}")
        return "\n".join(parts)


class BrianObjectException(BrainsimError):
    """An error met while an object was prepared for a run; `inside` makes any error one, so both classes catch it."""


class InText(BrainsimError, SyntaxError, ValueError):
    """What is wrong with a text; ``msg`` is what Python prints for a `SyntaxError`."""

    msg: Any = property(str)


class WrongSyntax(InText):
    """Text that the equation language does not allow."""


class EquationError(InText):
    """A set of equations that does not hold together (declared twice, unit missing, parse failure)."""


class UnknownName(BrainsimError, KeyError):
    """A name nobody defines."""

    __str__ = BrainsimError.__str__


class UnknownAttribute(BrainsimError, AttributeError):
    """An attribute that the object does not have."""


class WrongType(BrainsimError, TypeError):
    """A value or an expression of the wrong kind."""


class WrongCall(WrongSyntax, WrongType):
    """A function called with another number of arguments than it takes; a text that is wrong, so also a
    `SyntaxError`."""


class WrongValue(BrainsimError, ValueError):
    """A value of the right kind that cannot be used."""


class WrongIndex(BrainsimError, IndexError):
    """An index outside its range, or of the wrong shape."""


class WrongKindOfIndex(WrongType, WrongIndex):
    """Something that is no index at all."""


class WrongState(BrainsimError, RuntimeError):
    """A call that comes too early or too late."""


class Unreadable(BrainsimError, OSError):
    """A file that cannot be read or written."""


class NoFile(Unreadable, FileNotFoundError):
    """A file that is not there."""


class TooLarge(WrongValue, MemoryError):
    """More elements than can be numbered, or than there is room for."""


class WrongSource(WrongType, UnknownAttribute):
    """Something that is no group where a group belongs."""


class NoSpikes(WrongType, UnknownName):
    """A group without a threshold where spikes are needed."""

    __str__ = BrainsimError.__str__


class Unsupported(BrainsimError, NotImplementedError):
    """Something this target or object cannot do; the message names the remedy."""


class DimensionMismatchError(BrainsimError):
    """Two sides whose physical dimensions differ; ``dims`` holds them."""

    def __init__(self, what: str, *dims: object, at: Span | None = None, found: str = "", help: str = ""):
        super().__init__(what, at=at, found=found, help=help)
        self.dims = dims

    def __str__(self) -> str:
        if self.found or not self.dims:
            return super().__str__()
        units = " and ".join(str(d) for d in self.dims)
        noun = "unit is" if len(self.dims) == 1 else "units are"
        head, *rest = super().__str__().split("\n", 1)
        return "\n".join([f"{head} ({noun} {units})", *rest])


class UnsupportedEquationsException(BrainsimError):
    """Equations that the chosen integration method cannot integrate."""


class IntegrationError(BrainsimError, RuntimeError):
    """An adaptive method could not reach the accuracy asked for."""


class MagicError(BrainsimError):
    """The set of objects that `run` would collect is ambiguous."""


class NotStored(UnknownName, MagicError):
    """Objects other than those that were stored."""


class BuildError(BrainsimError, RuntimeError):
    """The compiler refused generated code; ``log`` is the path of the kept compiler log."""

    def __init__(self, what: str, *, log: str = "", found: str = "", help: str = ""):
        super().__init__(what, found=found, help=help)
        self.log = log


def inside(error: BrainsimError, owner: str) -> BrainsimError:
    """The same error, named by the object it belongs to; caught by its own class and by `BrianObjectException`."""
    if isinstance(error, BrianObjectException):
        return error
    kind = type(error)
    both = tuple([kind, BrianObjectException])
    made = type(kind.__name__, both,
                {"__str__": kind.__str__, "__reduce__": lambda self: (_again, (kind, self.args, vars(self)))})
    twin = made.__new__(made)
    twin.args = error.args
    twin.__dict__.update(error.__dict__)
    twin.owner = owner
    return twin


def _again(kind: type[BrainsimError], args: tuple[object, ...], fields: dict[str, object]) -> BrainsimError:
    """An error named by its object, in another process."""
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(fields)
    return inside(error, str(fields["owner"]))


def near(name: str, candidates: Iterable[str], alike: float = 0.6) -> str:
    """``"did you mean 'tau'?"`` when a candidate is spelled like ``name`` (``alike``: how much, up to 1), else an empty
    string."""
    close = difflib.get_close_matches(name, list(dict.fromkeys(candidates)), n=2, cutoff=alike)
    return f"did you mean {' or '.join(repr(c) for c in close)}?" if close else ""
