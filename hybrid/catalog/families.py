"""The families of members, and which members are built in: one file each, in the family's folder."""

from functools import cache
from pathlib import Path

from hybrid.base.errors import unknown

PACKAGE = Path(__file__).parent.parent
FAMILIES = {
    "adapters": "adapter",
    "algorithms": "algorithm",
    "ansatze": "ansatz",
    "backends": "backend",
    "circuits": "circuit",
    "devices": "device",
    "executors": "executor",
    "mitigations": "mitigation",
    "optimizers": "optimizer",
    "problems": "problem",
    "workloads": "workload",
}
"""Family -> the word for one member."""
FOLDERS = {family: f"catalog/{family}" for family in FAMILIES} | {
    "adapters": "bench/adapters",
    "backends": "simulators",
    "devices": "device/profiles",
    "executors": "runs/executors",
    "mitigations": "measure/mitigation",
    "workloads": "bench/workloads",
}
"""Family -> where in the package its members are."""


def family_of(word: str) -> str:
    """The folder for `optimizer` or `optimizers`; UsageError with the nearest otherwise."""
    for folder, singular in FAMILIES.items():
        if word in (folder, singular):
            return folder
    raise unknown("family", word, FAMILIES)


def folder(family: str) -> Path:
    """Where the family's built-in members are."""
    return PACKAGE / FOLDERS[family]


def names(family: str) -> list[str]:
    """The built-in members of a family, sorted: its folder's files."""
    return [*_names(family)]


@cache
def _names(family: str) -> tuple[str, ...]:
    suffix = ".toml" if family == "devices" else ".py"
    return tuple(sorted(path.stem for path in folder(family).glob(f"*{suffix}") if not path.stem.startswith("_")))
