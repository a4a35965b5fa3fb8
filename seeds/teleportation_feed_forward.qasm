// A state moves from one qubit to another with the help of two classical bits: measurements on the way, and gates that
// depend on what they gave. Needs a simulator that can do both (Aer); a device that reads out only at the end cannot.
// Ideally sent is a fair pair of coins, and received is 1 with probability sin^2(0.5) = 0.230, whatever was sent.
OPENQASM 3.0;
include "stdgates.inc";

qubit message;
qubit alice;
qubit bob;
bit[2] sent;
bit[1] received;

// what is to be moved
ry(1.0) message;
rz(0.5) message;

// a pair shared beforehand
h alice;
cx alice, bob;

cx message, alice;
h message;
sent[0] = measure message;
sent[1] = measure alice;

if (sent[1] == 1) {
  x bob;
}
if (sent[0] == 1) {
  z bob;
}
received[0] = measure bob;
