// A secret of four bits from a single question: f(x) = s.x mod 2 with s = 1011.
// Ideally 1011 and nothing else. The qubit "answer" holds f, and is not measured.
OPENQASM 3.0;
include "stdgates.inc";

qubit[4] q;
qubit answer;
bit[4] c;

x answer;
h q;
h answer;

// the question: one CX for every 1 of the secret, whose last digit is q[0]
for int i in {0, 1, 3} {
  cx q[i], answer;
}

h q;
c = measure q;
