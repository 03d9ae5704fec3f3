"""Functions of the user's on the target jax: called back in Python, or as JAX's own, with derivatives; nothing asks for
64 bits to be switched on."""
import numpy as np
import pytest

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402

import brainsim as bs  # noqa: E402
from brainsim import *  # noqa: E402
from brainsim.errors import BrianObjectException, Unsupported, WrongType  # noqa: E402


@pytest.fixture(autouse=True)
def on_jax(fresh):
    prefs.codegen.target = "jax"
    yield
    prefs.codegen.target = "auto"


def test_numbers_of_64_bits_lose_nothing_on_their_way_to_python_and_back():
    seen = []

    @check_units(x=1, result=1)
    def same(x):
        seen.append(np.array(x))
        return x

    G = NeuronGroup(2, "x : 1\ny : 1", namespace={"same": same})
    G.x = 1/3
    G.run_regularly("y = same(x)")
    Network(G).run(0.1*ms)
    assert not jax.config.jax_enable_x64
    assert seen[-1].dtype == np.float64 and (seen[-1] == 1/3).all() and (G.y[:] == 1/3).all()


def test_integers_and_truth_values_go_to_python_and_back():
    @check_units(b=bool, k=1, result=bool)
    def opposite(b, k):
        return ~b & (k > 1)

    @declare_types(k="integer", result="integer")
    @check_units(k=1, result=1)
    def thrice(k):
        return 3*k

    G = NeuronGroup(3, "b : boolean\nk : integer", namespace={"opposite": opposite, "thrice": thrice})
    G.k = "i"
    G.run_regularly("b = opposite(b, k)\nk = thrice(k)")
    Network(G).run(0.1*ms)
    assert list(G.b[:]) == [False, False, True] and list(G.k[:]) == [0, 3, 6]


def test_a_function_with_a_state_is_called_once_in_each_step():
    calls = []

    def counted(x):
        calls.append(1)
        return x + len(calls)

    G = NeuronGroup(2, "v : 1", namespace={"counted": Function(counted, arg_units=[1], return_unit=1, stateless=False)})
    G.run_regularly("v = counted(1)")
    Network(G).run(0.5*ms)
    assert len(calls) == 5 and list(G.v[:]) == [6, 6]


def test_a_function_that_is_c_only_is_refused_before_the_run():
    f = Function(None, arg_units=[1], return_unit=1)
    f.implementations.add_implementation("cpp", "double f(double x) { return 7*x; }")
    G = NeuronGroup(1, "dx/dt = -f(x)/ms : 1", method="euler", namespace={"f": f})
    with pytest.raises(Unsupported, match="'f' has code for 'cpp' and nothing to call in Python") as caught:
        Network(G).run(0.1*ms)
    assert "@implementation('jax', f)" in str(caught.value) and "'cython' compiles" in str(caught.value)


def test_code_for_c_beside_a_python_function_changes_nothing_here():
    @implementation("cpp", "double doubled(double x) { return 2*x; }")
    @check_units(x=1, result=1)
    def doubled(x):
        return 2*x

    G = NeuronGroup(1, "x : 1", namespace={"doubled": doubled})
    G.x = 3
    G.run_regularly("x = doubled(x)")
    Network(G).run(0.1*ms)
    assert G.x[0] == 6


def cubed(v0=0.5):
    @implementation("jax", lambda x: x**3)
    @check_units(x=1, result=1)
    def cube(x):
        return x**3

    G = NeuronGroup(2, "dv/dt = -cube(v)/(10*ms) : 1", method="euler", name="G", namespace={"cube": cube})
    G.v = v0
    return Network(G)


def test_code_for_jax_gives_what_the_python_function_gives():
    net = cubed()
    net.run(5*ms)
    v = 0.5
    for _ in range(50):
        v -= v**3*0.01
    np.testing.assert_allclose(net["G"].v[:], v, rtol=1e-14)


def test_gradients_pass_through_code_for_jax():
    sim = cubed().functional(5*ms, params=["G.v"], outputs=["G.v[-1]"])
    assert bs.check_grad(sim, lambda out: (out["G.v[-1]"]**2).sum()).agrees(1e-8)


def test_without_code_for_jax_gradients_are_refused_by_the_name_of_the_function():
    @check_units(x=1, result=1)
    def cube(x):
        return x**3

    G = NeuronGroup(2, "dv/dt = -cube(v)/(10*ms) : 1", method="euler", name="G", namespace={"cube": cube})
    with pytest.raises(Unsupported, match="do not pass through the Python function 'cube'") as caught:
        Network(G).functional(5*ms, params=["G.v"], outputs=["G.v"])
    assert "@implementation('jax', f)" in str(caught.value)


def test_code_for_jax_that_is_no_function_of_jax_says_which_it_is():
    @implementation("jax", lambda x: float(x))
    @check_units(x=1, result=1)
    def stiff(x):
        return x

    G = NeuronGroup(2, "dv/dt = -stiff(v)/(10*ms) : 1", method="euler", namespace={"stiff": stiff})
    with pytest.raises(BrianObjectException, match="The function 'stiff' failed"):
        Network(G).run(0.1*ms)
    with pytest.raises(WrongType, match="a function of JAX's arrays"):
        implementation("jax", "x**3")(stiff)


def test_code_for_jax_is_used_through_jnp_where():
    @implementation("jax", lambda x: jnp.where(x > 0, x, 0))
    @check_units(x=volt, result=volt)
    def rectified(x):
        return np.maximum(x, 0*mV)

    G = NeuronGroup(2, "v : volt\nw : volt", namespace={"rectified": rectified})
    G.v = [-1, 2]*mV
    G.run_regularly("w = rectified(v)")
    Network(G).run(0.1*ms)
    assert list(G.w/mV) == [0, 2]
