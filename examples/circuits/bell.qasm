// The smallest entangled state: two qubits that always agree.
// Ideally 00 and 11, half of the time each. Whatever shows as 01 or 10 is noise.
OPENQASM 2.0;
include "qelib1.inc";

qreg q[2];
creg c[2];

h q[0];
cx q[0], q[1];
measure q -> c;
