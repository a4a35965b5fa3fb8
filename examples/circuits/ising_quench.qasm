// Four spins, all up, when a transverse field is switched on: H = -sum Z Z - sum X, three Trotter steps of 0.2.
// An algorithm's typical circuit: shallow, entangling, its answer spread over many outcomes.
// Ideally 0000 is still there with probability 0.345, and a picture and its mirror image (1000 and 0001) are equally likely.
OPENQASM 3.0;
include "stdgates.inc";

const int n = 4;
const float dt = 0.2;

// exp(i theta/2 Z Z)
gate bond(theta) a, b {
  cx a, b;
  rz(-theta) b;
  cx a, b;
}

qubit[n] q;
bit[n] c;

for int step in [1:3] {
  for int i in [0:n - 2] {
    bond(2 * dt) q[i], q[i + 1];
  }
  rx(-2 * dt) q;
}
c = measure q;
