// A Ramsey experiment: half a flip, a wait, a turn by phi, half a flip back. The file has a free parameter: --bind phi=0.8.
// Ideally 1 with probability cos^2(phi/2): 0.848 at phi = 0.8. Dephasing during the wait pulls it towards 1/2.
OPENQASM 3.0;
include "stdgates.inc";

input float[64] phi;
qubit q;
bit c;

h q;
delay[1us] q;
rz(phi) q;
h q;
x q;
c = measure q;
