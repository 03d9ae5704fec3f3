# cython: language_level=3, binding=False, embedsignature=False
# The half of a compiled network that Python calls; the loops are linked to it (templates/c/network.c.jinja).
from libc.stdint cimport int64_t, uintptr_t

cdef extern from *:
    """
    struct Network;
    int advance_network(struct Network *, int64_t);
    """
    cdef struct Network:
        pass
    int advance_network(Network *network, int64_t ticks) nogil


def advance(uintptr_t network, int64_t ticks):
    """Advance by up to ``ticks`` ticks without holding the GIL; returns why it came back."""
    cdef int why
    with nogil:
        why = advance_network(<Network *>network, ticks)
    return why
