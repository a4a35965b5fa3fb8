"""How a circuit's final measurements become its classical bits.

Bit strings are written as Qiskit writes them: classical bit 0 on the right, registers apart, the first one on the right.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, UInt64
from qiskit import QuantumCircuit

from hybrid.compilation.inlined import inlined
from hybrid.device.readout import selected_bits


class ClassicalReadout(NamedTuple):
    """From outcomes to bit strings: (classical bit, circuit qubit) of every written bit, and the registers' sizes."""

    written: tuple[tuple[int, int], ...]
    n_bits: int
    registers: tuple[int, ...]

    @property
    def qubits(self) -> set[int]:
        """The circuit's qubits that are read."""
        return {qubit for _, qubit in self.written}

    def bits(self, outcomes: UInt64[np.ndarray, " u"], layout: tuple[int, ...]) -> UInt64[np.ndarray, " u"]:
        """The written bits of simulated outcomes, the lowest first, without gaps."""
        return selected_bits(outcomes, [layout[qubit] for _, qubit in self.written])

    def table(self, outcomes: UInt64[np.ndarray, " u"], layout: tuple[int, ...]) -> Bool[np.ndarray, "u bits"]:
        """Every classical bit of simulated outcomes, one that is never written as 0."""
        bits = np.zeros((len(outcomes), self.n_bits), dtype=bool)
        for bit, qubit in self.written:
            bits[:, bit] = (outcomes >> np.uint64(layout[qubit])) & np.uint64(1)
        return bits

    def text(self, value: int) -> str:
        """`10 1` for a register of two bits above one of one; a bit that is never written reads 0."""
        digits = ["0"] * self.n_bits
        for place, (bit, _) in enumerate(self.written):
            digits[bit] = str(value >> place & 1)
        word, parts = "".join(reversed(digits)), []
        for size in self.registers:
            word, part = word[: len(word) - size], word[len(word) - size :]
            parts.append(part)
        return " ".join(reversed([*parts, word] if word else parts))


def final_measurements(circuit: QuantumCircuit) -> tuple[QuantumCircuit, ClassicalReadout] | None:
    """The circuit without its measurements and how to read it; None when something acts on a qubit or bit after it was read.

    A qubit read again with nothing in between has one result, written to both bits. Barriers stay: without them a transpiler
    cancels the gates of mirror and echo circuits.
    """
    body = QuantumCircuit(circuit.num_qubits)
    written: dict[int, int] = {}
    read: set[int] = set()
    for item in inlined(circuit).data:
        qubits = [circuit.find_bit(bit).index for bit in item.qubits]
        name = item.operation.name
        if name == "measure":
            written[circuit.find_bit(item.clbits[0]).index] = qubits[0]
            read.add(qubits[0])
        elif name != "barrier" and (name == "reset" or hasattr(item.operation, "blocks") or read & set(qubits)):
            return None
        else:
            body.append(item.operation, qubits, copy=False)
    registers = tuple(register.size for register in circuit.cregs)
    return body, ClassicalReadout(tuple(sorted(written.items())), circuit.num_clbits, registers)
