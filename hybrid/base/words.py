"""Words that the code of several rooms compares; standard library only."""

OWN_PHYSICS = "the backend's own"
"""How the physics of a run begins that no device profile takes part in."""
