"""Networks in continuous time: flows between events, maps at events, and the exact gradients of both
(``docs/event_gradients.rst``)."""
