"""How the physics of a run is named where no device profile takes part; standard library only, as record listings read it."""

OWN_PHYSICS = "the backend's own"
"""First words of the physics of a backend with its own noise."""
