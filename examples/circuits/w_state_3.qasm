// One excitation shared by three qubits, in the vocabulary of older files: u3(theta, phi, lambda), cu3 and u1.
// Ideally 001, 010 and 100, a third each. Relaxation loses the only excitation, and shows as 000.
OPENQASM 2.0;
include "qelib1.inc";

qreg q[3];
creg c[3];

u3(pi, 0, pi) q[0];                          // an X
cu3(2 * 0.9553166181245093, 0, 0) q[0], q[1]; // keep a third: cos^2(0.9553) = 1/3
cx q[1], q[0];
cu3(pi / 2, 0, 0) q[1], q[2];                // halve what was handed on
cx q[2], q[1];
u1(pi / 7) q[2];                             // a phase, which the outcomes do not show
measure q -> c;
