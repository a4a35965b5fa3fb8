r"""The exact engine: values, distributions and gradients of circuits, with one code for pure states and for noise.

Derivation; the numbers of the equations are those cited in the code. d is the length of one qubit's axis.

State. Without error channels |psi>, d = 2 complex amplitudes per qubit. With them rho = 2^-n sum_P r_P P over Pauli strings,
    r_P = tr(P rho)                                                                                                        (1)
real, d = 4 numbers per qubit in the order I, Z, X, Y (the Pauli-transfer picture; Greenbaum, arXiv:1509.02921, 2015).

Steps. A gate U multiplies psi. Kraus operators K_r on w qubits (one of them, if a gate) multiply r by the real matrix
    R_PQ = 2^-w sum_r tr(P K_r Q K_r^dagger)                                                                               (2)
A rotation exp(-i theta G/2) with G^2 = 1 is linear in the harmonics of its angle: with kappa = 1/2 for psi, 1 for r,
    F(theta) = E0 + cos(kappa theta) E1 + sin(kappa theta) E2,    E0 = 0 for psi                                           (3)
because U = cos(theta/2) - i sin(theta/2) G and U P U^dagger is quadratic in U. Global phases are dropped.

Ends. A qubit enters as a matrix from an axis of length 1 to one of length d, |0> or (1, 1, 0, 0)^T, when its first gate
comes; before, the state does not hold it. With channels it leaves as
    p_x = (r_I + (-1)^x r_Z)/2                                                                                             (4)
a matrix from length 4 to length 2, as soon as its last gate is through. Diagonal gates and channels take r_I and r_Z of a
qubit from r_I and r_Z alone: it is in a classical state, which they may turn its neighbours by. So until the first other
gate, and from the last one on, its axis has length 2. The state is only as large as the qubits in between make it, and the
last one is the distribution p itself.

Blocks. Steps on one or two qubits (wider gates: on theirs) are multiplied into one matrix, constants beforehand; a gate joins
a block that others have come after if it and they are diagonal on what they share:
    B = Z_K,    Z_j = F_j Z_(j-1),    Z_0 constant                                                                         (5)
with F_j a rotation times constants, or a run of steps on one qubit, multiplied up likewise in d x d: F_j is linear in the
harmonics of an angle, or in the entries of its run's matrix. Where all qubits enter with the block, Z_j is a single column.
With the block's qubits side by side the state is y = (left, before, right) and
    y'_lar = sum_b B_ab y_lbr                                                                                              (6)

Way back. Let df = Re sum_i mu_i dy_i. The value f and mu at the last state are
    f = <psi|H|psi>, mu = 2 conj(H psi);    f = sum_x w_x |psi_x|^2, mu = 2 w conj(psi);    f = sum_x w_x p_x, mu = w      (7)
and for the state before a block, and the block,
    mu_lbr = sum_a B_ab mu'_lar,    df/dB_ab = sum_lr mu'_lar y_lbr                                                        (8)
(no conjugate: f is real, and B and y enter dy linearly). Inside the block, from H_K = df/dB, the same rule is
    H_j = F_(j+1)^T H_(j+1),    df/dF_j = H_j Z_(j-1)^T,    df/dtheta = Re sum_ab (df/dF_j)_ab (dF_j/dtheta)_ab            (9)
and likewise for the entries of a run, which are df/dB for the run. For a number g of an error channel,
    df/dg = sum_ab (df/dF_j)_ab (dF_j/dg)_ab                                                                              (10)
One way forth and one back, in which a block costs two products instead of one: about three energies, however many angles.

Sums. With channels f is linear in p, and what qubits that were read say of it may be few numbers: where w_xx', x their
outcomes and x' those of the others, has rank r, it is U (U^T w) with U^T U = 1, and
    f = sum_cx' (U^T w)_cx' (U^T p)_cx',    c = 1 ... r                                                                   (12)
so U^T multiplies the state once a qubit is read, and w; for the sum of Z Z on a chain r is 3, whatever its length.

Metric. By equation 3 d|psi>/dtheta_j is half of |psi> at theta_j + pi, and with |d_i> = d|psi>/dtheta_i
    g_ij = Re(<d_i|d_j> - <d_i|psi><psi|d_j>)                                                                             (11)
(Provost & Vallee, Commun. Math. Phys. 76, 289, 1980).
"""

from hybrid.simulators.engine.engine import Engine
from hybrid.simulators.engine.workspace import picture, values_bytes

__all__ = ["Engine", "picture", "values_bytes"]
