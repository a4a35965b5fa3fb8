"""Molecular integrals over real orbitals: from FCIDUMP files, and the active space cut out of them.

The format: Knowles and Handy, Comput. Phys. Commun. 54, 75, 1989.
"""

import math
import re
from pathlib import Path
from typing import NamedTuple, NoReturn, final

import numpy as np
from jaxtyping import Float

from hybrid.base.errors import UsageError, shortened, unknown
from hybrid.base.files import read_text

MAX_ORBITALS = 12
"""24 qubits, and 1.3 million products to collect; larger molecules need an active space."""
MAX_FILE_ORBITALS = 64
"""Limit of memory: 64^4 integrals are 128 MiB."""
SAME = 1e-9
"""Hartree: entries that stand for the same integral may differ so much, by the digits they were written with."""
KEYS = ("NORB", "NELEC", "MS2", "ISYM", "ORBSYM", "IUHF", "UHF")
UNUSED = ("PNTGRP", "NROOT", "IPRTIM", "INT", "MEMORY", "MAXIT", "THR", "THRRES", "NPROP", "PROPBITLEN")
"""Keys for other programs: point group, roots sought, printing, memory, convergence."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eEdD][+-]?\d+)?", re.ASCII)


@final
class Integrals(NamedTuple):
    """core energy, h_pq as one[p, q] and (pq|rs) as two[p, q, r, s], all in hartree, and the electrons of each spin."""

    core: float
    one: Float[np.ndarray, "m m"]
    two: Float[np.ndarray, "m m m m"]
    n_alpha: int
    n_beta: int

    def folded(self, frozen: int, kept: int) -> "Integrals":
        """The first `frozen` orbitals doubly occupied for good and put into core and one-electron integrals, the next `kept`
        left: core += sum_i (h_ii + f_ii), h_pq += sum_i 2 (pq|ii) - (pi|iq)."""
        cold, live = slice(0, frozen), slice(frozen, frozen + kept)
        coulomb = np.einsum("pqii->pq", self.two[:, :, cold, cold])
        exchange = np.einsum("piiq->pq", self.two[:, cold, cold, :])
        fock = self.one + 2 * coulomb - exchange
        core = self.core + float(np.trace(self.one[cold, cold]) + np.trace(fock[cold, cold]))
        two = self.two[live, live, live, live]
        return Integrals(core, fock[live, live], two, self.n_alpha - frozen, self.n_beta - frozen)

    def aufbau_energy(self) -> float:
        """<H> of the determinant that fills the first orbitals of each spin."""
        alpha, beta = (np.arange(len(self.one)) < n for n in (self.n_alpha, self.n_beta))
        n = alpha.astype(float) + beta
        coulomb = np.einsum("ppqq->pq", self.two)
        exchange = np.einsum("pqqp->pq", self.two)
        same = sum(np.outer(spin, spin).astype(float) for spin in (alpha, beta))
        return self.core + float(n @ np.diag(self.one) + (n @ coulomb @ n - (same * exchange).sum()) / 2)


def active_space(owner: str, integrals: Integrals, active: str | None, frozen: int) -> Integrals:
    """`active` as in 4e4o: so many electrons in so many orbitals, those below doubly occupied, those above empty. `frozen`
    freezes so many of the lowest orbitals and keeps the rest. UsageError: more electrons or orbitals than there are."""
    m, electrons = len(integrals.one), integrals.n_alpha + integrals.n_beta
    if active is None:
        kept = m - frozen
        if not (0 <= frozen <= min(integrals.n_alpha, integrals.n_beta) and kept > 0):
            most = min(integrals.n_alpha, integrals.n_beta, m - 1)
            raise UsageError(f"problem '{owner}': frozen must lie between 0 and {most}, not {frozen}.")
    else:
        if frozen:
            raise UsageError(f"problem '{owner}': active={active} already determines the frozen orbitals; leave frozen out.")
        match = re.fullmatch(r"(\d{1,3})e(\d{1,3})o", active)
        if match is None:
            raise UsageError(f"problem '{owner}': write the active space as 4e4o (electrons, orbitals), not '{active}'.")
        wanted, kept = int(match[1]), int(match[2])
        frozen, rest = divmod(electrons - wanted, 2)
        if rest or frozen < 0 or frozen > min(integrals.n_alpha, integrals.n_beta) or kept == 0 or frozen + kept > m:
            raise UsageError(
                f"problem '{owner}': active={active} does not fit {electrons} electrons in {m} orbitals: an even number of "
                f"electrons is frozen in pairs, and {max(frozen, 0)} frozen and {kept} active orbitals are needed."
            )
    integrals_ = integrals.folded(frozen, kept)
    if not (0 <= integrals_.n_alpha <= kept and 0 <= integrals_.n_beta <= kept):
        raise UsageError(
            f"problem '{owner}': {kept} orbitals cannot hold {integrals_.n_alpha} and {integrals_.n_beta} electrons."
        )
    if kept > MAX_ORBITALS:
        raise UsageError(
            f"problem '{owner}': {kept} orbitals take {2 * kept} qubits, at most {MAX_ORBITALS} orbitals are read; "
            "choose an active space, as in active=4e4o."
        )
    return integrals_


def read_fcidump(path: Path) -> Integrals:
    """The integrals of a spin-restricted file, indices from 1, in any order and with any of the eight equal writings of one.

    `!` starts a comment. Orbital energies (lines `e i 0 0 0`) are no part of the Hamiltonian; point group labels (ORBSYM, ISYM)
    are checked for their number and not needed. The line of the core energy, by custom the last, must be there: without
    it the file may be cut off. UsageError names file and line: entries that contradict each other, indices that do not fit,
    spin-unrestricted or complex integrals, unknown keys.
    """
    lines = [line.partition("!")[0] for line in read_text(path).removeprefix("\ufeff").splitlines()]
    header, first = _header(path, lines)
    m, n_alpha, n_beta = _counts(path, header)
    return _Entries(path, m).read(lines, first).integrals(n_alpha, n_beta)


def _header(path: Path, lines: list[str]) -> tuple[dict[str, list[str]], int]:
    """The namelist's values by key, and the number of lines up to its end."""
    start = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if not re.match(r"\s*[&$]FCI\b", lines[start], re.IGNORECASE):
        raise UsageError(
            f"{path}:{start + 1}: an FCIDUMP file starts with '&FCI NORB=...', not '{shortened(lines[start].strip())}'."
        )
    text: list[tuple[int, str]] = []
    for i in range(start, len(lines)):
        line = re.sub(r"^\s*[&$]FCI\b", "", lines[i], flags=re.IGNORECASE) if i == start else lines[i]
        end = re.search(r"[&$]END\b|/", line, re.IGNORECASE)
        text.append((i + 1, line[: end.start()] if end else line))
        if end:
            if line[end.end() :].strip():
                raise UsageError(f"{path}:{i + 1}: nothing may follow the end of the header on its line.")
            return _namelist(path, text), i + 1
    raise UsageError(f"{path}: the header has no end ('&END' or '/').")


def _namelist(path: Path, text: list[tuple[int, str]]) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    key = ""
    for number, line in text:
        for word in re.findall(r"[A-Za-z]\w*\s*=|[^\s,=]+|=", line):
            if word.endswith("=") and len(word) > 1:
                key = word[:-1].strip().upper()
                if key not in KEYS + UNUSED:
                    raise UsageError(f"{path}:{number}: {unknown('key', key, KEYS)}")
                if key in table:
                    raise UsageError(f"{path}:{number}: {key} is given twice.")
                table[key] = []
            elif not key or word == "=":
                raise UsageError(f"{path}:{number}: '{shortened(word)}' belongs to no key; write KEY=value.")
            else:
                table[key].append(word)
    return table


def _counts(path: Path, header: dict[str, list[str]]) -> tuple[int, int, int]:
    """Orbitals, alpha and beta electrons."""
    m, electrons = _whole(path, header, "NORB"), _whole(path, header, "NELEC")
    excess = _whole(path, header, "MS2", 0)
    for key in ("IUHF", "UHF"):
        if [word.strip(".").upper() for word in header.get(key, ["0"])] not in (["0"], ["FALSE"], ["F"]):
            raise UsageError(f"{path}: {key}={' '.join(header[key])}: spin-unrestricted integrals are not read.")
    if "ORBSYM" in header and len(header["ORBSYM"]) != m:
        raise UsageError(f"{path}: ORBSYM has {len(header['ORBSYM'])} entries for NORB={m} orbitals.")
    if not 1 <= m <= MAX_FILE_ORBITALS:
        raise UsageError(f"{path}: NORB must lie between 1 and {MAX_FILE_ORBITALS}, not {m}.")
    n_alpha, rest = divmod(electrons + excess, 2)
    n_beta = electrons - n_alpha
    if rest or not (0 <= n_beta <= m and 0 <= n_alpha <= m) or electrons < 1:
        raise UsageError(f"{path}: NELEC={electrons} and MS2={excess} do not fit NORB={m} orbitals.")
    return m, n_alpha, n_beta


def _whole(path: Path, header: dict[str, list[str]], key: str, default: int | None = None) -> int:
    words = header.get(key, [] if default is None else [str(default)])
    if len(words) != 1 or not re.fullmatch(r"[+-]?\d{1,6}", words[0]):
        raise UsageError(f"{path}: the header must give {key} one whole number, not '{shortened(' '.join(words))}'.")
    return int(words[0])


class _Entries:
    """The tables that lines fill; an integral written several ways must have one value."""

    def __init__(self, path: Path, m: int) -> None:
        self._path, self._m = path, m
        self._at: dict[tuple[int, int, int, int], tuple[float, int]] = {}

    def read(self, lines: list[str], first: int) -> "_Entries":
        for number, line in enumerate(lines[first:], start=first + 1):
            if words := line.split():
                self._line(number, words)
        return self

    def integrals(self, n_alpha: int, n_beta: int) -> Integrals:
        """Everything read, the missing integrals zero; UsageError without a core energy or one-electron integrals."""
        m, core = self._m, self._at.pop((0, 0, 0, 0), None)
        one, two = np.zeros((m, m)), np.zeros((m, m, m, m))
        for (i, j, k, n), (value, _) in self._at.items():
            if k:
                for p, q in ((i - 1, j - 1), (j - 1, i - 1)):
                    for r, s in ((k - 1, n - 1), (n - 1, k - 1)):
                        two[p, q, r, s] = two[r, s, p, q] = value
            elif j:
                one[i - 1, j - 1] = one[j - 1, i - 1] = value
        if core is None:
            raise UsageError(f"{self._path}: has no line 'E 0 0 0 0' with the core energy, by custom its last: is it cut off?")
        if not one.any():
            raise UsageError(f"{self._path}: has no one-electron integrals (lines 'h i j 0 0').")
        return Integrals(core[0], one, two, n_alpha, n_beta)

    def _line(self, number: int, words: list[str]) -> None:
        if len(words) != 5:
            self._refuse(number, f"write 'value i j k l', not '{shortened(' '.join(words))}'")
        if not _NUMBER.fullmatch(words[0]) or not math.isfinite(value := float(re.sub("[dD]", "e", words[0]))):
            self._refuse(number, f"the integral must be a finite real number, not '{shortened(words[0])}'")
        if abs(value) > 1e6:
            self._refuse(number, f"an integral of {value:g} hartree is not physical")
        if not all(re.fullmatch(r"\d{1,6}", word) for word in words[1:]):
            self._refuse(number, f"the indices must be whole numbers from 0, not '{shortened(' '.join(words[1:]))}'")
        i, j, r, s = index = tuple(int(word) for word in words[1:])
        if max(index) > self._m:
            self._refuse(number, f"the index {max(index)} is above NORB={self._m}")
        if (i == 0 and j) or (j == 0 and r) or (r == 0) != (s == 0):
            self._refuse(number, f"the indices {i} {j} {r} {s} are not allowed; orbitals count from 1, and 0 means none")
        pairs = (max(i, j), min(i, j)), (max(r, s), min(r, s))
        key = (*max(pairs), *min(pairs))
        if key in self._at and abs(self._at[key][0] - value) > SAME:
            self._refuse(
                number, f"{value:.12g} contradicts {self._at[key][0]:.12g} for the same integral in line {self._at[key][1]}"
            )
        self._at.setdefault(key, (value, number))

    def _refuse(self, number: int, what: str) -> NoReturn:
        raise UsageError(f"{self._path}:{number}: {what}.")
