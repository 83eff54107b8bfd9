"""Stand-in until the kernels come."""

import numpy as np


class RecurrentLayer:
    def __init__(self, cell, weight_ih, weight_hh, bias_ih, bias_hh, *, int8):
        self.cell, self.D, self.H = cell, len(weight_hh), weight_hh.shape[2]
        self.G = weight_hh.shape[1] // self.H
        self.row_dtype = np.dtype(np.float32)
        self.width = self.D * self.G * self.H
        b = bias_hh.copy()
        self.inner = np.zeros((self.D, self.H), np.float32)
        if cell == "gru":
            self.inner = b[:, 2 * self.H :].copy()
            b[:, 2 * self.H :] = 0
        self.Wi = np.ascontiguousarray(weight_ih.reshape(self.width, -1).T)
        self.bi = (bias_ih + b).reshape(-1)
        self.Wh = np.ascontiguousarray(weight_hh.transpose(0, 2, 1))

    def project(self, x, out):
        out[:] = x @ self.Wi[: x.shape[1]] + self.bi

    project_states = project

    def add(self, x, rows):
        rows += x @ self.Wi[-x.shape[1] :]

    def run(self, table, rows, lengths):
        B, T = rows.shape
        H = self.H
        out = np.zeros((B, T, self.D * H), np.float32)
        sg = lambda x: 1 / (1 + np.exp(-x))
        for d in range(self.D):
            h = np.zeros((B, H), np.float32)
            c = h.copy()
            for s in range(T):
                n = int((lengths > s).sum())
                i = np.arange(n)
                t = lengths[:n] - 1 - s if d else np.full(n, s)
                x = table[rows[i, t]].reshape(n, self.D, -1)[:, d]
                u = h[:n] @ self.Wh[d]
                if self.cell == "lstm":
                    a, f, g, o = np.split(x + u, 4, 1)
                    c[:n] = sg(f) * c[:n] + sg(a) * np.tanh(g)
                    h[:n] = sg(o) * np.tanh(c[:n])
                elif self.cell == "gru":
                    r, z = sg(x[:, :H] + u[:, :H]), sg(x[:, H : 2 * H] + u[:, H : 2 * H])
                    g = np.tanh(x[:, 2 * H :] + r * (u[:, 2 * H :] + self.inner[d]))
                    h[:n] = (1 - z) * g + z * h[:n]
                else:
                    h[:n] = np.tanh(x + u)
                out[i, t, d * H : (d + 1) * H] = h[:n]
        return out


class CharacterTable:
    def __init__(self, embedding, filters, bias):
        e = embedding.copy()
        e[0] = 0
        self.P = np.einsum("vc,fck->vkf", e, filters)
        self.b = bias

    def words(self, flat, starts, out):
        k = self.P.shape[1]
        for u in range(len(out)):
            w = flat[starts[u] : starts[u + 1]]
            if not len(w):
                out[u] = 0
                continue
            a = np.tile(self.b, (len(w) + k - 1, 1))
            for q in range(k):
                for i, ch in enumerate(w):
                    a[i + k - 1 - q] += self.P[ch, q]
            out[u] = np.maximum(a.max(0), 0)


class Linear:
    def __init__(self, weight, bias):
        self.w, self.b = weight, bias

    def __call__(self, x):
        return (x @ self.w.T + self.b).astype(np.float32)
