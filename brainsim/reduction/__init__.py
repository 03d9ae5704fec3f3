"""Synaptic variables that many synapses have in common are kept once: per source neuron, per target neuron, or as a
sum.

The rules are those of BrainPy's AlignPre and AlignPost (Wang et al. 2024, ICLR), stated for arbitrary equations;
``docs/reduction.rst`` gives them.
"""
