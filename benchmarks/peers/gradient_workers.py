"""One gradient of a recurrent spiking network, or a run of COBA; started by ``gradients.py``, a line of JSON.

    gradient_workers.py both | both_sqrt | brainpy          (both: ours and by hand, in turn)
    gradient_workers.py coba SECONDS

All flavours have the same weights, inputs and surrogate derivative. BrainPy updates the neurons after the spike has
been delivered, so its loss agrees in kind, not in digits.
"""
import json
import os
import sys
import time
from pathlib import Path

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
import numpy as np  # noqa: E402

STEPS, TRIALS, INPUTS, NEURONS, READOUTS = 200, 32, 100, 100, 10
RNG = np.random.default_rng(0)
X = (RNG.random((TRIALS, STEPS, INPUTS)) < 0.05).astype(np.float32)
Y = RNG.integers(0, READOUTS, TRIALS)
INTO, WITHIN = (RNG.normal(0, 3/np.sqrt(INPUTS + NEURONS), s).astype(np.float32)
                for s in ((INPUTS, NEURONS), (NEURONS, NEURONS)))
ONTO = RNG.normal(0, 1/np.sqrt(NEURONS), (NEURONS, READOUTS)).astype(np.float32)


def cross_entropy(o):
    """Of the mean readout; o (trials, steps, readouts)."""
    import jax
    return -jax.nn.log_softmax(o.mean(1))[np.arange(TRIALS), Y].mean()


def ours(checkpoint):
    import brainsim as bs
    from brainsim import ms
    bs.defaultclock.dt = 1*ms
    tau, tau_s = 20*ms, 10*ms
    inp = bs.SpikeGeneratorGroup(INPUTS, [], []*ms, name="inp")
    G = bs.NeuronGroup(NEURONS, "dv/dt = (g - v)/tau : 1\ndg/dt = -g/tau_s : 1", threshold="v >= 1", reset="v -= 1",
                       method="exact", name="G")
    out = bs.NeuronGroup(READOUTS, "do/dt = -o/tau : 1", method="exact", name="out")
    into = bs.Synapses(inp, G, "w : 1", on_pre="g += w", name="into")
    within = bs.Synapses(G, G, "w : 1", on_pre="g += w", name="within")
    onto = bs.Synapses(G, out, "w : 1", on_pre="o += w", name="onto")
    for s in (into, within, onto):
        s.connect()
    net = bs.Network(inp, G, out, into, within, onto)
    sim = net.functional(STEPS*ms, params=["into.w", "within.w", "onto.w"], inputs=["inp.spikes"], outputs=["out.o"],
                         batch=TRIALS, surrogate="relu",
                         checkpoint=checkpoint, namespace={"tau": tau, "tau_s": tau_s})
    params = {"into.w": INTO.ravel(), "within.w": WITHIN.ravel(), "onto.w": ONTO.ravel()}
    return params, lambda p: cross_entropy(sim(p, {"inp.spikes": X})["out.o"])


def by_hand(checkpoint):
    import jax
    import jax.numpy as jnp

    @jax.custom_jvp
    def spike(x):
        return (x >= 0).astype(x.dtype)

    spike.defjvp(lambda p, t: (spike(p[0]), 0.3*jnp.maximum(0, 1 - jnp.abs(p[0]))*t[0]))
    decay, decay_s = np.exp(-1/20), np.exp(-1/10)
    across = 10/(10 - 20)*(decay_s - decay)

    def loss(p):
        def step(carry, x):
            v, g, o = carry
            v, g, o = decay*v + across*g, decay_s*g, decay*o
            z = spike(v - 1)
            o = o + z @ p["onto"]
            return (v - z, g + x @ p["into"] + z @ p["within"], o), o

        zeros = jnp.zeros((TRIALS, NEURONS), jnp.float32)
        carry, xs = (zeros, zeros, jnp.zeros((TRIALS, READOUTS), jnp.float32)), jnp.swapaxes(jnp.asarray(X), 0, 1)
        if checkpoint is None:
            return cross_entropy(jnp.swapaxes(jax.lax.scan(step, carry, xs)[1], 0, 1))
        blocks = max(k for k in range(1, int(STEPS**0.5) + 1) if STEPS % k == 0)
        inner = jax.checkpoint(lambda c, x: jax.lax.scan(step, c, x), prevent_cse=False)
        os_ = jax.lax.scan(inner, carry, xs.reshape(blocks, STEPS//blocks, TRIALS, INPUTS))[1]
        return cross_entropy(jnp.swapaxes(os_.reshape(STEPS, TRIALS, READOUTS), 0, 1))

    return {"into": INTO, "within": WITHIN, "onto": ONTO}, loss


def measured(checkpoint):
    """Medians of compiled gradients, ours and by hand in turn."""
    import jax
    found, ready = {}, {}
    for name, made in (("ours", ours), ("by hand", by_hand)):
        params, loss = made(checkpoint)
        began = time.perf_counter()
        gradient = jax.jit(jax.value_and_grad(loss)).lower(params).compile()
        value = jax.block_until_ready(gradient(params))[0]
        found[name] = {"first s": time.perf_counter() - began, "loss": float(value),
                       "temporaries MB": gradient.memory_analysis().temp_size_in_bytes/1e6}
        ready[name] = gradient, params, []
    for _ in range(60):
        for gradient, params, times in ready.values():
            began = time.perf_counter()
            jax.block_until_ready(gradient(params))
            times.append(time.perf_counter() - began)
    for name, (_, _, times) in ready.items():
        found[name]["ms"] = 1000*float(np.median(times))
    return found


def brainpy():
    import brainpy as bp
    import brainpy.math as bm
    import jax
    bm.set(dt=1.0, mode=bm.TrainingMode(TRIALS))

    class Net(bp.DynSysGroup):
        def __init__(self):
            super().__init__()
            spike = bm.surrogate.ReluGrad()
            self.neurons = bp.dyn.Lif(NEURONS, V_rest=0., V_th=1., V_reset=0., tau=20., spk_fun=spike, spk_reset="soft",
                                      V_initializer=bp.init.ZeroInit())
            weights = bm.TrainVar(np.concatenate([INTO, WITHIN]))
            self.into = bp.dyn.HalfProjAlignPost(bp.dnn.Dense(INPUTS + NEURONS, NEURONS, W_initializer=weights,
                                                              b_initializer=None),
                                                 bp.dyn.Expon(NEURONS, tau=10.), bp.dyn.CUBA(), self.neurons)
            self.readout = bp.dyn.Leaky(READOUTS, tau=20.) if hasattr(bp.dyn, "Leaky") else bp.dnn.Layer()
            self.dense = bp.dnn.Dense(NEURONS, READOUTS, W_initializer=bm.TrainVar(ONTO), b_initializer=None)
            self.o = bm.Variable(bm.zeros((TRIALS, READOUTS)), batch_axis=0)

        def update(self, x):
            self.into(bm.concatenate([x, self.neurons.spike.value], axis=-1))
            self.neurons(0.)
            self.o.value = self.o*np.exp(-1/20) + self.dense(self.neurons.spike.value)
            return self.o.value

    net = Net()
    xs = bm.asarray(np.swapaxes(X, 0, 1))

    def loss():
        net.neurons.reset_state(TRIALS)
        net.into.reset_state(TRIALS)
        net.o.value = bm.zeros((TRIALS, READOUTS))
        found = bm.for_loop(lambda x: net.step_run(0, x), xs, progress_bar=False)
        return cross_entropy(bm.as_jax(found).swapaxes(0, 1))

    gradient = bm.jit(bm.grad(loss, grad_vars=net.train_vars().unique(), return_value=True))
    began = time.perf_counter()
    _, value = jax.block_until_ready(gradient())
    first, times = time.perf_counter() - began, []
    for _ in range(30):
        began = time.perf_counter()
        jax.block_until_ready(gradient())
        times.append(time.perf_counter() - began)
    return {"ms": 1000*float(np.median(times)), "first s": first, "loss": float(value), "version": bp.__version__}


def coba(seconds):
    """``examples/coba.py`` on the target jax, JAX being imported: the first run compiles; the later ones go on."""
    import jax  # noqa: F401

    import brainsim
    text = (Path(__file__).resolve().parents[2] / "examples" / "coba.py").read_text("utf-8")
    scope = {"__name__": "example"}
    exec(compile(text, "coba.py", "exec"), scope)
    brainsim.prefs.codegen.target = "jax"
    brainsim.seed(1)
    loops = []

    def run(duration):
        for _ in range(3):
            began = time.perf_counter()
            brainsim.run(duration, level=1)
            loops.append(time.perf_counter() - began)

    scope["run"] = run
    spikes = scope["simulate"](float(seconds)*brainsim.second)[0]
    last = spikes.t > 2*float(seconds)*brainsim.second
    return {"loop": min(loops[1:]), "with compilation": loops[0], "spikes": [int(last.sum())]}


KIND = sys.argv[1]
if KIND == "coba":
    FOUND = coba(sys.argv[2])
elif KIND == "brainpy":
    FOUND = {"brainpy": brainpy()}
else:
    FOUND = measured("sqrt" if KIND == "both_sqrt" else None)
print(json.dumps(FOUND))
