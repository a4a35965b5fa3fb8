"""The machines that an experiment is rehearsed for: what people call them, and those that no profile can stand in for."""

from collections.abc import Sequence

from hybrid import catalog
from hybrid.base.errors import UsageError, unknown
from hybrid.base.files import looks_like_path
from hybrid.device import naming, options

STAND_IN = "meluxina-q"
DEVICES = (STAND_IN, "iqm-star-24", "iqm-lattice-54", "aqt-20")
"""What is rehearsed where nobody says: the stand-in for MeluXina-Q and every gate-model profile of a EuroHPC machine."""
MACHINES = {"iqm-star-24": "VLQ", "iqm-lattice-54": "Euro-Q-Exa", "aqt-20": "Piast-Q", STAND_IN: "MeluXina-Q"}
"""Profile -> the machine whose published numbers it has, or whose place it takes."""
WITHOUT_GATES = {
    "Lucy": "is a photonic machine: its photons pass interferometers, and a circuit of gates on qubits says nothing about it",
    "RUBY": "is an analogue machine of neutral atoms: it evolves under a Hamiltonian that is tuned, and has no gates",
    "JADE": "is an analogue machine of neutral atoms: it evolves under a Hamiltonian that is tuned, and has no gates",
}
"""Machines of the same network that have no gate-model profile, and why."""


def profile_of(text: str) -> str:
    """The device as `--device` takes it, from a profile or a machine's name, options kept.

    UsageError: an unknown name with the nearest, a machine without gates with the reason, a device without noise.
    """
    head, settings = options.split(text)
    if not looks_like_path(head):
        head = _named(head.strip())
    text = f"{head}:{settings}" if settings else head
    if head == "ideal":
        raise UsageError(
            "device 'ideal' has no noise and is no machine; every rehearsal plays the experiment without noise too."
        )
    naming.device_text(text)
    return text


def profiles_of(texts: Sequence[str]) -> tuple[str, ...]:
    """The devices in order, each once."""
    return tuple(dict.fromkeys(map(profile_of, texts)))


def machine_of(device_name: str) -> str:
    """The machine that a built-in profile describes; empty for others."""
    return MACHINES.get(device_name, "")


def _named(name: str) -> str:
    by_name = {machine.lower(): profile for profile, machine in MACHINES.items()}
    for machine, why in WITHOUT_GATES.items():
        if name.lower() == machine.lower():
            others = ", ".join(f"{other} ({profile})" for profile, other in MACHINES.items())
            raise UsageError(f"device '{name}': {machine} {why}. Machines with gates: {others}.")
    names = catalog.names("devices")
    if name in names:
        return name
    if name.lower() in by_name:
        return by_name[name.lower()]
    raise unknown("device", name, {*names, *MACHINES.values()} - {"ideal"})
