// Five qubits that are all 0 and all 1 at once, written with a constant and a loop.
// Ideally 00000 and 11111, half of the time each: one flipped qubit anywhere is seen.
OPENQASM 3.0;
include "stdgates.inc";

const int n = 5;
qubit[n] q;
bit[n] c;

h q[0];
for int i in [0:n - 2] {
  cx q[i], q[i + 1];
}
c = measure q;
