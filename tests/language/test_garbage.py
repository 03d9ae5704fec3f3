"""No text, however wrong, makes a parser fail with anything but an error of ours that can be printed."""
import random

import pytest

from brainsim.errors import BrainsimError, Source
from brainsim.language.connections import parse_generator
from brainsim.language.equations import parse_equations
from brainsim.language.expressions import parse_expression
from brainsim.language.statements import parse_statements

WORDS = """d v /dt dv/dt = == : ; ( ) [ ] { } , . + - * / ** // % < <= ! & && | ^ ~ @ ? $ ' " \\ # volt 1 2.5 1e5 2v
0x x _ for in if else range( sample( p= size= lambda not and or is None True select( unless refractory""".split() + [
    " ", "\n", "\n\n", "\t", "\0", "\u00e9", "\r\n", "\\\n"]


@pytest.mark.parametrize("parse", [parse_expression, parse_statements, parse_equations, parse_generator])
def test_garbage_is_refused_in_order(parse):
    draw = random.Random(1)
    for _ in range(3000):
        text = draw.choice(["", " "]).join(draw.choices(WORDS, k=draw.randrange(12)))
        try:
            parse(Source(text))
        except BrainsimError as refusal:
            assert str(refusal).count("^") >= 1, text
