// The Fourier transform finds the frequency of a wave: sum over x of exp(-2 pi i 5 x / 16) |x> becomes the number 5.
// Ideally 0101 and nothing else. (Of |0000> the transform is uniform, and its outcomes cannot tell noise.)
// Legacy gates: u2(phi, lambda), with u2(0, pi) a Hadamard gate, u1(lambda) a phase, cu1(lambda) a controlled phase.
OPENQASM 2.0;
include "qelib1.inc";

qreg q[4];
creg c[4];

// the wave: on qubit j, weight 2^j, the phase -2 pi 5 2^j / 16
u2(0, pi) q;
u1(-5 * pi / 8) q[0];
u1(-5 * pi / 4) q[1];
u1(-5 * pi / 2) q[2];
u1(-5 * pi) q[3];
barrier q;

// the transform
u2(0, pi) q[3];
cu1(pi / 2) q[2], q[3];
cu1(pi / 4) q[1], q[3];
cu1(pi / 8) q[0], q[3];
u2(0, pi) q[2];
cu1(pi / 2) q[1], q[2];
cu1(pi / 4) q[0], q[2];
u2(0, pi) q[1];
cu1(pi / 2) q[0], q[1];
u2(0, pi) q[0];
swap q[0], q[3];
swap q[1], q[2];
measure q -> c;
