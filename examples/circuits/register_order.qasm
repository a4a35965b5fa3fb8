// Which digit of an outcome is which bit: the order is Qiskit's, and this circuit has no symmetry to hide behind.
//
// Only bit 0 of "small" and bit 0 of "large" are 1. Within a register bit 0 is the rightmost digit; registers are set apart
// by a space, the one declared first on the right. So the one and only ideal outcome is
//
//     001 01
//       |  |
//       |  small[0]      (from q[2])
//       large[0]         (from q[4])
OPENQASM 2.0;
include "qelib1.inc";

qreg q[5];
creg small[2];
creg large[3];

x q[2];
x q[4];
measure q[2] -> small[0];
measure q[3] -> small[1];
measure q[4] -> large[0];
measure q[0] -> large[1];
measure q[1] -> large[2];
