"""Names of the update program: put together here, and taken apart here only, for people.

``G.v`` is what a user called v in G: a variable, or a constant that G's code uses. ``G.@first`` is what G supplies by
itself; no user can write the mark, so the two never meet.
"""
from __future__ import annotations

MARK = "@"


def supplied(owner: str, word: str) -> str:
    """The name of something that an object supplies itself."""
    return f"{owner}.{MARK}{word}"


def queue_of(owner: str, event: str) -> str:
    """The queue of a group's events of one kind."""
    return supplied(owner, "spikes" if event == "spike" else f"event_{event}")


def end_index(synapses: str, side: str) -> str:
    """The index array from synapses to their neurons on one side, 'pre' or 'post'."""
    return supplied(synapses, f"{side}_index")


def bounds(owner: str) -> tuple[str, str]:
    """The parameters that say which part of a space a group is: its first element, and the one after its last."""
    return supplied(owner, "first"), supplied(owner, "last")


def is_bound(param: str) -> bool:
    """Whether a parameter says which part of a space a group is."""
    return param in bounds(owner_of(param))


def grid_of(array: str, clock: str) -> tuple[str, str]:
    """The parameters of a `TimedArray` on a clock: the length of a grid, and how many of them make a row."""
    return supplied(f"{array}.{clock}", "grid"), supplied(f"{array}.{clock}", "per_row")


def of_cells(program: str) -> str:
    """The array of a constant of synapses once for each cell of them."""
    return f"{program}{MARK}cells"


def of_synapses(cells: str) -> str:
    """The array that one of cells is made from."""
    return cells.removesuffix(f"{MARK}cells")


def owner_of(name: str) -> str:
    """The object that a name of the program belongs to."""
    return name.partition(".")[0]


def field_of(name: str) -> str:
    """What a thing is called within its object, as people read it."""
    return shown(name.partition(".")[2])


def called(owner: str, name: str) -> str:
    """A name as it reads where its owner has another name."""
    return f"{owner}.{name.partition('.')[2]}"


def at_the_end(said: str) -> tuple[str, bool]:
    """An output as a user asks for it, without the ``[-1]`` that means its last value only; and whether that stood
    there."""
    plain = said.removesuffix("[-1]").strip()
    return plain, plain != said


def at_sender(program: str) -> str:
    """A variable of the neuron that an event comes from, in equations of continuous time."""
    return f"pre {program}"


def is_at_sender(name: str) -> bool:
    """Whether a name is one of `at_sender`."""
    return name.startswith("pre ")


def without_sender(name: str) -> str:
    """The variable that `at_sender` was made from, or the name itself."""
    return name.removeprefix("pre ")


def native(word: str) -> str:
    """An array that functions in C or C++ use, under the name that they have for it."""
    return f"{MARK}native.{word}"


def function_of(function: str) -> str:
    """What a user's function is called in the script."""
    return function.partition(MARK)[0]


def is_left_by_stages(word: str) -> bool:
    """Whether a local's word ends like those that loops in stages make for what one stage leaves to the next."""
    return word.endswith(("_kept", "_wide"))


def shown(name: str) -> str:
    """A name as people read it."""
    return name.replace(MARK, "")
