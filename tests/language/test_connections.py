import pytest

from brainsim.errors import Source, WrongSyntax
from brainsim.language.connections import Generator, is_generator, parse_generator
from brainsim.language.trees import Name, Number, Op

i, k, n = Name("i"), Name("k"), Name("N_post")


def parse(text):
    return parse_generator(Source(text))


@pytest.mark.parametrize(
    "text, generator",
    [
        ("i", Generator(i)),
        ("i if i < N_post", Generator(i, condition=Op("<", (i, n)))),
        ("k for k in range(3)", Generator(k, "k", "range", (Number(3),))),
        ("k for k in range(i, N_post, 2)", Generator(k, "k", "range", (i, n, Number(2)))),
        ("i for k in range((i), N_post) if k < i", Generator(i, "k", "range", (i, n), condition=Op("<", (k, i)))),
        ("k for k in sample(N_post, p=0.1)", Generator(k, "k", "sample", (n,), p=Number(0.1))),
        ("k for k in sample(0, N_post, size=i)", Generator(k, "k", "sample", (Number(0), n), size=i)),
        ("k # each\n for k in range(3) # of them\n if k < i",
         Generator(k, "k", "range", (Number(3),), condition=Op("<", (k, i)))),
    ],
)
def test_generators(text, generator):
    assert parse(text) == generator


@pytest.mark.parametrize(
    "text",
    [
        "", "a b", "for k in range(3)", "k for", "k for k", "k for k in", "k for k in xs", "k for k in xs(3)",
        "k for k in range", "k for k in range(3",
        "k for k in range()", "k for k in range(1, 2, 3, 4)", "k for k in range(3, p=1)", "k for k in range(3) k",
        "k for k in range(3) if",
        "k for k in range(3) if a = b", "k for k in range(3) for l in range(3)",
        "k for k in range(3) if k for l in range(3)", "k for k, l in range(3)",
        "k for if in range(3)", "k for k in sample(3)", "k for k in sample(3, p=1, size=2)",
        "k for k in sample(3, p=1, p=1)", "k for k in sample(p=1)",
        "k for k in sample(3, q=1)", "k for k in sample(p=1, 3)", "k for k in range(, 3)", "i if", "i if a else b",
    ],
)
def test_what_is_no_generator_is_refused_with_a_caret(text):
    with pytest.raises(WrongSyntax) as refusal:
        parse(text)
    assert "^" in str(refusal.value)


def test_spans():
    text = "k + 1 for k in sample(N_post, p = i/N) if k > 0"
    generator = parse(text)
    spans = [generator.result.span, generator.arguments[0].span, generator.p.span, generator.condition.span]
    assert [text[s.start : s.stop] for s in spans] == ["k + 1", "N_post", "i/N", "k > 0"]


def test_a_loop_is_seen_as_a_word():
    assert is_generator("k for k in range(3)")
    assert not is_generator("force > 1 # for example")
