"""``brainsim.train``: what changes the parameters of networks until they do what is wanted."""
from brainsim.learning.fit import fit
from brainsim.learning.force import force
from brainsim.learning.readout import ridge, rls

__all__ = ["fit", "force", "ridge", "rls"]
