"""A binary program from an LP file, read by HiGHS."""

import ctypes
import math
import os
import re
import sys
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from hybrid.base.errors import MissingPart, UsageError, shortened
from hybrid.base.files import read_text
from hybrid.base.types import Problem
from hybrid.catalog.problems._binary import BinaryProgram, Constraint, Qubo, bits
from hybrid.catalog.problems._inputs import MAX_QUBITS
from hybrid.catalog.problems._solve import binary_problem

ALGORITHM = "qaoa"
SUFFIXES = (".lp",)
LARGEST = 10**6
"""Of whole-number coefficients: a slack of more than 20 bits would be too large for any simulator here."""


def lp(*, file: str, penalty: float | None = None) -> Problem:
    """A program with binary variables, from an LP file (CPLEX).

    A linear or quadratic objective and linear constraints.

    Read by HiGHS (Huangfu and Hall, Math. Program. Comput. 10, 119, 2018; `pip install 'hybrid-sandbox[lp]'`). Every
    variable must be binary, or a whole number between 0 and 1; one that its bounds fix is held by a constraint.
    Constraints are brought to whole numbers. A maximum is reported with its own sign. UsageError names the file and the
    part that is not allowed; MissingPart without HiGHS.
    """
    program, maximize = _program(Path(file))

    def decode(outcome: int) -> str:
        at = np.array([outcome], dtype=np.uint64)
        value = (-1 if maximize else 1) * program.objective.values(at)[0]
        broken = [c.name for c in program.constraints if c.excess(bits(at, len(program.names)))[0]]
        verdict = f" BREAKS {', '.join(dict.fromkeys(broken))}" if broken else ""
        return f"objective {value:g}: {' '.join(program.chosen(outcome)) or 'nothing'} = 1{verdict}"

    return binary_problem("lp", program, decode, quantity="objective", maximize=maximize, penalty=penalty)


def _program(path: Path) -> tuple[BinaryProgram, bool]:
    """The program, its objective to be minimised, and whether the file maximises."""
    text = read_text(path)
    if not re.search(r"^\s*end\s*(\\.*)?$", text, re.IGNORECASE | re.MULTILINE):
        raise UsageError(f"{path}: has no 'End': an LP file ends with it, so this one may be cut off.")
    model, names, rows, maximize = _read(path, text)
    columns = model.lp_
    if len(names) > MAX_QUBITS:
        raise UsageError(f"{path}: {len(names)} variables; at most {MAX_QUBITS} are allowed.")
    kinds = [str(kind).rpartition(".")[2] for kind in columns.integrality_] or ["kContinuous"] * len(names)
    for name, kind, low, high in zip(names, kinds, columns.col_lower_, columns.col_upper_, strict=True):
        if kind != "kInteger" or not {low, high} <= {0.0, 1.0} or low > high:
            what = "a whole" if kind == "kInteger" else "any"
            raise UsageError(
                f"{path}: variable '{shortened(name)}' is not binary but {what} number between {low:g} and {high:g}; "
                "list it under 'Binary'."
            )
    sign = -1.0 if maximize else 1.0
    linear, quadratic = sign * np.array(columns.col_cost_, dtype=float), {}
    hessian = model.hessian_
    for j in range(hessian.dim_):
        for k in range(hessian.start_[j], hessian.start_[j + 1]):
            i, value = int(hessian.index_[k]), sign * float(hessian.value_[k])
            if i == j:
                linear[j] += value / 2  # x^2 = x
            elif value:
                quadratic[min(i, j), max(i, j)] = value
    objective = Qubo(sign * float(columns.offset_), linear, quadratic)
    return BinaryProgram(
        names=tuple(names), objective=objective, constraints=tuple(_constraints(path, columns, names, rows))
    ), maximize


def _read(path: Path, text: str) -> tuple[Any, list[str], list[str], bool]:
    """HiGHS' model, the names of its variables and rows, and whether it maximises; UsageError with its message when it cannot
    read the file."""
    try:
        import highspy  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise MissingPart("LP files are read by HiGHS. Install it with: pip install 'hybrid-sandbox[lp]'") from None
    plain, given = _plain_names(text)
    highs = _silently(highspy.Highs)
    messages: list[str] = []
    highs.setOptionValue("log_to_console", False)
    highs.cbLogging += lambda event: messages.append(event.message)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "program.lp"
        copy.write_text(plain, encoding="utf-8")
        status = highs.readModel(str(copy))
    if status != highspy.HighsStatus.kOk:
        raise UsageError(_refusal(path, [message for message in messages if message.startswith(("ERROR", "WARNING"))], given))
    model = highs.getModel()
    columns, rows = (
        [given.get(str(name), str(name)) for name in names] for names in (model.lp_.col_names_, model.lp_.row_names_)
    )
    return model, columns, rows, model.lp_.sense_ == highspy.ObjSense.kMaximize


def _plain_names(text: str) -> tuple[str, dict[str, str]]:
    """The text with names such as x[0,1] written without brackets, as HiGHS needs them, and what each stands for."""
    names = dict.fromkeys(re.findall(r"(?<![\w.])[A-Za-z_][\w.]*\[[\w.,]*\]", text))
    given = {f"bracketed_name_{i}_": name for i, name in enumerate(names)}
    for plain, name in given.items():
        text = re.sub(rf"(?<![\w.]){re.escape(name)}", plain, text)
    return text, given


def _refusal(path: Path, messages: list[str], given: dict[str, str]) -> str:
    """HiGHS' complaint in one line, with the place that it names."""
    text = " ".join(message.replace("ERROR:", "").replace("WARNING:", "").replace("\\n", "\n").strip() for message in messages)
    place = re.search(r"-->.*?:(\d+):\d+", text)
    what = re.sub(r"bracketed_name_\d+_", lambda name: given.get(name[0], name[0]), text.partition("\n")[0])
    where = f"{path}:{place[1]}" if place else f"{path}"
    return f"{where}: HiGHS cannot read this as an LP file: {shortened(what.rstrip('. '), 200) or 'no reason given'}."


def _silently(make: Callable[[], Any]) -> Any:
    """What `make` gives; HiGHS greets on stdout, which belongs to the result."""
    sys.stdout.flush()
    kept = os.dup(1)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        try:
            return make()
        finally:
            _c_library().fflush(None)  # the greeting may still be in its buffer
            os.dup2(kept, 1)
            os.close(kept)


def _c_library() -> ctypes.CDLL:
    try:
        return ctypes.CDLL(None)
    except TypeError:  # Windows
        return ctypes.CDLL("ucrtbase")


def _constraints(path: Path, columns: Any, names: list[str], row_names: list[str]) -> list[Constraint]:
    """The rows as equations and upper bounds in whole numbers; a row with two bounds becomes two constraints.

    A variable whose bounds fix it is an equation of its own.
    """
    entries: list[dict[int, Fraction]] = [{} for _ in range(columns.num_row_)]
    starts, indices, values = columns.a_matrix_.start_, columns.a_matrix_.index_, columns.a_matrix_.value_
    by_column = str(columns.a_matrix_.format_).endswith("kColwise")
    for major in range(len(starts) - 1):
        for k in range(starts[major], starts[major + 1]):
            row, column = (indices[k], major) if by_column else (major, indices[k])
            entries[row][int(column)] = Fraction(repr(float(values[k])))
    fixed = [j for j, (low, high) in enumerate(zip(columns.col_lower_, columns.col_upper_, strict=True)) if low == high]
    constraints = [_whole(path, f"bounds of {names[j]}", {j: Fraction(1)}, "=", float(columns.col_lower_[j])) for j in fixed]
    for r, row in enumerate(entries):
        name = row_names[r] if row_names else f"row {r + 1}"
        low, high = float(columns.row_lower_[r]), float(columns.row_upper_[r])
        if low == high:
            constraints.append(_whole(path, name, row, "=", high))
            continue
        if math.isfinite(high):
            constraints.append(_whole(path, name, row, "<=", high))
        if math.isfinite(low):
            constraints.append(_whole(path, name, {i: -a for i, a in row.items()}, "<=", -low))
    return [constraint for constraint in constraints if constraint is not None]


def _whole(path: Path, name: str, row: dict[int, Fraction], sense: Any, bound: float) -> Constraint | None:
    """The row times the least common denominator of its coefficients, a bound from above rounded down; None where it always
    holds. UsageError: numbers too large or with too many digits."""
    row, limit = {i: a for i, a in row.items() if a}, Fraction(repr(bound))
    factor = math.lcm(*(a.denominator for a in row.values()), *([limit.denominator] if sense == "=" else []))
    coefficients = {i: int(a * factor) for i, a in row.items()}
    whole = math.floor(limit * factor)
    if max([*map(abs, coefficients.values()), abs(whole)], default=0) > LARGEST:
        raise UsageError(
            f"{path}: constraint '{shortened(name)}' has numbers above {LARGEST:,} once they are whole; round them."
        )
    if sense == "<=" and sum(max(a, 0) for a in coefficients.values()) <= whole:
        return None
    if not coefficients:
        raise UsageError(f"{path}: constraint '{shortened(name)}' holds for no choice.")
    return Constraint(name, coefficients, sense, whole)
