"""Gradients with units, training, closed-form and online readouts: everything here needs JAX and is imported when it is
first asked for."""
