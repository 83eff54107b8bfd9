"""Linear-chain CRF: constraints, forward-backward, Viterbi, k-best, and the heads upon them.

All recursions over time are NumPy in float64, on the CPU. A step is a few
operations on small arrays; NumPy's calls cost a third of torch's, and less than
starting a kernel on a GPU. Decoding is the same whatever computed the emissions.

They work on padded batches. Shapes: `emissions` is ``[B, T, K]``, `lengths`
``[B]`` (1 ≤ length ≤ T), a `Potentials` has ``start[K]``, ``between[K, K]``
(from row to column) and ``end[K]``. Positions beyond a sentence's length have
no influence on any result.
"""
