// 1 + 3 = 4, with two gates of one's own: the ripple-carry adder of Cuccaro et al., arXiv:quant-ph/0410184.
// Ideally 100 and nothing else: the sum with its carry as the highest bit. Two Toffoli-like gates per bit make it long,
// which is what it is good for: a deterministic answer from many two-qubit gates.
OPENQASM 2.0;
include "qelib1.inc";

gate majority carry, b, a {
  cx a, b;
  cx a, carry;
  ccx carry, b, a;
}

gate unmajority carry, b, a {
  ccx carry, b, a;
  cx a, carry;
  cx carry, b;
}

qreg carry[2];   // in, out
qreg a[2];
qreg b[2];
creg sum[3];

x a[0];          // a = 01 = 1
x b[0];
x b[1];          // b = 11 = 3

majority carry[0], b[0], a[0];
majority a[0], b[1], a[1];
cx a[1], carry[1];
unmajority a[0], b[1], a[1];
unmajority carry[0], b[0], a[0];

measure b[0] -> sum[0];
measure b[1] -> sum[1];
measure carry[1] -> sum[2];
