// Grover's search for 110 among eight, two rounds, with gates of one's own and the modifier "ctrl @".
// Ideally 110 with probability sin^2(5 arcsin(1/sqrt 8)) = 0.945; the other seven share the rest.
OPENQASM 3.0;
include "stdgates.inc";

// changes the sign of 111
gate mark a, b, c {
  ctrl(2) @ z a, b, c;
}

gate mean a, b, c {
  h a; h b; h c;
  x a; x b; x c;
  mark a, b, c;
  x a; x b; x c;
  h a; h b; h c;
}

qubit[3] q;
bit[3] c;

h q;
for int round in [1:2] {
  x q[0];                 // 110: q[0] is the last digit
  mark q[0], q[1], q[2];
  x q[0];
  mean q[0], q[1], q[2];
}
c = measure q;
