"""``brainsim.test()``: does the installation work here?"""
from __future__ import annotations

import logging
from typing import Any

import numpy as np

from brainsim.objects.names.namespace import RunNamespace
from brainsim.objects.network.network import Network
from brainsim.objects.neurons.neuron_group import NeuronGroup
from brainsim.objects.recorders.event_monitor import SpikeMonitor
from brainsim.objects.synapses.synapses import Synapses
from brainsim.options import prefs
from brainsim.targets.contract import Missing
from brainsim.targets.cython_module import CythonTarget
from brainsim.units import Quantity
from brainsim.units.dimensions import SECOND

logger = logging.getLogger("brainsim")
MS = Quantity(1e-3, SECOND)


def test(*args: Any, **keywords: Any) -> bool:
    """Run one small network on every target and print what came out; True when all that run here agree and a compiler
    is there.

    Arguments, which Brian 2 has for its test suite, are told to have no effect.
    """
    if args or keywords:
        logger.info("brainsim.test checks the installation and takes no arguments: %s have no effect",
                    (*args, *keywords))
    found, agree = {target: _outcome(target) for target in ("interpreter", "numpy")}, True
    compiler = CythonTarget().available()
    if isinstance(compiler, Missing):
        print(f"cython       does not run here: {compiler.reason}\n             {compiler.remedy}")
    else:
        found["cython"] = _outcome("cython")
    for target, (spikes, values) in found.items():
        same = np.array_equal(spikes, found["interpreter"][0]) and np.allclose(values, found["interpreter"][1],
                                                                               rtol=1e-9)
        agree = agree and same
        print(f"{target:12} {len(spikes)} spikes{'' if same else '  DIFFERS from the interpreter'}")
    return agree and "cython" in found


vars(test)["__test__"] = False  # not a test where a star import brings it


def _outcome(target: str) -> tuple[np.ndarray, np.ndarray]:
    """Times of the spikes and final values of a noisy, coupled network; the random numbers of the script stay as they
    are."""
    prefs._backup()
    try:
        prefs["codegen.target"] = target
        group = NeuronGroup(5, "dv/dt = (1.5 + 0.1*i - v)/tau + 0.1*xi*tau**-0.5 : 1", threshold="v > 1", reset="v = 0",
                            method="euler", dt=0.1 * MS, namespace={"tau": 5 * MS})
        synapses = Synapses(group, group, "w : 1", on_pre="v_post += w", delay=0.5 * MS)
        synapses.connect(condition="i != j")
        synapses.w = "0.01*(i + 1)"
        spikes = SpikeMonitor(group)
        Network(group, synapses, spikes).run_with_key(0.02, RunNamespace({}), 7)
        return np.array(spikes.t_), np.array(group.v_)
    finally:
        prefs._restore()
