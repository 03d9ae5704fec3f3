"""Values of a script that mean more in an equation than a number."""
from __future__ import annotations

from brainsim.model.symbols import External


class InEquations:
    """A function, or values over time, that equations may call by the name that the script has for it."""

    def external(self, name: str) -> External:
        """What the name stands for."""
        raise NotImplementedError
