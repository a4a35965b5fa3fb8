// The same kind of state, read along X. Outcomes in the Z basis say nothing about the sign between 0000 and 1111; these do.
// Ideally the eight outcomes with an even number of ones, 1/8 each. Dephasing moves them to the odd ones,
// until in the end all sixteen are equally likely.
OPENQASM 2.0;
include "qelib1.inc";

qreg q[4];
creg c[4];

h q[0];
cx q[0], q[1];
cx q[1], q[2];
cx q[2], q[3];
barrier q;
h q;
measure q -> c;
