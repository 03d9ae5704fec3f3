"""``train.fit``: what it finds, that it repeats itself, and what it refuses."""
import io

import jax
import numpy as np
import optax
import pytest

import brainsim as bs
from brainsim import *
from brainsim.errors import BrainsimError, UnknownName, WrongSyntax, WrongType, WrongValue
from brainsim.learning.optimisers import optimiser
from brainsim.objects.gradients.functional import Pull
from brainsim.runtime.progress import Bar
from tests.learning.networks import classifier, leaky, two_classes


def crossing(out, y):
    o = out["out.o"].max(1)
    return optax.softmax_cross_entropy_with_integer_labels(o, y).mean(), {"accuracy": (o.argmax(1) == y).mean()}


def distance(out, target):
    return optax.squared_error(1e3 * (out["G.v"] - target)).mean()


def data(count=60):
    X, y = two_classes(count)
    return {"inp.spikes": X}, y


def same(a, b):
    return all(np.array_equal(np.asarray(a.params[n]), np.asarray(b.params[n]))
               for n in a.params) and a.history.rows == b.history.rows


def test_a_time_constant_is_found_from_a_trace():
    sim = leaky(params=["tau"])
    target = sim({"tau": 7 * ms})["G.v"]
    found = bs.train.fit(sim, distance, ({}, target), "adam(0.05)", epochs=300, progress=False)
    assert found.params["tau"] / ms == pytest.approx(7, rel=1e-3)
    assert found.history["loss"][-1] < 1e-4 * found.history["loss"][0]


def test_a_classifier_learns():
    found = bs.train.fit(classifier(batch=10), crossing, data(), "adam(2e-2)", epochs=15, progress=False)
    assert found.history["accuracy"][-1] > 0.95
    assert found.epochs == 15 and found.ended == "all done"


def test_the_seed_gives_everything_and_another_seed_something_else():
    sim = classifier()
    fits = [bs.train.fit(sim, crossing, data(), "adam(2e-2)", epochs=3, batch_size=7, validation=0.2, seed=s,
                         progress=False) for s in (4, 4, 5)]
    assert same(fits[0], fits[1])
    assert not same(fits[0], fits[2])


def test_training_goes_on_from_a_checkpoint_as_if_it_had_never_stopped(tmp_path):
    # moments, a count, and a key of random numbers to remember
    optimizer = optax.chain(optax.add_noise(1e-3, 0.5, 1), optax.adam(2e-2))
    options = dict(batch_size=8, validation=0.2, seed=2, progress=False)
    whole = bs.train.fit(classifier(), crossing, data(), optimizer, epochs=6, **options)
    bs.train.fit(classifier(), crossing, data(), optimizer, epochs=2, checkpoint=tmp_path / "a.npz", **options)
    rest = bs.train.fit(classifier(), crossing, data(), optimizer, epochs=6, checkpoint=tmp_path / "a.npz", **options)
    assert same(whole, rest)
    assert same(rest, bs.train.fit(classifier(), crossing, data(), optimizer, epochs=6, checkpoint=tmp_path / "a.npz",
                                   **options))


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    file = tmp_path / "a.npz"
    bs.train.fit(classifier(), crossing, data(), epochs=1, batch_size=8, progress=False, checkpoint=file)
    for change in (dict(seed=1), dict(batch_size=9), dict(optimizer="sgd(0.1)")):
        with pytest.raises(WrongValue, match="checkpoint"):
            bs.train.fit(classifier(), crossing, data(), **{"epochs": 2, "batch_size": 8, "progress": False,
                                                            "checkpoint": file, **change})
    file.write_text("nothing")
    with pytest.raises(RuntimeError, match="no checkpoint"):
        bs.train.fit(classifier(), crossing, data(), epochs=2, batch_size=8, progress=False, checkpoint=file)


def test_early_stop_ends_the_training_and_the_best_epoch_is_kept():
    found = bs.train.fit(classifier(batch=10), crossing, data(), "adam(0.5)", epochs=60, validation=0.3, early_stop=3,
                         progress=False)
    assert found.epochs < 60 and found.epochs == found.best + 3
    assert found.history["validation loss"][found.best - 1] == min(found.history["validation loss"])
    assert "without a smaller validation loss" in found.ended


def test_the_loss_of_validation_is_the_mean_over_all_trials():
    sim, given = classifier(), data(25)
    found = bs.train.fit(sim, crossing, given, "sgd(0.0)", epochs=1, batch_size=10, validation=given, progress=False)
    out = classifier(batch=25)(found.params, given[0])
    assert found.history["validation loss"][0] == pytest.approx(float(crossing(out, given[1])[0]), rel=1e-5)


def test_one_update_of_gradient_descent_is_that_of_jax():
    sim = leaky(params=["G.I"])
    target = 5e-3 * np.ones((sim.pure.steps, 3))
    slope = jax.grad(lambda x: distance(sim({"G.I": x}), target))(sim.params["G.I"])
    found = bs.train.fit(sim, distance, ({}, target), "sgd(1e-3)", epochs=1, progress=False)
    size = sim.ranges.by_name["G.I"].size
    assert np.asarray(found.params["G.I"]) == pytest.approx(sim.params["G.I"] - 1e-3 * size ** 2 * np.asarray(slope),
                                                            rel=1e-5)
    clipped = bs.train.fit(sim, distance, ({}, target), "sgd(1e-3)", epochs=1, clip=0.5, progress=False)
    moved = (np.asarray(clipped.params["G.I"]) - sim.params["G.I"]) / size
    assert np.linalg.norm(moved) == pytest.approx(0.5e-3, rel=1e-3)


def test_parameters_of_the_loss_alone_are_trained_too():
    sim = leaky(params=["tau"])
    target = sim()["G.v"] * 3

    def loss(out, target, params):
        return optax.squared_error(1e3 * (params["gain"] * out["G.v"] - target)).mean()

    found = bs.train.fit(sim, loss, ({}, target), "adam(0.05)", epochs=300, extra={"gain": 1.0}, progress=False)
    assert found.history["loss"][-1] < 0.1 * found.history["loss"][0]
    assert float(found.params["gain"]) > 1.5


def test_a_loss_that_is_no_number_ends_the_training():
    found = bs.train.fit(leaky(params=["tau"]), lambda out, y: out["G.v"].sum() / 0.0, ({}, None), epochs=5,
                         progress=False)
    assert found.epochs == 1 and "no finite number" in found.ended


def test_a_schedule_sets_the_learning_rate():
    sim = leaky(params=["tau"])
    target = sim({"tau": 7 * ms})["G.v"]
    still = bs.train.fit(sim, distance, ({}, target), "sgd", schedule="constant_schedule(0.0)", epochs=3,
                         progress=False)
    assert still.params["tau"] / ms == pytest.approx(20, rel=1e-6)
    by_text = bs.train.fit(sim, distance, ({}, target), "adam(b1=0.8)", schedule="cosine_decay_schedule(0.05, 10)",
                           epochs=5, progress=False)
    by_hand = bs.train.fit(sim, distance, ({}, target), optax.adam(optax.cosine_decay_schedule(0.05, 10), b1=0.8),
                           epochs=5, progress=False)
    assert same(by_text, by_hand)


@pytest.mark.parametrize("text, error, words", [
    ("adm(1e-3)", UnknownName, "did you mean 'adam'"),
    ("adam(1e-3", WrongSyntax, "no call of a function of optax"),
    ("adam(lr=1e-3)", WrongValue, "lr"),
    ("adam(1+1)", WrongSyntax, "numbers and functions of optax"),
    ("softmax_cross_entropy(1)", WrongValue, "refuses"),
    (3, WrongType, "no optimiser"),
])
def test_an_optimiser_that_does_not_exist_is_refused(text, error, words):
    with pytest.raises(error, match=words):
        optimiser(text)


def test_functions_of_optax_nest():
    made = optimiser("chain(clip_by_global_norm(1.0), sgd(cosine_decay_schedule(1e-3, 10), momentum=0.9))")
    assert hasattr(made, "update")
    with pytest.raises(WrongValue, match="by its name"):
        optimiser(optax.sgd(1.0), schedule="constant_schedule(1.0)")
    with pytest.raises(WrongValue, match="given twice, by the optimiser and by a schedule(.*\n"
                                         ")*.*optimizer='adam' beside"):
        optimiser("adam(1e-2)", schedule="constant_schedule(1.0)")


def test_a_loss_that_is_an_array_is_refused():
    sim = leaky(params=["tau"])
    with pytest.raises(WrongValue, match="The loss is one number.*\n.*array of shape"):
        bs.train.fit(sim, lambda out, target: out["G.v"], ({}, 0.0), progress=False)


@pytest.mark.parametrize("change, error, words", [
    (dict(data=({"inp.spike": 0}, None)), UnknownName, "did you mean 'inp.spikes'"),
    (dict(data=({}, np.zeros(60, int))), WrongValue, "input 'inp.spikes' is missing"),
    (dict(data=({"inp.spikes": np.zeros((60, 3, 12))}, np.zeros(60, int))), WrongValue, "another shape"),
    (dict(data=({"inp.spikes": np.zeros((60, 25, 12))}, np.zeros(50, int))), WrongValue, "different numbers of trials"),
    (dict(data=({"inp.spikes": np.zeros((60, 25, 12)) * mV}, np.zeros(60, int))), BrainsimError,
     "cannot have this value"),
    (dict(data=[1, 2, 3]), WrongType, "inputs and targets"),
    (dict(data=({"inp.spikes": Pull(np.zeros((60, 25, 12)))}, np.zeros(60, int))), WrongType, "is an array"),
    (dict(batch_size=0), WrongValue, "whole number above 0"),
    (dict(batch_size=100), WrongValue, "larger than the data"),
    (dict(early_stop=3), WrongValue, "validation"),
    (dict(validation=1.5), WrongValue, "above 0 and below 1"),
    (dict(loss=lambda out: 0), WrongType, "outputs and targets"),
    (dict(params={"S.q": 0}), UnknownName, "did you mean 'S.w'"),
    (dict(extra={"S.w": 0}), WrongValue, "parameter of the network"),
    (dict(progress="loud"), WrongValue, "unknown"),
    (dict(clip=-1), WrongValue, "norm above 0"),
])
def test_what_does_not_fit_together_is_refused(change, error, words):
    options = {"loss": crossing, "data": data(), "batch_size": 10, "epochs": 1, "progress": False, **change}
    with pytest.raises(error, match=words):
        bs.train.fit(classifier(), options.pop("loss"), options.pop("data"), **options)


def test_the_result_is_readable():
    found = bs.train.fit(leaky(), distance, ({}, np.zeros((100, 3))), epochs=12, progress=False)
    table = found.history.to_pandas()
    assert list(table.index) == list(range(1, 13)) and list(table.columns)[0] == "loss"
    assert "12 epochs" in repr(found) and "tau" in repr(found) and "ms" in repr(found)
    assert "<table>" in found._repr_html_()
    assert len(found.history.plot().lines) == 1
    with pytest.raises(UnknownName, match="did you mean 'loss'"):
        found.history["los"]


def test_the_bar_says_the_loss():
    written = io.StringIO()
    bar = Bar(written)
    bs.train.fit(leaky(), distance, ({}, np.zeros((100, 3))), epochs=3, progress=bar)
    assert "100%" in written.getvalue() and "loss" in written.getvalue()
