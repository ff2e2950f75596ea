"""Groups of near-duplicates, and folds of whole groups.

Two images belong to one group where their thumbnails correlate above the recipe's limit or where their numbers in the
file name ("..._num_123.jpg") are neighbours: the same tile was photographed under several exposures in a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

BLOCK = 2048


def unit_rows(thumbnails: np.ndarray, detail: bool = False) -> np.ndarray:
    """Rows whose products are Pearson correlations: uint8 [n, h, w] -> float32 [n, h * w].

    With `detail` the fall-off of the light (the best polynomial of third degree in x and y) is taken away first:
    pictures of plain surfaces correlate above 0.9 by their shading alone.
    """
    count, height, width = thumbnails.shape
    flat = thumbnails.reshape(count, -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    if detail:
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        terms = [x**i * y**j for i in range(4) for j in range(4 - i)]
        basis, _ = np.linalg.qr(np.stack(terms, axis=-1).reshape(-1, len(terms)))
        basis = basis.astype(np.float32)
        flat -= (flat @ basis) @ basis.T
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)


def near_pairs(
    first: np.ndarray, second: np.ndarray, limit: float
) -> Iterator[tuple[int, int, float]]:
    """Pairs (row of `first`, row of `second`, correlation) above the limit, from unit rows; block by block."""
    for start in range(0, len(first), BLOCK):
        products = first[start : start + BLOCK] @ second.T
        for a, b in np.argwhere(products > limit):
            yield start + int(a), int(b), float(products[a, b])


def closest(first: np.ndarray, second: np.ndarray) -> float:
    """The greatest correlation between a row of `first` and one of `second`."""
    starts = range(0, len(first), BLOCK)
    return max(
        float((first[start : start + BLOCK] @ second.T).max()) for start in starts
    )


def group_ids(
    names: list[str], rows: np.ndarray, correlation: float, gap: int
) -> np.ndarray:
    """Union-find over near-duplicates, from unit rows: int64 [n], equal numbers stay together.

    `gap` is the greatest distance of neighbouring frame numbers; 0 ignores the names.
    """
    parent = list(range(len(names)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for a, b, _ in near_pairs(rows, rows, correlation):
        if a < b:
            parent[root(a)] = root(b)
    if gap > 0:
        found = [re.search(r"num_(\d+)", name) for name in names]
        numbered = sorted((int(m[1]), i) for i, m in enumerate(found) if m)
        for (low, a), (high, b) in zip(numbered, numbered[1:]):
            if high - low <= gap:
                parent[root(a)] = root(b)
    return np.array([root(i) for i in range(len(names))], np.int64)


def assign_folds(
    labels: np.ndarray, groups: np.ndarray, classes: int, folds: int, seed: int
) -> np.ndarray:
    """Whole groups to folds, evenly in images and in groups of each class: int64 [n].

    Greedy: the groups with the rarest classes first, each to the fold where it disturbs the shares least.
    """
    ids = np.unique(groups)
    counts = np.stack(
        [np.bincount(labels[groups == g], minlength=classes) for g in ids]
    )
    shares = np.concatenate(
        [
            counts / np.maximum(counts.sum(axis=0), 1),
            (counts > 0) / np.maximum((counts > 0).sum(axis=0), 1),
        ],
        axis=1,
    )
    order = np.random.default_rng(seed).permutation(len(ids))
    order = order[np.argsort(-shares[order].max(axis=1), kind="stable")]
    held = np.zeros((folds, shares.shape[1]))
    fold_of = np.zeros(len(ids), np.int64)
    for g in order:
        cost = [((held[f] + shares[g]) ** 2 - held[f] ** 2).sum() for f in range(folds)]
        best = int(np.argmin(cost))
        held[best] += shares[g]
        fold_of[g] = best
    return fold_of[np.searchsorted(ids, groups)]
