"""Spec: every input of one run. Each field is a command-line flag and a TOML key; there is no other way in."""

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from numbers import Real
from pathlib import Path
from typing import Any, final

from hybrid import catalog
from hybrid.base.errors import UsageError, shortened, unknown
from hybrid.base.files import NUMBER, check_file, line_of, looks_like_path, read_text, read_toml
from hybrid.base.json_lines import dump
from hybrid.device import naming
from hybrid.measure.choices import ALLOCATIONS, DD, GRADIENTS, GROUPINGS, WORDS
from hybrid.runs import record

DEFAULT_ITERATIONS = 300
DURATION = r"\d+(?:\.\d+)?"
"""The number of a time, before its unit, one of SECONDS."""
SECONDS = {"": 1.0, "s": 1.0, "min": 60.0, "h": 3600.0}
MEMBERS = {
    "algorithm": "algorithms",
    "problem": "problems",
    "ansatz": "ansatze",
    "optimizer": "optimizers",
    "backend": "backends",
}
"""Field -> family of the member it names."""
WHOLE = {"shots": 0, "realizations": 2, "threads": 1, "max_evals": 0, "max_iterations": 0, "seed": 0}
"""Field that takes a whole number -> the least."""
FIRST_DEFAULTS: dict[str, Any] = {
    **{"problem": "", "algorithm": None, "ansatz": None, "optimizer": None, "gradient": "auto", "backend": "aer"},
    **{"device": "ideal", "dephasing": None, "realizations": None, "dd": "none", "mitigate": "none", "shots": 0},
    **{"grouping": "qwc", "allocation": "uniform", "threads": 1, "max_evals": None, "max_iterations": None, "max_qpu": None},
    **{"seed": 0, "initial_point": None},
}
"""The defaults of version 0.1. Ids and records leave out what equals these: a new default is never taken for an old one."""
NEW_ANSATZ = ("beh2", "deuteron", "fcidump", "h2o", "hubbard", "lih", "molecule")
"""Problems that propose another ansatz on ideal than in version 0.1."""
FIRST_RULES, RULES = 1, 3
"""Versions of the rules that choose what a Spec leaves open: those of version 0.1, and today's. The second has the ansatz by
device and SPSA's gains, the third an algorithm's own OPTIMIZERS."""


def _flag(default: Any, help: str, metavar: str = "", example: Any = None) -> Any:
    """A field as a flag and a key of a file; the `example` is of one whose default is chosen when the run starts."""
    return field(default=default, metadata={"help": help, "metavar": metavar, "example": example})


@final
@dataclass(frozen=True, kw_only=True)
class Spec:
    """Every input of one run, checked when made; UsageError names the field, the value and what is allowed.

    None means "the default, chosen when the run starts"; what was chosen is printed and recorded.
    """

    problem: str = _flag("", "What to solve: a problem, or a file such as ./my.edges.", "PROBLEM")
    algorithm: str | None = _flag(None, "How to solve it; left out, the problem implies it.", "ALGORITHM", "vqe")
    ansatz: str | None = _flag(
        None, "Parametrised circuit; left out, the problem proposes one.", "NAME[:k=v,...]", "efficient_su2"
    )
    optimizer: str | None = _flag(
        None, "Classical optimiser; adam for exact values, spsa with shots, or the algorithm's.", "NAME[:k=v,...]", "spsa"
    )
    gradient: str = _flag("auto", f"How gradients are made: {', '.join(GRADIENTS)}.", "METHOD")
    backend: str = _flag("auto", "Simulator that answers; auto: the exact engine, checked by aer.", "NAME[:k=v,...]")
    device: str = _flag("ideal", "Physics to stand in for: a profile, or ./mine.toml.", "NAME[:k=v,...]")
    dephasing: str | None = _flag(None, "quasistatic or markov; left out, what the device's profile says.", "KIND", "markov")
    realizations: int | None = _flag(
        None, "Draws of quasi-static detunings for each value; 100, or 64 without shots.", "N", 100
    )
    dd: str = _flag("none", f"Dynamical decoupling in idle times: {', '.join(DD)}.", "SEQUENCE")
    mitigate: str = _flag("none", "Error mitigation: readout+zne, say; see hybrid list mitigations.", "METHOD[+...]")
    shots: int = _flag(0, "Shots per expectation value, divided over its groups; 0 = exact.", "N")
    grouping: str = _flag("qwc", f"How Pauli terms share circuits: {', '.join(GROUPINGS)}.", "METHOD")
    allocation: str = _flag("uniform", f"How shots are divided over groups: {', '.join(ALLOCATIONS)}.", "METHOD")
    threads: int = _flag(1, "Threads of the simulator.", "N")
    max_evals: int | None = _flag(None, "Stop before more parameter points than this; 0 only evaluates.", "N", 300)
    max_iterations: int | None = _flag(
        None,
        f"Stop a minimisation before more iterations than this; {DEFAULT_ITERATIONS} when no budget is given.",
        "N",
        DEFAULT_ITERATIONS,
    )
    max_qpu: float | str | None = _flag(
        None, "Stop before more time on the machine than this: 90s, 30min, 2h.", "TIME", "30min"
    )
    seed: int = _flag(0, "The one seed every random draw descends from.", "N")
    initial_point: Sequence[float] | None = _flag(
        None, "Where to start: 0.1,0.2,... or a file, 'latest', or a run's id.", "POINT", (0.1, 0.2)
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "max_qpu", duration_s("max_qpu", self.max_qpu))
        for name, least in WHOLE.items():
            _whole(name, getattr(self, name), least, optional=name.startswith("max_") or name == "realizations")
        for name, allowed in WORDS.items():
            if getattr(self, name) not in allowed:
                raise unknown(name, str(getattr(self, name)), allowed)
        if self.initial_point is not None:
            object.__setattr__(self, "initial_point", _point(self.initial_point))
        if not self.problem:
            raise UsageError("no problem is named; see: hybrid list problems.")
        for name in ("problem", "algorithm", "ansatz", "optimizer", "backend", "device", "mitigate"):
            _text(name, getattr(self, name), optional=name in ("algorithm", "ansatz", "optimizer"))
        if self.algorithm is None:
            implied = catalog.parse("problems", self.problem).signature.constants.get("ALGORITHM", "vqe")
            object.__setattr__(self, "algorithm", implied)
        for name in MEMBERS:
            member = self.member(name)
            for path in member.files if member is not None else ():
                check_file(path)
        for member in catalog.chain(self.mitigate):
            for path in member.files:
                check_file(path)
        check_file(naming.device_file(self.device))
        if self.dephasing is not None:
            _text("dephasing", self.dephasing, optional=True)
        naming.device_text(self.device, self.dephasing)

    def member(self, name: str) -> catalog.Member | None:
        """The checked member that a field names; None where the field is left to its default."""
        text = getattr(self, name)
        return None if text is None else catalog.parse(MEMBERS[name], text)

    def canonical(self, rules: int = RULES) -> dict[str, Any]:
        """The fields that differ from the first defaults, members in canonical text, files by name and sha256; and the newest
        version, up to `rules`, that chooses something of what is left open otherwise than those before."""
        plain = self.given()
        for name in MEMBERS:
            if (member := self.member(name)) is not None and name in plain:
                plain[name] = member.text(defaults=False, as_first=rules == FIRST_RULES)
        if "mitigate" in plain:
            plain["mitigate"] = catalog.chain_text(self.mitigate)
        plain.pop("dephasing", None)
        device = naming.device_text(self.device, self.dephasing)
        plain |= {"device": device} if device != "ideal" else {}
        newest = min(rules, self.newest_rules)
        plain |= {"rules": newest} if newest != FIRST_RULES else {}
        return plain | {"threads": self.threads}

    @property
    def newest_rules(self) -> int:
        """The newest version of the rules that may choose something of what is left open otherwise than those before."""
        algorithm = self.member("algorithm")
        assert algorithm is not None
        own = self.optimizer is None and "OPTIMIZERS" in algorithm.signature.constants
        if own and (self.shots > 0 or self.device != "ideal"):
            return 3
        return 2 if self._left_to_second_rules else FIRST_RULES

    @property
    def _left_to_second_rules(self) -> bool:
        """Whether something is left open that the second rules may choose otherwise than the first ones."""
        members = [member for name in MEMBERS if (member := self.member(name)) is not None]
        if any(m.text(defaults=False) != m.text(defaults=False, as_first=True) for m in members):
            return True
        if self.optimizer is None and self.shots > 0:
            return True
        problem = catalog.parse("problems", self.problem).signature.name
        return self.ansatz is None and (self.device != "ideal" or problem in NEW_ANSATZ)

    @property
    def id(self) -> str:
        """12 hex digits: the sha256 of the canonical JSON."""
        return self.id_under(RULES)

    def id_under(self, rules: int) -> str:
        """The id that this run had when what it leaves open was chosen by these rules."""
        return hashlib.sha256(dump(self.canonical(rules)).encode()).hexdigest()[:12]

    def resolved(self, **chosen: Any) -> dict[str, Any]:
        """Every field with its value, the defaults chosen at the start filled in, every member's options written out."""
        values = {f.name: getattr(self, f.name) for f in fields(self)} | self.canonical(FIRST_RULES) | chosen
        for name, family in MEMBERS.items():
            text = chosen.get(name)
            member = self.member(name) if text is None else catalog.parse(family, text)
            values[name] = None if member is None else member.text(defaults=True)
        return values | {"mitigate": catalog.chain_text(self.mitigate, defaults=True)}

    def given(self) -> dict[str, Any]:
        """The fields that differ from the first defaults as they were written; `as_given` reads them."""
        return {name: value for name, first in FIRST_DEFAULTS.items() if (value := getattr(self, name)) != first}

    @classmethod
    def as_given(cls, given: Mapping[str, Any]) -> "Spec":
        """The Spec that a record of any version was given; `Spec.as_given(spec.given())` is `spec`, files permitting."""
        return cls(**FIRST_DEFAULTS | dict(given))

    @classmethod
    def from_toml(cls, path: str | Path, *, results: str | Path = "results", **overrides: Any) -> "Spec":
        """A Spec from an experiment file, `overrides` winning; UsageError names file, line and key.

        Files are named relative to the experiment file. `results` is where a run named by `initial_point` is looked for,
        relative to the working folder.
        """
        table, text = read_toml(Path(path))
        allowed = [f.name for f in fields(cls)]
        for key, value in table.items():
            where = f"{path}:{line_of(text, key)}"
            if key not in allowed:
                raise UsageError(f"{where}: {unknown('key', key, allowed)}")
            if key not in overrides and key in (*MEMBERS, "device", "initial_point") and isinstance(value, str):
                table[key] = beside(Path(path).parent, value)
                if key == "initial_point":
                    try:
                        table[key] = read_point(table[key], Path(results))
                    except UsageError as error:
                        raise UsageError(f"{where}: {key}: {error}") from None
        try:
            return cls(**(table | overrides))
        except UsageError as error:
            raise located(error, Path(path), text, table, overrides, lambda given: cls(**given)) from None


def located(
    error: UsageError,
    path: Path,
    text: str,
    table: Mapping[str, Any],
    overrides: Mapping[str, Any],
    make: Callable[[dict[str, Any]], Any],
) -> UsageError:
    """The error of a file's `table` with file, line and key: of the first key that `make` refuses alone, or else of the file.

    Keys in `overrides` do not count. A kind of dephasing is one of a device, and is tried with it.
    """
    device = {key: value for key, value in {**table, **overrides}.items() if key == "device"}
    for key in sorted(table.keys() - overrides.keys(), key=lambda key: (key == "dephasing", [*table].index(key))):
        try:
            make({"problem": "h2"} | (device if key == "dephasing" else {}) | {key: table[key]})
        except UsageError as alone:
            named = "" if str(alone).startswith(key) else f"{key}: "
            return UsageError(f"{path}:{line_of(text, key)}: {named}{alone}")
    return UsageError(f"{path}: {error}")


def beside(folder: Path, text: str) -> str:
    """A member, a device or a file as an experiment file in `folder` names it, with its paths as seen from the working folder.

    `name:key=value,...` with a file as the name or as a value; module names and absolute paths stay as they are.
    """
    if folder.resolve() == Path.cwd():
        return text
    head, colon, rest = text.partition(":")
    is_module = "/" not in head and not head.endswith(".py") and bool(rest) and "=" not in rest.partition(":")[0]
    if looks_like_path(head) and not is_module:
        head = _moved(folder, head)
    return head + colon + ",".join(_option(folder, item) for item in rest.split(","))


def _option(folder: Path, item: str) -> str:
    """`key=value` with a file as the value, or `key=./mine.py:name`."""
    key, equals, value = item.partition("=")
    path, colon, name = value.partition(":")
    is_file = looks_like_path(path if path.endswith(".py") else value)
    return f"{key}={_moved(folder, path)}{colon}{name}" if equals and is_file else item


def _moved(folder: Path, path: str) -> str:
    """The path as seen from the working folder: relative where it lies in it, else absolute. The file's own name is kept."""
    if Path(path).is_absolute():
        return path
    place = (folder / path).parent.resolve()
    if place.is_relative_to(Path.cwd()):
        place = place.relative_to(Path.cwd())
    return f"./{Path(path).name}" if place == Path(".") else str(place / Path(path).name)


def read_point(text: str, results: Path) -> list[float]:
    """The numbers of a list `0.1,0.2`, of a file that holds one, or of where a run in `results` ended; else UsageError."""
    where = "initial point"
    first = text.split(",")[0].strip(" [")
    if not NUMBER.fullmatch(first) and first.lower().lstrip("+-") not in ("nan", "inf", "infinity"):
        if not looks_like_path(text):
            return record.final_point(record.find(results, text))
        where, text = text, read_text(Path(text))
    words = [word for word in re.split(r"[\s,\[\]]+", text) if word]
    for word in words:
        if not NUMBER.fullmatch(word):
            raise UsageError(
                f"{where}: '{shortened(word)}' is not a number; write 0.1,0.2,... or name a file, 'latest' or a run."
            )
    return [float(word) for word in words]


def _point(values: Any) -> tuple[float, ...]:
    if isinstance(values, str):
        values = read_point(values, Path("results"))
    if isinstance(values, Real) or not hasattr(values, "__iter__"):
        raise UsageError(f"initial_point takes a list of numbers, not {values!r}.")
    numbers = []
    for i, value in enumerate(values):
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
            raise UsageError(f"initial_point: entry {i} is {value}; every entry must be a finite number.")
        numbers.append(float(value))
    return tuple(numbers)


def _whole(name: str, value: Any, least: int, *, optional: bool) -> None:
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        raise UsageError(f"{name} takes a whole number, not {value!r}.")
    if value < least:
        raise UsageError(f"{name} must be at least {least}, not {value}.")


def _text(name: str, value: Any, *, optional: bool) -> None:
    if value is None and optional:
        return
    if not isinstance(value, str) or not value:
        raise UsageError(f"{name} takes a name, not {value!r}.")


def duration_s(name: str, value: Any) -> float | None:
    """Seconds from 90, '90s', '30min' or '2h'; UsageError says what `name` takes."""
    if value is None:
        return None
    match = re.fullmatch(rf"({DURATION})\s*([a-z]*)", str(value).strip())
    if match is None or match[2] not in SECONDS or float(match[1]) <= 0:
        raise UsageError(f"{name} takes a time such as 90s, 30min or 2h, not '{shortened(str(value))}'.")
    return float(match[1]) * SECONDS[match[2]]
