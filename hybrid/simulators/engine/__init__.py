r"""The exact engine: values, distributions and gradients of circuits, with one code for pure states and for noise.

The method, in the order in which data flow; the code cites these equations. d is the length of one qubit's axis. The files in
the same order: `maps` (1-4), `fuse` (which steps make a block), `outcome_weights` (11), `node_axes` (13), `chains` and
`block_matrices` (3, 5, 9, 10), `observable` (7), `sweep` (6, 8, 14), `workspace` (all of one pass), `engine` (12, and the calls
from outside).

State. Without error channels it is |psi>, d = 2 complex amplitudes per qubit. With them it is rho = 2^-n sum_P r_P P over Pauli
strings,
    r_P = tr(P rho)                                                                                                        (1)
real, d = 4 numbers per qubit in the order I, Z, X, Y (the Pauli-transfer picture; Greenbaum, arXiv:1509.02921, 2015).

Steps. An element is one step of the circuit: a qubit prepared or read, a gate, a rotation or an error channel. A gate U
multiplies psi. Kraus operators K_r on w qubits (one of them, if a gate) multiply r by the real matrix
    R_PQ = 2^-w sum_r tr(P K_r Q K_r^dagger)                                                                               (2)
A rotation exp(-i theta G/2) with G^2 = 1 is linear in the harmonics 1, cos and sin: with kappa = 1/2 for psi, 1 for r,
    F(theta) = E0 + cos(kappa theta) E1 + sin(kappa theta) E2,    E0 = 0 for psi                                           (3)
because U = cos(theta/2) - i sin(theta/2) G and U P U^dagger is quadratic in U. Global phases are dropped.

First and last elements of a qubit. A qubit enters with its first gate, as a matrix from an axis of length 1 to one of length d:
the column |0>, or (1, 1, 0, 0)^T. Before, the state does not hold it. With channels it leaves after its last gate, as
    p_x = (r_I + (-1)^x r_Z)/2                                                                                             (4)
a matrix from length 4 to length 2. Diagonal gates and channels compute r_I and r_Z of a qubit from r_I and r_Z alone: on it
they act as on a classical bit. So before a qubit's first gate of another kind, and after the last one, its axis has length 2
(a classical qubit). The state is only as large as the qubits between these ends make it; the last state is the distribution p.

Blocks. Elements on one or two qubits (wider gates: on theirs) are multiplied into one matrix B, constants beforehand. A gate
may join an earlier block if it and the blocks since then are diagonal on the qubits that they share. A site is a block with
its place among the axes of the state; a transposition between two sites brings the qubits of a block side by side. The matrix
is a chain, a product of factors that depend on angles:
    B = Z_K,    Z_j = F_j Z_(j-1),    Z_0 constant                                                                         (5)
A factor F_j is a rotation times constants, linear in its harmonics; or a run of elements on one qubit, which are multiplied in
d x d first (a chain of its own): F_j is linear in the entries of that product. Where all qubits of a block enter with it, Z_j
is a single column. Chains with matrices of one size are a family: they are multiplied together, as arrays.
With the block's qubits side by side the state is y = (left, before, right) and
    y'_lar = sum_b B_ab y_lbr                                                                                              (6)
Where left x right is small, equation 5 costs more than equation 6. With shots and many realizations such blocks are split:
runs on one qubit become blocks, and what is left on two is constant, one product for all points.

Value. Let df = Re sum_i mu_i dy_i define the sensitivity mu of f to a state y. The value f and mu at the last state are
    f = <psi|H|psi>, mu = 2 conj(H psi);    f = sum_x w_x |psi_x|^2, mu = 2 w conj(psi);    f = sum_x w_x p_x, mu = w      (7)

Backward pass. The sensitivities to the state before a block, and to the block, are
    mu_lbr = sum_a B_ab mu'_lar,    df/dB_ab = sum_lr mu'_lar y_lbr                                                        (8)
(no conjugate: f is real, and B and y enter dy linearly). Inside the block, from H_K = df/dB, the same rule is
    H_j = F_(j+1)^T H_(j+1),    df/dF_j = H_j Z_(j-1)^T,    df/dtheta = Re sum_ab (df/dF_j)_ab (dF_j/dtheta)_ab            (9)
and likewise for the entries of a run, which are df/dB for the run. For a number g of an error channel,
    df/dg = sum_ab (df/dF_j)_ab (dF_j/dg)_ab                                                                              (10)
One forward and one backward pass, in which a block costs two products instead of one: about three energies for any number of
angles.

Sums over outcomes. With channels f is linear in p, and what f needs of the qubits that were already read may be few numbers.
Where w_xx', x their outcomes and x' those of the others, has rank r, it is U (U^T w) with U^T U = 1, and
    f = sum_cx' (U^T w)_cx' (U^T p)_cx',    c = 1 ... r                                                                   (11)
so U^T multiplies the state once a qubit is read, and w. The matrices U^T are the cores of a tensor train, and the axis c, which
replaces all qubits summed so far, is its bond. For the sum of Z Z on a line of qubits r is 3, for any number of qubits. A sum
of strings of Z needs no array over outcomes: U is that of the matrix of coefficients over (beginnings, endings) of the strings.

Metric. By equation 3 d|psi>/dtheta_j is half of |psi> at theta_j + pi, and with |d_i> = d|psi>/dtheta_i
    g_ij = Re(<d_i|d_j> - <d_i|psi><psi|d_j>)                                                                             (12)
(Provost & Vallee, Commun. Math. Phys. 76, 289, 1980).

Means over detunings. A qubit's detuning delta is constant during a shot, and blocks depend on it while it acts. With K nodes
delta_k and weights w_k of a quadrature for each qubit, the mean of any f that is linear in p is that of the state
    <f> = sum_k w_k f(delta_k) = f(sum_k w_k y_k),    y_k = y before delta first acts                                      (13)
so an axis k enters the state as K copies before the first block that depends on delta, and leaves after the last one as the
product with w. Axes of several qubits stand side by side, the state is as long as those that are there at once make it. What
depends on a detuning stays in blocks on that one qubit, with a matrix for each node:
    y'_sklar = sum_b B^k_ab y_sklbr,    df/dB^k_ab = sum_slr mu'_sklar y_sklbr                                            (14)
where s are the axes of nodes slower than k, and l all that stands between k and the qubit.

Example. RY(theta) on qubit 0, CX from 0 to 1, depolarising of both with probability g, and f = <Z_1>, which by hand is
(1 - g) cos(theta). All elements join one block, whose chain has one factor. In plain NumPy, qubit 1 being the slower axis:

    >>> import numpy as np
    >>> theta, g = np.pi / 3, 0.1
    >>> I, Z, X, Y = np.eye(2), np.diag([1, -1]), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]])
    >>> one, two = [I, Z, X, Y], [np.kron(high, low) for high in (I, Z, X, Y) for low in (I, Z, X, Y)]
    >>> def transfer(U, strings):  # equation 2
    ...     return np.array([[np.trace(P @ U @ Q @ U.conj().T).real / len(U) for Q in strings] for P in strings])
    >>> def ry(angle):
    ...     return transfer(np.cos(angle / 2) * I - 1j * np.sin(angle / 2) * Y, one)
    >>> E0, E1 = (ry(0) + ry(np.pi)) / 2, (ry(0) - ry(np.pi)) / 2  # equation 3
    >>> E2 = ry(np.pi / 2) - E0
    >>> zero, read = [1, 1, 0, 0], np.array([[1, 1, 0, 0], [1, -1, 0, 0]]) / 2  # equation 4
    >>> cx, depolarising = np.eye(4)[[0, 3, 2, 1]], np.diag([1] + 15 * [1 - g])
    >>> fixed = np.kron(read, read) @ depolarising @ transfer(cx, two)
    >>> Z_0 = np.kron(zero, zero)  # equation 5, and in the next two lines
    >>> F_1 = fixed @ np.kron(np.eye(4), E0 + np.cos(theta) * E1 + np.sin(theta) * E2)
    >>> B = F_1 @ Z_0
    >>> p = B * 1  # equation 6: before the block the state is the number 1
    >>> w = np.array([1.0, 1, -1, -1])  # (-1)^x_1 for the outcomes x = 00, 01, 10, 11
    >>> f, mu = w @ p, w  # equation 7
    >>> H_1 = mu * 1  # equation 8
    >>> dF_dtheta = fixed @ np.kron(np.eye(4), -np.sin(theta) * E1 + np.cos(theta) * E2)
    >>> df_dtheta = np.sum(np.outer(H_1, Z_0) * dF_dtheta)  # equation 9
    >>> dF_dg = np.kron(read, read) @ np.diag([0] + 15 * [-1]) @ transfer(cx, two) @ np.kron(np.eye(4), ry(theta))
    >>> df_dg = np.sum(np.outer(H_1, Z_0) * dF_dg)  # equation 10
    >>> print(p.round(4).tolist(), f"{f:.4f} {df_dtheta:.4f} {df_dg:.4f}")
    [0.7, 0.025, 0.025, 0.25] 0.4500 -0.7794 -0.5000

The same by the engine:

    >>> from qiskit.circuit import Parameter
    >>> from qiskit.circuit.library import CXGate, RYGate
    >>> from hybrid.base.types import Depolarizing, Operation, Setting, Task
    >>> angle = Parameter("theta")
    >>> steps = (Operation(RYGate(angle), (0,)), Operation(CXGate(), (0, 1)), Depolarizing((0, 1), g))
    >>> engine = Engine(Task((Setting(2, steps),), (angle,), None, 0, 1), single=False, memory_bytes=2**20)
    >>> at = np.array([[theta]])
    >>> values, gradients = engine.differentiate(at, w[None])
    >>> (_, _, channel), = engine.channel_slopes(at[0], w[None])
    >>> (((p,),), (f,), ((df_dtheta,),), df_dg) = engine.distributions(at), values, gradients, channel["probability"]
    >>> print(p.round(4).tolist(), f"{f:.4f} {df_dtheta:.4f} {df_dg:.4f}")
    [0.7, 0.025, 0.025, 0.25] 0.4500 -0.7794 -0.5000
"""

from hybrid.simulators.engine.certificate import certificate, wide
from hybrid.simulators.engine.engine import Engine
from hybrid.simulators.engine.workspace import picture, values_bytes
