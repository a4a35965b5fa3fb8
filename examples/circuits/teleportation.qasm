// A state moves from one qubit to another. The two corrections are gates here, and everything is read at the end: a machine
// that cannot measure on the way can do this. (With measurements and feed-forward: teleportation:feed_forward=true.)
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

// the corrections, before anything is read
cx alice, bob;
cz message, bob;

sent[0] = measure message;
sent[1] = measure alice;
received[0] = measure bob;
