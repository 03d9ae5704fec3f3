"""What users read when something is wrong: each row is an input and the whole message."""
import textwrap

import pytest

from brainsim.compat.methods import ExplicitStateUpdater
from brainsim.errors import BrainsimError, Source
from brainsim.integrators.choose import integrate
from brainsim.integrators.system import System
from brainsim.language.connections import parse_generator
from brainsim.language.equations import parse_equations
from brainsim.language.expressions import parse_expression
from brainsim.language.names import check_identifier
from brainsim.language.statements import parse_statements
from brainsim.units.check import check_assignment, check_condition, check_equation
from brainsim.units.dimensions import DIMENSIONLESS, SECOND, dimension

VOLT = dimension([2, 1, -3, -1, 0, 0, 0])
AMP = dimension([0, 0, 0, 1, 0, 0, 0])
DIMENSIONS = {"v": VOLT, "I": AMP, "g": AMP / VOLT, "tau": SECOND, "t": SECOND, "x": DIMENSIONLESS, "n": DIMENSIONLESS,
              "b": DIMENSIONLESS}
DTYPES = {"n": "integer", "b": "boolean"}


def expression(text: str) -> None:
    parse_expression(Source(text))


def statements(text: str) -> None:
    for statement in parse_statements(Source(text, "reset of neurongroup")):
        check_assignment(statement, DIMENSIONS[statement.target], DIMENSIONS, DTYPES)


def equations(text: str) -> None:
    for equation in parse_equations(Source(text, "model of neurongroup", "script.py:3")):
        check_equation(equation, DIMENSIONS, DTYPES)


def threshold(text: str) -> None:
    check_condition(parse_expression(Source(text, "threshold of neurongroup")), "threshold", DIMENSIONS, DTYPES)


def connection(text: str) -> None:
    parse_generator(Source(text, "connection j"))


def adaptive(options: dict) -> None:
    integrate(System((("v", parse_expression(Source("-v/tau"))),)), "rk45", options)


def name(text: str) -> None:
    check_identifier(text)


ROWS = [
    (
        expression,
        'a = b',
        """
        WrongSyntax: '=' does not compare
          expression:
            a = b
              ^
          Found: '='
          Help: write '==' to compare
        """,
    ),
    (
        expression,
        'a && b',
        """
        WrongSyntax: '&&' is not an operator here
          expression:
            a && b
              ^^
          Found: '&&'
          Help: write 'and'
        """,
    ),
    (
        expression,
        'a || b',
        """
        WrongSyntax: '||' is not an operator here
          expression:
            a || b
              ^^
          Found: '||'
          Help: write 'or'
        """,
    ),
    (
        expression,
        '!a',
        """
        WrongSyntax: '!' is not an operator here
          expression:
            !a
            ^
          Found: '!'
          Help: write 'not'
        """,
    ),
    (
        expression,
        'a & b',
        """
        WrongSyntax: '&' is not an operator here
          expression:
            a & b
              ^
          Found: '&'
          Help: write 'and'
        """,
    ),
    (
        expression,
        'a | b',
        """
        WrongSyntax: '|' is not an operator here
          expression:
            a | b
              ^
          Found: '|'
          Help: write 'or'
        """,
    ),
    (
        expression,
        'a ^ 2',
        """
        WrongSyntax: '^' is not an operator here
          expression:
            a ^ 2
              ^
          Found: '^'
          Help: write '**' for a power
        """,
    ),
    (
        expression,
        '~a',
        """
        WrongSyntax: '~' is not an operator here
          expression:
            ~a
            ^
          Found: '~'
          Help: write 'not'
        """,
    ),
    (
        expression,
        'a << 1',
        """
        WrongSyntax: '<<' is not an operator here
          expression:
            a << 1
              ^^
          Found: '<<'
          Help: multiply by a power of two
        """,
    ),
    (
        expression,
        'a @ b',
        """
        WrongSyntax: '@' is not an operator here
          expression:
            a @ b
              ^
          Found: '@'
          Help: write '*' to multiply
        """,
    ),
    (
        expression,
        'a is b',
        """
        WrongSyntax: 'is' is not an operator here
          expression:
            a is b
              ^^
          Found: 'is'
          Help: write '=='
        """,
    ),
    (
        expression,
        'a not in b',
        """
        WrongSyntax: 'not in' is not an operator here
          expression:
            a not in b
              ^^^^^^
          Found: 'not in'
          Help: compare with '!=' and join the cases with 'and'
        """,
    ),
    (
        expression,
        'a < b <= c',
        """
        WrongSyntax: Comparisons cannot be chained
          expression:
            a < b <= c
            ^^^^^^^^^^
          Found: 'a < b <= c'
          Help: write 'a < b and b <= c'
        """,
    ),
    (
        expression,
        'a if b > c else -d',
        """
        WrongSyntax: Conditional expressions are not allowed
          expression:
            a if b > c else -d
            ^^^^^^^^^^^^^^^^^^
          Found: 'a if b > c else -d'
          Help: write 'int(b > c)*a + int(not (b > c))*(-d)'
        """,
    ),
    (
        expression,
        'a ? b : c',
        """
        WrongSyntax: Conditional expressions are not allowed
          expression:
            a ? b : c
              ^
          Found: '?'
          Help: write 'int(condition)*x + int(not condition)*y'
        """,
    ),
    (
        expression,
        'a if b',
        """
        WrongSyntax: Conditional expressions are not allowed
          expression:
            a if b
              ^^
          Found: 'if'
          Help: write 'int(condition)*x + int(not condition)*y'
        """,
    ),
    (
        expression,
        'a[0]',
        """
        WrongSyntax: Indexing is not allowed in an expression
          expression:
            a[0]
            ^^^^
          Found: 'a[0]'
          Help: expressions are evaluated for each element by themselves
        """,
    ),
    (
        expression,
        'G.v',
        """
        WrongSyntax: Names with a dot are not allowed in an expression
          expression:
            G.v
            ^^^
          Found: 'G.v'
          Help: use the plain name of a variable or function
        """,
    ),
    (
        expression,
        'a.f(1)',
        """
        WrongSyntax: Names with a dot are not allowed in an expression
          expression:
            a.f(1)
            ^^^
          Found: 'a.f'
          Help: use the plain name of a variable or function
        """,
    ),
    (
        expression,
        'f(a)(b)',
        """
        WrongSyntax: Only a name can be called
          expression:
            f(a)(b)
            ^^^^
          Found: 'f(a)'
          Help: write '*' to multiply
        """,
    ),
    (
        expression,
        'f(x=1)',
        """
        WrongSyntax: A function takes its arguments by place, not by name
          expression:
            f(x=1)
              ^^^
          Found: 'x=1'
          Help: remove 'x='
        """,
    ),
    (
        expression,
        'f(*a)',
        """
        WrongSyntax: '*' cannot spread arguments here
          expression:
            f(*a)
              ^^
          Found: '*a'
          Help: give each argument by itself
        """,
    ),
    (
        expression,
        'lambda x: x',
        """
        WrongSyntax: 'lambda' is not allowed in an expression
          expression:
            lambda x: x
            ^^^^^^^^^^^
          Found: 'lambda x: x'
          Help: write a Python function and call it by its name
        """,
    ),
    (
        expression,
        '[a, b]',
        """
        WrongSyntax: Lists are not allowed in an expression
          expression:
            [a, b]
            ^^^^^^
          Found: '[a, b]'
          Help: each element is computed by itself
        """,
    ),
    (
        expression,
        'a, b',
        """
        WrongSyntax: A comma can only separate the arguments of a function
          expression:
            a, b
            ^^^^
          Found: 'a, b'
          Help: a decimal number is written with a point
        """,
    ),
    (
        expression,
        '{a}',
        """
        WrongSyntax: Braces are not allowed in an expression
          expression:
            {a}
            ^^^
          Found: '{a}'
          Help: write parentheses
        """,
    ),
    (
        expression,
        "'a'",
        """
        WrongSyntax: Text in quotes is not allowed in an expression
          expression:
            'a'
            ^^^
          Found: "'a'"
          Help: use names, numbers, operators and functions only
        """,
    ),
    (
        expression,
        '1j',
        """
        WrongSyntax: Complex numbers are not allowed
          expression:
            1j
            ^^
          Found: '1j'
          Help: write '*' before a variable named 'j'
        """,
    ),
    (
        expression,
        '1e999',
        """
        WrongSyntax: The number is too large
          expression:
            1e999
            ^^^^^
          Found: '1e999'
          Help: write 'inf' for infinity
        """,
    ),
    (
        expression,
        '2v',
        """
        WrongSyntax: A multiplication sign is missing
          expression:
            2v
            ^^
          Found: '2v'
          Help: write '2*v'
        """,
    ),
    (
        expression,
        '2.5e3 mV',
        """
        WrongSyntax: A multiplication sign is missing
          expression:
            2.5e3 mV
            ^^^^^^^^
          Found: '2.5e3 mV'
          Help: write '2.5e3*mV'
        """,
    ),
    (
        expression,
        'a b',
        """
        WrongSyntax: An operator is missing between two values
          expression:
            a b
            ^^^
          Found: 'a b'
          Help: write '*' to multiply
        """,
    ),
    (
        expression,
        '(a + b',
        """
        WrongSyntax: '(' is never closed
          expression:
            (a + b
            ^
          Found: '('
          Help: add the missing parenthesis
        """,
    ),
    (
        expression,
        'a + b)',
        """
        WrongSyntax: ')' closes nothing
          expression:
            a + b)
                 ^
          Found: ')'
          Help: remove it, or add the parenthesis that opens it
        """,
    ),
    (
        expression,
        'a +',
        """
        WrongSyntax: Nothing follows '+'
          expression:
            a +
              ^
          Found: '+'
          Help: complete the expression
        """,
    ),
    (
        expression,
        '* a',
        """
        WrongSyntax: Nothing stands before '*'
          expression:
            * a
            ^
          Found: '*'
          Help: complete the expression
        """,
    ),
    (
        expression,
        'a */ b',
        """
        WrongSyntax: '/' does not fit here
          expression:
            a */ b
               ^
          Found: '/'
          Help: something is missing before it, or it is one too many
        """,
    ),
    (
        expression,
        'a =< b',
        """
        WrongSyntax: '=<' is not an operator here
          expression:
            a =< b
              ^^
          Found: '=<'
          Help: write '<='
        """,
    ),
    (
        expression,
        'a <> b',
        """
        WrongSyntax: '<>' is not an operator here
          expression:
            a <> b
              ^^
          Found: '<>'
          Help: write '!='
        """,
    ),
    (
        expression,
        'a += 1',
        """
        WrongSyntax: An assignment is not an expression
          expression:
            a += 1
              ^^
          Found: '+='
          Help: give each assignment a line of its own
        """,
    ),
    (
        expression,
        'a := 1',
        """
        WrongSyntax: An assignment is not an expression
          expression:
            a := 1
              ^^
          Found: ':='
          Help: give each assignment a line of its own
        """,
    ),
    (
        expression,
        'class + 1',
        """
        WrongSyntax: 'class' is a Python keyword and cannot be used in an expression
          expression:
            class + 1
            ^^^^^
          Found: 'class'
          Help: use another name
        """,
    ),
    (
        expression,
        'select(a, b, c)',
        """
        WrongSyntax: 'select' is not a function for equations
          expression:
            select(a, b, c)
            ^^^^^^
          Found: 'select'
          Help: write 'int(condition)*x + int(not condition)*y'
        """,
    ),
    (
        expression,
        'None',
        """
        WrongSyntax: This is not allowed in an expression
          expression:
            None
            ^^^^
          Found: 'None'
          Help: use names, numbers, operators and functions only
        """,
    ),
    (
        expression,
        'a $ b',
        """
        WrongSyntax: '$' does not fit here
          expression:
            a $ b
              ^
          Found: '$'
          Help: something is missing before it, or it is one too many
        """,
    ),
    (
        expression,
        'τ + 1',
        """
        WrongSyntax: Only plain (ASCII) characters are allowed
          expression:
            τ + 1
            ^
          Found: 'τ'
          Help: write 'tau'
        """,
    ),
    (
        expression,
        'a − b',
        """
        WrongSyntax: Only plain (ASCII) characters are allowed
          expression:
            a − b
              ^
          Found: '−'
          Help: write '-'
        """,
    ),
    (
        expression,
        'x for x in y',
        """
        WrongSyntax: 'for' is a Python keyword and cannot be used in an expression
          expression:
            x for x in y
              ^^^
          Found: 'for'
          Help: use another name
        """,
    ),
    (
        expression,
        'a +\n  b < c +\n  d && e',
        """
        WrongSyntax: '&&' is not an operator here
          expression, line 3:
            d && e
              ^^
          Found: '&&'
          Help: write 'and'
        """,
    ),
    (
        statements,
        'v == 0',
        """
        WrongSyntax: '==' compares, it does not assign
          reset of neurongroup:
            v == 0
              ^^
          Help: write '='
        """,
    ),
    (
        statements,
        'v',
        """
        WrongSyntax: This statement assigns nothing
          reset of neurongroup:
            v
            ^
          Found: 'v'
          Help: write 'name = expression' or 'name += expression'
        """,
    ),
    (
        statements,
        'v + 1',
        """
        WrongSyntax: This statement assigns nothing
          reset of neurongroup:
            v + 1
            ^^^^^
          Found: 'v + 1'
          Help: write 'name = expression' or 'name += expression'
        """,
    ),
    (
        statements,
        '= 1',
        """
        WrongSyntax: The left side of the assignment is missing
          reset of neurongroup:
            = 1
            ^
          Help: write the name of a variable
        """,
    ),
    (
        statements,
        'v =',
        """
        WrongSyntax: The right side of '=' is missing
          reset of neurongroup:
            v =
              ^
        """,
    ),
    (
        statements,
        '3 = v',
        """
        WrongSyntax: Only a variable can be assigned to
          reset of neurongroup:
            3 = v
            ^
          Found: '3'
          Help: write the name of a variable
        """,
    ),
    (
        statements,
        'v[0] = 1',
        """
        WrongSyntax: Only a variable can be assigned to
          reset of neurongroup:
            v[0] = 1
            ^^^^
          Found: 'v[0]'
          Help: use the plain name of a variable; code applies to each element by itself
        """,
    ),
    (
        statements,
        'G.v = 1',
        """
        WrongSyntax: Only a variable can be assigned to
          reset of neurongroup:
            G.v = 1
            ^^^
          Found: 'G.v'
          Help: write the name of a variable
        """,
    ),
    (
        statements,
        'v ^= 1',
        """
        WrongSyntax: '^=' is not an assignment here
          reset of neurongroup:
            v ^= 1
              ^^
          Help: use one of = += -= *= /= //= %= **=
        """,
    ),
    (
        statements,
        'if v > 1: v = 0',
        """
        WrongSyntax: There is no 'if' in statements
          reset of neurongroup:
            if v > 1: v = 0
            ^^^^^^^^^^^
          Found: 'if v > 1: v'
          Help: write 'v = int(condition)*x + int(not condition)*v'
        """,
    ),
    (
        statements,
        'x = 1\n  + 2',
        """
        WrongSyntax: This statement assigns nothing
          reset of neurongroup, line 2:
            + 2
            ^^^
          Found: '+ 2'
          Help: put an expression that goes on over several lines into parentheses
        """,
    ),
    (
        statements,
        'x = n = 1',
        """
        WrongSyntax: '=' does not compare
          reset of neurongroup:
            x = n = 1
                  ^
          Found: '='
          Help: write '==' to compare
        """,
    ),
    (
        statements,
        'v = 1',
        """
        DimensionMismatchError: Both sides of '=' must have the same unit
          reset of neurongroup:
            v = 1
                ^
          Found: 'v' in volt and '1' without unit
          Help: give the number a unit, '1*volt' for example
        """,
    ),
    (
        statements,
        'v += I',
        """
        DimensionMismatchError: Both sides of '+=' must have the same unit
          reset of neurongroup:
            v += I
                 ^
          Found: 'v' in volt and 'I' in amp
          Help: the two differ by a factor in ohm
        """,
    ),
    (
        statements,
        'v *= v',
        """
        DimensionMismatchError: The right side of '*=' must have no unit
          reset of neurongroup:
            v *= v
                 ^
          Found: 'v' in volt
          Help: divide it by a quantity in volt
        """,
    ),
    (
        statements,
        'v //= 2',
        """
        DimensionMismatchError: '//=' changes the unit of 'v'
          reset of neurongroup:
            v //= 2
            ^
          Found: 'v' in volt
        """,
    ),
    (
        statements,
        'v += g*v',
        """
        DimensionMismatchError: Both sides of '+=' must have the same unit
          reset of neurongroup:
            v += g*v
                 ^^^
          Found: 'v' in volt and 'g*v' in amp
          Help: the two differ by a factor in ohm
        """,
    ),
    (
        statements,
        'x += b and n',
        """
        WrongType: An operand of 'and' must be true or false
          reset of neurongroup:
            x += b and n
                       ^
          Found: 'n', an integer
          Help: compare it with something, 'n > ...' for example, or write 'n != 0'
        """,
    ),
    (
        statements,
        'v = 0\nx += 2v',
        """
        WrongSyntax: A multiplication sign is missing
          reset of neurongroup, line 2:
            x += 2v
                 ^^
          Found: '2v'
          Help: write '2*v'
        """,
    ),
    (
        equations,
        'dv/dt = -v/tau',
        """
        EquationError: The unit of 'v' is missing
          model of neurongroup (script.py:3):
            dv/dt = -v/tau
            ^^^^^^^^^^^^^^
          Help: end the equation with its unit, ': volt' for example, or with ': 1' if it has none
        """,
    ),
    (
        equations,
        'dv/dt = -v/tau\nx : 1',
        """
        EquationError: The unit of 'v' is missing
          model of neurongroup, line 1 (script.py:3):
            dv/dt = -v/tau
            ^^^^^^^^^^^^^^
          Help: end the equation with its unit, ': volt' for example, or with ': 1' if it has none
        """,
    ),
    (
        equations,
        'x',
        """
        EquationError: The unit of 'x' is missing
          model of neurongroup (script.py:3):
            x
            ^
          Help: end the equation with its unit, ': volt' for example, or with ': 1' if it has none
        """,
    ),
    (
        equations,
        'x :',
        """
        EquationError: The unit of 'x' is missing
          model of neurongroup (script.py:3):
            x :
            ^
          Help: end the equation with its unit, ': volt' for example, or with ': 1' if it has none
        """,
    ),
    (
        equations,
        'x : bool',
        """
        WrongType: 'bool' is not a type of variables
          model of neurongroup (script.py:3):
            x : bool
                ^^^^
          Help: write ': boolean'
        """,
    ),
    (
        equations,
        'x : int',
        """
        WrongType: 'int' is not a type of variables
          model of neurongroup (script.py:3):
            x : int
                ^^^
          Help: write ': integer'
        """,
    ),
    (
        equations,
        'x : float',
        """
        WrongType: 'float' is not a type of variables
          model of neurongroup (script.py:3):
            x : float
                ^^^^^
          Help: write ': 1'
        """,
    ),
    (
        equations,
        'dn/dt = 1/tau : integer',
        """
        WrongType: A differential equation describes a float
          model of neurongroup (script.py:3):
            dn/dt = 1/tau : integer
                            ^^^^^^^
          Found: 'n' as integer
          Help: declare it with a unit or ': 1'
        """,
    ),
    (
        equations,
        'x : 2*volt',
        """
        EquationError: A unit is declared without a number
          model of neurongroup (script.py:3):
            x : 2*volt
                ^
          Found: 2
          Help: put the number into the values
        """,
    ),
    (
        equations,
        'x : volt + amp',
        """
        EquationError: This is not a unit
          model of neurongroup (script.py:3):
            x : volt + amp
                ^^^^^^^^^^
          Help: combine names of units by '*', '/' and '**'
        """,
    ),
    (
        equations,
        'x : 1; n : 1',
        """
        EquationError: ';' does not separate equations
          model of neurongroup (script.py:3):
            x : 1; n : 1
                 ^
          Help: begin each equation on a new line
        """,
    ),
    (
        equations,
        'n = 1 : 1 x : 1',
        """
        EquationError: One line holds one equation
          model of neurongroup (script.py:3):
            n = 1 : 1 x : 1
                    ^^^^^^^
          Found: '1 x : 1'
          Help: begin each equation on a new line
        """,
    ),
    (
        equations,
        'x : 1\nx : volt',
        """
        EquationError: 'x' is defined twice
          model of neurongroup, line 2 (script.py:3):
            x : volt
            ^
          Help: remove one of the two, or rename it
        """,
    ),
    (
        equations,
        '1x : 1',
        """
        EquationError: The left side of an equation is one name
          model of neurongroup (script.py:3):
            1x : 1
            ^^
          Found: '1x'
          Help: write 'dx/dt = expression : unit', 'x = expression : unit' or 'x : unit'
        """,
    ),
    (
        equations,
        'd1x/dt = 1 : 1',
        """
        EquationError: '1x' is not a name
          model of neurongroup (script.py:3):
            d1x/dt = 1 : 1
             ^^
          Help: a name begins with a letter
        """,
    ),
    (
        equations,
        'dx/dy = 1 : 1',
        """
        EquationError: Only derivatives by time are possible
          model of neurongroup (script.py:3):
            dx/dy = 1 : 1
            ^^^^^
          Found: 'dx/dy'
          Help: write 'dx/dt = ...'
        """,
    ),
    (
        equations,
        'dv/dt : 1',
        """
        EquationError: 'dv/dt' has no right side
          model of neurongroup (script.py:3):
            dv/dt : 1
            ^^^^^
          Help: write 'dx/dt = expression : unit'
        """,
    ),
    (
        equations,
        'x += 1 : 1',
        """
        EquationError: '+=' is not possible in an equation
          model of neurongroup (script.py:3):
            x += 1 : 1
              ^^
          Help: write 'dx/dt = expression : unit', 'x = expression : unit' or 'x : unit'
        """,
    ),
    (
        equations,
        'hello world',
        """
        EquationError: This line is not an equation
          model of neurongroup (script.py:3):
            hello world
            ^^^^^^^^^^^
          Found: 'hello world'
          Help: write 'dx/dt = expression : unit', 'x = expression : unit' or 'x : unit'
        """,
    ),
    (
        equations,
        'x, y : 1',
        """
        EquationError: The left side of an equation is one name
          model of neurongroup (script.py:3):
            x, y : 1
            ^^^^
          Found: 'x, y'
          Help: write 'dx/dt = expression : unit', 'x = expression : unit' or 'x : unit'
        """,
    ),
    (
        equations,
        'x = : 1',
        """
        EquationError: The equation of 'x' has no right side
          model of neurongroup (script.py:3):
            x = : 1
            ^
          Help: write 'dx/dt = expression : unit', 'x = expression : unit' or 'x : unit'
        """,
    ),
    (
        equations,
        'x : 1 (constant',
        """
        EquationError: The parenthesis of the flags is never closed
          model of neurongroup (script.py:3):
            x : 1 (constant
                  ^
          Help: write '(flag)' or '(flag, other flag)'
        """,
    ),
    (
        equations,
        'x : 1 (bounds=(0, 1))',
        """
        EquationError: Bounds are those of a trainable parameter
          model of neurongroup (script.py:3):
            x : 1 (bounds=(0, 1))
                   ^^^^^^^^^^^^^
          Help: (trainable, bounds=(0, 1))
        """,
    ),
    (
        equations,
        'x : 1 (trainable, bounds=(0, 1, 2))',
        """
        EquationError: Bounds are a lower and an upper one
          model of neurongroup (script.py:3):
            x : 1 (trainable, bounds=(0, 1, 2))
                              ^^^^^^^^^^^^^^^^
          Help: bounds=(0, 1), or bounds=(0, inf) where there is one only
        """,
    ),
    (
        equations,
        'x : 1 ()',
        """
        EquationError: This is not a flag
          model of neurongroup (script.py:3):
            x : 1 ()
                  ^^
          Help: write '(flag)' or '(flag, other flag)'
        """,
    ),
    (
        equations,
        'x : 1 (constant) y',
        """
        EquationError: Something follows the end of the equation
          model of neurongroup (script.py:3):
            x : 1 (constant) y
                             ^
          Found: 'y'
          Help: begin each equation on a new line
        """,
    ),
    (
        equations,
        'x = a if b else c : 1',
        """
        EquationError: Conditional expressions are not allowed
          model of neurongroup (script.py:3):
            x = a if b else c : 1
                ^^^^^^^^^^^^^
          Found: 'a if b else c'
          Help: write 'int(b)*a + int(not b)*c'
        """,
    ),
    (
        equations,
        '\n  dv/dt = (-v +\n    2x)/tau : volt',
        """
        EquationError: A multiplication sign is missing
          model of neurongroup, line 3 (script.py:3):
            2x)/tau : volt
            ^^
          Found: '2x'
          Help: write '2*x'
        """,
    ),
    (
        equations,
        'dv/dt = -v : volt',
        """
        DimensionMismatchError: The right side of 'dv/dt' must have the unit of 'v' per second, volt/second
          model of neurongroup (script.py:3):
            dv/dt = -v : volt
                    ^^
          Found: '-v' in volt
          Help: divide it by a time, '-v/tau' for example
        """,
    ),
    (
        equations,
        'dx/dt = 1 : 1',
        """
        DimensionMismatchError: The right side of 'dx/dt' must have the unit of 'x' per second, 1/second
          model of neurongroup (script.py:3):
            dx/dt = 1 : 1
                    ^
          Found: '1' without unit
          Help: give the number a unit, '1/second' for example
        """,
    ),
    (
        equations,
        'dv/dt = (-v + I)/tau : volt',
        """
        DimensionMismatchError: Both sides of '+' must have the same unit
          model of neurongroup (script.py:3):
            dv/dt = (-v + I)/tau : volt
                          ^
          Found: '-v' in volt and 'I' in amp
          Help: the two differ by a factor in ohm
        """,
    ),
    (
        equations,
        'v = 1 : volt',
        """
        DimensionMismatchError: The right side of 'v' must have the unit volt
          model of neurongroup (script.py:3):
            v = 1 : volt
                ^
          Found: '1' without unit
          Help: give the number a unit, '1*volt' for example
        """,
    ),
    (
        equations,
        'x = v : 1',
        """
        DimensionMismatchError: The right side of 'x' must have no unit
          model of neurongroup (script.py:3):
            x = v : 1
                ^
          Found: 'v' in volt
          Help: divide it by a quantity in volt
        """,
    ),
    (
        equations,
        'b = x : boolean',
        """
        WrongType: 'b' is declared boolean, so its right side must be true or false
          model of neurongroup (script.py:3):
            b = x : boolean
                ^
          Found: 'x', a float
          Help: compare it with something, 'x > ...' for example
        """,
    ),
    (
        equations,
        'x = exp(v) : 1',
        """
        DimensionMismatchError: The argument of 'exp' must have no unit
          model of neurongroup (script.py:3):
            x = exp(v) : 1
                    ^
          Found: 'v' in volt
          Help: divide it by a quantity in volt
        """,
    ),
    (
        equations,
        'x = v**n : 1',
        """
        DimensionMismatchError: A quantity with a unit can only be raised to a number
          model of neurongroup (script.py:3):
            x = v**n : 1
                   ^
          Found: 'v' in volt to the power of 'n'
          Help: write the exponent as a number, or divide 'v' by a quantity in volt
        """,
    ),
    (
        equations,
        'x = 2**v : 1',
        """
        DimensionMismatchError: An exponent must have no unit
          model of neurongroup (script.py:3):
            x = 2**v : 1
                   ^
          Found: 'v' in volt
          Help: divide it by a quantity in volt
        """,
    ),
    (
        equations,
        'x = exp(x, 1) : 1',
        """
        WrongCall: 'exp' takes one argument
          model of neurongroup (script.py:3):
            x = exp(x, 1) : 1
                ^^^^^^^^^
          Found: two arguments
        """,
    ),
    (
        equations,
        'x = taw/tau : 1',
        """
        UnknownName: The name 'taw' is not defined
          model of neurongroup (script.py:3):
            x = taw/tau : 1
                ^^^
          Help: did you mean 'tau'?
        """,
    ),
    (
        equations,
        'x = f(x) : 1',
        """
        UnknownName: The function 'f' is not defined
          model of neurongroup (script.py:3):
            x = f(x) : 1
                ^^^^
        """,
    ),
    (
        equations,
        'x = timestep(t, 1) : 1',
        """
        DimensionMismatchError: Argument 2 of 'timestep' must have the unit second
          model of neurongroup (script.py:3):
            x = timestep(t, 1) : 1
                            ^
          Found: '1' without unit
          Help: give the number a unit, '1*second' for example
        """,
    ),
    (
        equations,
        'x = clip(v, 0, 1)/v : 1',
        """
        DimensionMismatchError: Argument 3 of 'clip' must have the unit volt
          model of neurongroup (script.py:3):
            x = clip(v, 0, 1)/v : 1
                           ^
          Found: '1' without unit
          Help: give the number a unit, '1*volt' for example
        """,
    ),
    (
        equations,
        'v = v*(not x) : volt',
        """
        WrongType: An operand of 'not' must be true or false
          model of neurongroup (script.py:3):
            v = v*(not x) : volt
                       ^
          Found: 'x', a float
          Help: compare it with something, 'x > ...' for example
        """,
    ),
    (
        threshold,
        'v',
        """
        WrongType: The threshold must be true or false
          threshold of neurongroup:
            v
            ^
          Found: 'v', a float
          Help: compare it with something, 'v > ...' for example
        """,
    ),
    (
        threshold,
        'n',
        """
        WrongType: The threshold must be true or false
          threshold of neurongroup:
            n
            ^
          Found: 'n', an integer
          Help: compare it with something, 'n > ...' for example, or write 'n != 0'
        """,
    ),
    (
        threshold,
        'v > 1',
        """
        DimensionMismatchError: Both sides of '>' must have the same unit
          threshold of neurongroup:
            v > 1
                ^
          Found: 'v' in volt and '1' without unit
          Help: give the number a unit, '1*volt' for example
        """,
    ),
    (
        threshold,
        'v > I',
        """
        DimensionMismatchError: Both sides of '>' must have the same unit
          threshold of neurongroup:
            v > I
                ^
          Found: 'v' in volt and 'I' in amp
          Help: the two differ by a factor in ohm
        """,
    ),
    (
        threshold,
        'x and b',
        """
        WrongType: An operand of 'and' must be true or false
          threshold of neurongroup:
            x and b
            ^
          Found: 'x', a float
          Help: compare it with something, 'x > ...' for example
        """,
    ),
    (
        threshold,
        'v > 0 = b',
        """
        WrongSyntax: '=' does not compare
          threshold of neurongroup:
            v > 0 = b
                  ^
          Found: '='
          Help: write '==' to compare
        """,
    ),
    (
        connection,
        'k for k in range()',
        """
        WrongSyntax: 'range' takes one to three arguments: stop, or start and stop, or start, stop and step
          connection j:
            k for k in range()
                       ^^^^^^^
          Found: no argument
        """,
    ),
    (
        connection,
        'k for k in xs',
        """
        WrongSyntax: Behind 'in' stands range(...) or sample(...)
          connection j:
            k for k in xs
                       ^^
          Found: 'xs'
          Help: write 'EXPR for VAR in range(...) if COND' or 'EXPR for VAR in sample(..., p=...) if COND'
        """,
    ),
    (
        connection,
        'k for k in range(3',
        """
        WrongSyntax: '(' is never closed
          connection j:
            k for k in range(3
                            ^
          Help: add the missing parenthesis
        """,
    ),
    (
        connection,
        'k for k, l in range(3)',
        """
        WrongSyntax: Behind 'for' stands one name, and then 'in'
          connection j:
            k for k, l in range(3)
              ^^^
          Help: write 'EXPR for VAR in range(...) if COND' or 'EXPR for VAR in sample(..., p=...) if COND'
        """,
    ),
    (
        connection,
        'k for k in range(3) for l in range(3)',
        """
        WrongSyntax: Only one 'for' is possible
          connection j:
            k for k in range(3) for l in range(3)
                                ^^^
          Help: compute both indices from one variable by '//' and '%'
        """,
    ),
    (
        connection,
        'k for k in range(3) k > 1',
        """
        WrongSyntax: Only 'if' can follow here
          connection j:
            k for k in range(3) k > 1
                                ^^^^^
          Found: 'k > 1'
          Help: write 'EXPR for VAR in range(...) if COND' or 'EXPR for VAR in sample(..., p=...) if COND'
        """,
    ),
    (
        connection,
        'k for k in range(3) if',
        """
        WrongSyntax: The condition behind 'if' is missing
          connection j:
            k for k in range(3) if
                                ^^
          Help: write 'if COND'
        """,
    ),
    (
        connection,
        'k for k in range(3, p=0.1)',
        """
        WrongSyntax: 'range' has no 'p'
          connection j:
            k for k in range(3, p=0.1)
                       ^^^^^^^^^^^^^^^
          Help: write 'sample' instead of 'range'
        """,
    ),
    (
        connection,
        'k for k in sample(3)',
        """
        WrongSyntax: 'sample' needs either 'p' or 'size'
          connection j:
            k for k in sample(3)
                       ^^^^^^^^^
          Found: neither
          Help: write 'sample(N, p=0.1)' or 'sample(N, size=10)'
        """,
    ),
    (
        connection,
        'k for k in sample(3, p=0.1, size=2)',
        """
        WrongSyntax: 'sample' needs either 'p' or 'size'
          connection j:
            k for k in sample(3, p=0.1, size=2)
                       ^^^^^^^^^^^^^^^^^^^^^^^^
          Found: both
          Help: write 'sample(N, p=0.1)' or 'sample(N, size=10)'
        """,
    ),
    (
        connection,
        'k for k in sample(3, q=1)',
        """
        WrongSyntax: There is no argument 'q'
          connection j:
            k for k in sample(3, q=1)
                                 ^
          Help: use 'p' or 'size'
        """,
    ),
    (
        connection,
        'k for k in sample(3, p=1, p=2)',
        """
        WrongSyntax: 'p' is given twice
          connection j:
            k for k in sample(3, p=1, p=2)
                                      ^
          Help: remove one of the two
        """,
    ),
    (
        connection,
        'k for k in sample(p=1, 3)',
        """
        WrongSyntax: An argument without a name comes before those with one
          connection j:
            k for k in sample(p=1, 3)
                                   ^
          Help: write 'EXPR for VAR in range(...) if COND' or 'EXPR for VAR in sample(..., p=...) if COND'
        """,
    ),
    (
        connection,
        'i if i > 0 else j',
        """
        WrongSyntax: There is no 'else' here
          connection j:
            i if i > 0 else j
                       ^^^^
          Help: write 'int(cond)*x + int(not cond)*y'
        """,
    ),
    (
        name,
        'lambda',
        """
        WrongSyntax: 'lambda' cannot be the name of a variable: it is a Python keyword
          Help: use another name
        """,
    ),
    (
        name,
        '_v',
        """
        WrongSyntax: '_v' cannot be the name of a variable: names that begin with '_' are used by brainsim
          Help: use another name
        """,
    ),
    (
        name,
        't',
        """
        WrongSyntax: 't' cannot be the name of a variable: it has a special meaning
          Help: use another name
        """,
    ),
    (
        name,
        'xi_1',
        """
        WrongSyntax: 'xi_1' cannot be the name of a variable: it has a special meaning
          Help: use another name
        """,
    ),
    (
        name,
        'exp',
        """
        WrongSyntax: 'exp' cannot be the name of a variable: it is a function
          Help: use another name
        """,
    ),
    (
        name,
        'pi',
        """
        WrongSyntax: 'pi' cannot be the name of a variable: it is a constant
          Help: use another name
        """,
    ),
    (
        name,
        'refractory',
        """
        WrongSyntax: 'refractory' cannot be the name of a variable: it belongs to refractoriness
          Help: use another name
        """,
    ),
    (
        name,
        '1x',
        """
        WrongSyntax: '1x' cannot be the name of a variable: a name consists of letters, digits and '_', and does not begin with a digit
          Help: use another name
        """,  # noqa: E501 -- the message is one line
    ),
    (
        name,
        'v_pre',
        """
        WrongValue: 'v_pre' cannot be the name of a variable: '_pre' refers to the neuron of a synapse
          Help: use a name with another ending than '_pre'
        """,
    ),
]
ROWS += [
    (
        ExplicitStateUpdater,
        'x_new = x + dt*F(x, t)',
        """
        WrongSyntax: 'F' is no function of a description
          description of an integration method:
            x_new = x + dt*F(x, t)
                           ^^^^^^^
          Help: f(x, t) and g(x, t) stand for the equations; exp, sqrt and the like may be used
        """,
    ),
    (
        ExplicitStateUpdater,
        'k = dt*f(x, t)',
        """
        WrongSyntax: A description ends with the line 'x_new = ...'
          description of an integration method:
            k = dt*f(x, t)
            ^
          Help: for example x_new = x + dt*f(x, t)
        """,
    ),
    (
        ExplicitStateUpdater,
        'x_new = x + kk',
        """
        WrongSyntax: 'kk' means nothing in a description
          description of an integration method:
            x_new = x + kk
                        ^^
          Help: known here are x, t, dt, dW, f(x, t) and g(x, t)
        """,
    ),
    (
        ExplicitStateUpdater,
        'x_new = x + dt*f(x)',
        """
        WrongSyntax: 'f' has 2 arguments here
          description of an integration method:
            x_new = x + dt*f(x)
                           ^^^^
          Found: 1
          Help: write f(x, t)
        """,
    ),
    (
        adaptive,
        {"absolute_error": 0},
        """
        WrongValue: The error that is allowed must be above zero
          Found: 0
          Help: absolute_error in base units, 1e-6 by default
        """,
    ),
    (
        adaptive,
        {"max_steps": 1.5},
        """
        WrongValue: The option 'max_steps' is a whole number, 0 for no limit
          Found: 1.5
        """,
    ),
    (
        adaptive,
        {"absolute_error_per_variable": {"w": 1}},
        """
        UnknownName: 'w' has an error of its own but no differential equation
          Found: 'w'
        """,
    ),
    (
        adaptive,
        {"absolute_eror": 1},
        """
        UnknownName: 'rk45' has no option 'absolute_eror'
          Found: 'absolute_eror'
          Help: did you mean 'absolute_error' or 'absolute_error_per_variable'?
        """,
    ),
]


@pytest.mark.parametrize("how, text, message", ROWS)
def test_message(how, text, message):
    with pytest.raises(BrainsimError) as refusal:
        how(text)
    assert f"{type(refusal.value).__name__}: {refusal.value}" == textwrap.dedent(message).strip()
