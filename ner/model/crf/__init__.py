"""Linear-chain CRF: constraints, forward-backward, Viterbi, k-best, and the heads upon them.

All recursions over time are NumPy in float64, on the CPU: a step is a few operations on small
arrays, where NumPy's calls cost a third of torch's. Only where a network learns on a GPU, which had
to wait for them, the losses are computed there (`on_device`).

They work on padded batches. Shapes: `emissions` is ``[B, T, K]``, `lengths` ``[B]`` (from 1 to T),
a `Potentials` has ``start[K]``, ``between[K, K]`` (from row to column) and ``end[K]``. Positions
beyond a sentence's length have no influence on any result.
"""
