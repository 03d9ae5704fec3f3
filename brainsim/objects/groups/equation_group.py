"""What neurons and synapses have in common: equations become variables, and differential equations become an update."""
from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from brainsim.errors import (
    BrainsimError,
    DimensionMismatchError,
    IntegrationError,
    Source,
    Span,
    UnknownName,
    WrongIndex,
    WrongSyntax,
    WrongType,
    inside,
    near,
)
from brainsim.integrators.adaptive import GIVEN_UP, Adaptive
from brainsim.integrators.choose import integrate, kept
from brainsim.integrators.system import System, Update
from brainsim.ir.state import DTYPES
from brainsim.language.equations import Equation
from brainsim.language.functions import FUNCTIONS, RANDOM
from brainsim.language.statements import parse_statements
from brainsim.language.trees import Assign, Call, Name, Tree, calls, names, rebuild, walk
from brainsim.model.bounds import bounds_of
from brainsim.model.equations import DTYPES as WORDS
from brainsim.model.equations import Equations, check_flags, check_names
from brainsim.model.resolve import Block, Resolver, once_and_each
from brainsim.model.single_equation import dimension_of_unit, is_noise
from brainsim.model.symbols import External, Scope, Symbol
from brainsim.objects.groups.group import Group
from brainsim.objects.groups.variables import Variable
from brainsim.objects.names.missing_units import missing_units
from brainsim.objects.names.namespace import Namespaces, RunNamespace, unit_value
from brainsim.options import single_precision
from brainsim.units import Quantity, get_dimensions
from brainsim.units.check import check_equation
from brainsim.units.dimensions import DIMENSIONLESS, SECOND, Dimension

logger = logging.getLogger("brainsim")
NOISE_DIMENSION = SECOND ** -0.5


def as_equations(model: object, owner: str) -> Equations:
    """The model as `Equations`; `WrongType` for anything but a string or equations."""
    if isinstance(model, Equations):
        return model
    if isinstance(model, str):
        return Equations(Source(model, f"model of {owner}"))
    raise WrongType("The model is a string of equations or an Equations object", found=repr(model),
                    help="NeuronGroup(N, model): the number comes first")


class EquationGroup(Group):
    """A group defined by equations."""

    _flags: Mapping[str, tuple[str, ...]] = {}
    method: object
    method_options: Mapping[str, object]
    _exclusive: tuple[tuple[str, str], ...] = ()
    _reserved: tuple[str, ...] = ()
    _variable_class: type[Variable] = Variable
    _update: Update | None = None
    _warned_invalid = False
    equations: Equations

    def _repr_html_(self) -> str:
        return super()._repr_html_() + self.equations._repr_latex_()

    @property
    def integration(self) -> Update | None:
        """How the differential equations are integrated, ``.method`` and ``.reason``; None before the first run."""
        return self._update

    def declared_names(self) -> Iterable[tuple[str, Span | None]]:
        """The left sides of the equations; a summed variable belongs to the neurons."""
        return [(e.name, e.name_span) for e in self.equations.equations if "summed" not in e.flags]

    def _take_equations(self, model: object, dtype: object, guard: str = "") -> None:
        self.equations = as_equations(model, self.name)
        lines = self.equations.equations
        check_names(lines, lambda n: unit_value(n) is not None, lambda n: n in FUNCTIONS, self._reserved)
        check_flags(lines, self._flags, self._exclusive)
        _check_dtype(dtype, [e.name for e in lines], self.name)
        for e in lines:
            if "summed" in e.flags:
                continue
            shared = "shared" in e.flags
            kind = _float_dtype(e, dtype)
            self.variables[e.name] = self._variable_class(
                e.name, f"{self.name}.{e.name}", dimension_of_unit(e, unit_value), kind, shared=shared, flags=e.flags,
                constant="constant" in e.flags, definition=e.expression if e.kind == "subexpression" else None,
                span=e.span, guard=guard if "unless refractory" in e.flags else "",
                bounds=bounds_of(e, unit_value) if "trainable" in e.flags else None)

        for e in lines:
            for name in names(e.expression) if "shared" in e.flags and e.expression is not None else ():
                v = self.variables.get(name)
                # a link has one value or many; known at the run
                if v is not None and not v.shared and "linked" not in v.flags:
                    raise WrongSyntax(f"The shared '{e.name}' refers to '{name}', which has a value per element",
                                      at=e.span)

    def _allocate(self, count: int) -> None:
        for v in self.variables.values():
            frozen = v.definition is not None and "constant over dt" in v.flags
            if v.values is None and "linked" not in v.flags and (v.definition is None or frozen) and v.symbol is None:
                v.allocate(count)

    def _add_memory(self) -> None:
        """Variables for what an adaptive method remembers of each element; the method may have been changed since the
        last time."""
        for name, kind in kept(self.method, self.method_options or {}).items():
            if name not in self.variables:
                dimension, dtype = (SECOND, "f8") if kind == "time" else (DIMENSIONLESS, "i4")
                self.variables[name] = Variable(name, f"{self.name}.{name}", dimension, dtype)
                self.variables[name].allocate(self._count)

    def integrated_values(self) -> list[tuple[str, np.ndarray]]:
        """The variables of differential equations that have values of their own, and these."""
        every = [(name, self.variables[name]) for name in self.equations.diff_eq_names]
        return [(name, v.values) for name, v in every if not v.moved and v.values is not None]

    def warn_if_invalid(self, name: str, values: np.ndarray) -> None:
        """Say once that the values of a variable are beyond all measure."""
        bad = np.flatnonzero(~(np.abs(values) < 1e50))
        if len(bad) and not self._warned_invalid:
            self._warned_invalid = True
            logger.warning(
                "%s.%s is %s at index %d: the integration became unstable or divided by zero; "
                "a smaller dt or another method may help", self.name, name, values[bad[0]], bad[0],
                extra={"topic": "invalid_values"})

    def check_accuracy(self) -> None:
        """`IntegrationError` if an adaptive method could not reach its accuracy since the last look."""
        given_up = self.variables[GIVEN_UP].values if GIVEN_UP in self.variables else None
        if given_up is None or not given_up.any():
            return
        first = int(np.argmin(np.where(given_up > 0, given_up, np.inf)))
        at, given_up[:] = given_up[first], 0
        steps = (self.method_options or {}).get("max_steps", Adaptive.max_steps)
        raise inside(
            IntegrationError(
                f"The accuracy asked for was not reached for element {first} in the step that ends at t = {at:g} s",
                help=f"allow a larger absolute_error, more than max_steps={steps}, or take a smaller dt"), self.name)

    # -- from equations to blocks --------------------------------------------------------------------------------------
    def check_units(self, run: RunNamespace) -> None:
        """Every line of the model: units, types, shared lines that refer to shared names only."""
        self._add_memory()
        for v in self.variables.values():
            if "linked" in v.flags and v.linked_to is None:
                raise UnknownName(f"The linked variable '{v.name}' was never set", at=v.span,
                                  help=f"{self.name}.{v.name} = linked_var(other_group, 'variable')")
        resolver = self.resolver(run)
        for e in self.equations.equations:
            if e.expression is None or "summed" in e.flags:
                continue
            noise = {n: NOISE_DIMENSION for n in names(e.expression) if is_noise(n)}
            self._add_noise(resolver, e.expression)
            dims = {**resolver.dimensions(e.expression), e.name: self.variables[e.name].dimension, **noise}
            kinds = {**resolver.types(e.expression), e.name: e.dtype}
            self._check_units_of(e, dims, kinds, resolver)
            self._check_stateful(e, resolver)
            self._check_columns(e, resolver)
            self.warn_of_shadows(names(e.expression), run)
            if "shared" in e.flags:
                self._check_shared(e, resolver)

    def _check_units_of(self, e: Equation, dims: Mapping[str, Dimension], kinds: Mapping[str, Any],
                        resolver: Resolver) -> None:
        assert e.expression is not None
        functions = resolver.function_table(e.expression)
        try:
            check_equation(e, dims, kinds, functions)
        except DimensionMismatchError as error:
            found = {
                n.id: resolver.find(n) for n in walk(e.expression)
                if isinstance(n, Name) and not is_noise(n.id) and n.id != e.name
            }
            plain = {
                n: s for n, s in found.items()
                if s.kind == "param" and s.dimension is DIMENSIONLESS and s.origin == "namespace"
            }
            error.help = missing_units(
                plain, lambda given: check_equation(e, {**dims, **given}, kinds, functions)) or error.help
            raise

    def _check_columns(self, e: Equation, resolver: Resolver) -> None:
        """A two-dimensional `TimedArray` called with ``i`` has a column for every element."""
        assert e.expression is not None
        for node in walk(e.expression):
            if not isinstance(node, Call) or node.function in FUNCTIONS or node.args[1:] != (Name("i"),):
                continue
            found = resolver.scope.find(node.function)
            if isinstance(found, External) and found.kind == "timed_array":
                array: Any = found.holder
                columns = array.values.shape[1]
                if columns < self._count:
                    raise WrongIndex(
                        f"The TimedArray '{found.name}' has {columns} columns for {self._count} elements", at=node.span,
                        help="give it a column per element, or choose one: ta(t, i % n)")

    def _check_stateful(self, e: Equation, resolver: Resolver) -> None:
        if e.kind != "subexpression" or "constant over dt" in e.flags or e.expression is None:
            return
        table = resolver.function_table(e.expression)
        random = [f for f in calls(e.expression) if not table[f].stateless]
        if random:
            raise inside(
                WrongSyntax(f"The subexpression '{e.name}' uses '{random[0]}', which gives a new value at every use",
                            at=e.span, help="add the flag (constant over dt): one value per step"), self.name)

    def _check_shared(self, e: Equation, resolver: Resolver) -> None:
        assert e.expression is not None
        for node in walk(e.expression):
            if isinstance(node, Name) and not is_noise(node.id):
                symbol = resolver.find(node)
                if symbol.kind in ("array", "index", "subexpression") and not symbol.shared:
                    raise WrongSyntax(f"The shared '{e.name}' refers to '{node.id}', which has a value per element",
                                      at=node.span)

    def _noise_inlined(self, tree: Tree | None) -> Tree:
        """The expression with the subexpressions that contain noise written out: noise means something in differential
        equations only."""
        assert tree is not None
        lines = {
            e.name: self._noise_inlined(e.expression) for e in self.equations.of_kind("subexpression")
            if e.name in names(tree)
        }
        noisy = {name: inner for name, inner in lines.items() if any(map(is_noise, names(inner)))}
        return rebuild(tree, lambda node: noisy.get(node.id, node) if isinstance(node, Name) else node)

    def _add_noise(self, resolver: Resolver, tree: Tree) -> None:
        for name in names(tree):
            if is_noise(name):
                resolver.symbols.setdefault(name, Symbol(name, "local", name, NOISE_DIMENSION))

    def constant_over_dt(self, run: RunNamespace) -> tuple[Block, Block] | None:
        """Assignments of the subexpressions that hold for a whole step: the shared ones, then those per element."""
        lines = _in_order_of_use([e for e in self.equations.of_kind("subexpression") if "constant over dt" in e.flags],
                                 self.equations)
        if not lines:
            return None
        resolver = self.resolver(run)
        statements = []
        for e in lines:
            assert e.expression is not None
            value = resolver.tree(e.expression)
            resolver.symbols[e.name] = resolver.scope.own[e.name]
            statements.append(Assign(e.name, "=", value, e.span))
        statements.sort(key=lambda s: not resolver.symbols[s.target].shared)
        return once_and_each(Block(tuple(statements), resolver.symbols, resolver.functions, "constant over dt"))

    def system_of(self, resolver: Resolver, lines: Iterable[Equation], dt: float) -> System:
        """The differential equations as an integrator sees them."""
        equations = []
        for e in lines:
            expression = self._noise_inlined(e.expression)
            self._add_noise(resolver, expression)
            equations.append((e.name, resolver.tree(expression)))
        variables = {name for name, _ in equations}
        for name in variables:
            resolver.symbols[name] = resolver.scope.own[name]
        constant = {
            key for key, s in resolver.symbols.items()
            if key not in variables and s.kind in ("param", "array", "index", "size", "count")
        }
        constant |= {key for key, s in resolver.symbols.items() if s.kind == "clock" and s.part == "dt"}
        stateful = RANDOM | {k for k, f in resolver.functions.items() if not f.stateless}
        held = {
            node for _, rhs in equations for node in walk(rhs)
            if isinstance(node, Call) and self._held(node, resolver, dt)
        }
        conditional = {n for n in variables if self.variables[n].guard}
        return System(tuple(equations), frozenset(constant | {"dt"}), frozenset(held), frozenset(stateful),
                      frozenset(conditional))

    def _held(self, node: Call, resolver: Resolver, dt: float) -> bool:
        found = resolver.functions.get(node.function)
        if found is None or found.kind != "timed_array" or not (node.args and node.args[0] == Name("t")):
            return False
        array: Any = found.holder
        ratio = array.dt_ / dt
        return ratio > 0.999999 and abs(ratio - round(ratio)) < 1e-6

    def announce(self, update: Update, method: object) -> None:
        """Tell the user, once per set of equations, which method was chosen for them and why; not when they chose
        it."""
        if isinstance(method, str) and method.lower() == "independent" and "independent" not in _ANNOUNCED:
            _ANNOUNCED.add("independent")
            logger.warning("the method 'independent' is deprecated: say 'exact'",
                           extra={"topic": "deprecated_independent"})
        if isinstance(method, str) or callable(method):
            return
        key = f"{self.equations} {update.method}"
        if key not in _ANNOUNCED:
            _ANNOUNCED.add(key)
            logger.info("%s is integrated by '%s': %s", self.name, update.method, update.reason,
                        extra={"topic": "method_choice"})

    def integrated_by(self, resolver: Resolver, system: System, method: Any, options: Mapping[str, object]) -> Update:
        """The update by the chosen method; errors name this object."""
        try:
            self._update = integrate(system, method, self._plain_options(options or {}))
            return self._update
        except BrainsimError as error:
            raise inside(error, self.name) from error

    def _plain_options(self, options: Mapping[str, object]) -> Mapping[str, object]:
        """The options with errors in base units; `DimensionMismatchError` for one in the unit of something else."""
        def plain(value: object, wanted: Dimension, what: str) -> float:
            found = get_dimensions(value)
            if found is not wanted and isinstance(value, Quantity):
                raise DimensionMismatchError(f"{what} has another unit", wanted, found)
            return float(np.asarray(value))

        made = dict(options)
        single = made.get("absolute_error_per_variable")
        if isinstance(single, Mapping):
            made["absolute_error_per_variable"] = {
                n: plain(v, self.variables[n].dimension, f"The error of '{n}'") if n in self.variables else v
                for n, v in single.items()
            }
        if isinstance(made.get("absolute_error"), Quantity):
            made["absolute_error"] = plain(made["absolute_error"], DIMENSIONLESS,
                                           "'absolute_error' is one number for all variables and")
        return made


_ANNOUNCED: set[str] = set()


def check_units_for(equations: Equations, group: Any, run_namespace: Mapping[str, object] | None = None) -> None:
    """Check every line with the variables and the namespace of a group, and the given names. `DimensionMismatchError`
    where units differ."""
    name = getattr(group, "name", "the group")
    outside = Namespaces(name, getattr(group, "namespace", None), RunNamespace(run_namespace or {}))
    own = {n: Symbol(n, "local", n, v.dim) for n, v in group.variables.items()}
    own |= {n: Symbol(n, "local", n, NOISE_DIMENSION) for n in equations.identifiers if is_noise(n)}
    resolver = Resolver(Scope(name, own, outside))
    for e in equations.equations:
        if e.expression is not None:
            check_equation(e, {**resolver.dimensions(e.expression), e.name: dimension_of_unit(e, unit_value)},
                           resolver.types(e.expression), resolver.function_table(e.expression))


# here, since a model knows no groups and no namespaces
setattr(Equations, "check_units", check_units_for)  # noqa: B010


def _in_order_of_use(lines: Iterable[Equation], equations: Equations) -> list[Equation]:
    """Each line after those it refers to, through other subexpressions too."""
    found: dict[str, Equation] = {}
    mine = {e.name: e for e in lines}

    def visit(e: Equation) -> None:
        for name in sorted(names(e.expression)) if e.expression is not None else ():
            if name in equations and name not in found and equations[name].kind == "subexpression":
                visit(equations[name])
        if e.name in mine:
            found[e.name] = e

    for e in mine.values():
        visit(e)
    return list(found.values())


def _check_dtype(dtype: Any, known: Sequence[str], owner: str) -> None:
    """`UnknownName` for a name in ``dtype`` that is no variable of the equations, `WrongType` for what is no type of
    numbers."""
    for name in dtype if isinstance(dtype, Mapping) else ():
        if name not in known:
            raise UnknownName(f"dtype= names '{name}', which is no variable of {owner}",
                              help=near(str(name), known) or f"its variables are {', '.join(known) or 'none'}")
    for wanted in dtype.values() if isinstance(dtype, Mapping) else (dtype,):
        try:
            np.dtype(wanted)
        except (TypeError, ValueError) as error:
            raise WrongType(
                f"dtype= of {owner} is a type of numbers, or a dictionary name → type", found=repr(wanted),
                help=near(str(wanted), ("float32", "float64", "int32", "int64", "bool"))
                or "'float32' or 'float64', for example") from error


def _float_dtype(e: Equation, dtype: Any) -> str:
    word = WORDS[e.dtype]
    wanted = dtype.get(e.name) if isinstance(dtype, Mapping) else dtype
    if wanted is None and word == "f8" and single_precision():
        return "f4"
    if wanted is None or (word != "f8" and not isinstance(dtype, Mapping)):
        return word
    found = np.dtype(wanted)
    kind = {np.dtype(v): k for k, v in DTYPES.items()}.get(found)
    if kind is None or (kind[0] == "f") != (word[0] == "f"):
        raise WrongType(f"'{e.name}' is declared {e.dtype} and cannot be stored as {found}")
    return kind


def statements_of(text: str, title: str, owner: str) -> tuple[Assign, ...]:
    """User statements as trees."""
    return parse_statements(Source(text, f"{title} of {owner}"))
