"""Leaves out what must not be learnt from: unreadable files, exact duplicates, one picture under two labels."""

from __future__ import annotations

import hashlib
from collections import defaultdict

import numpy as np

from .sources import TEST


def pixel_hashes(images: np.ndarray) -> list[str]:
    """SHA-256 of each picture as the model sees it, so that a copy in another file format counts: uint8 [n, ...] -> [n]."""
    return [hashlib.sha256(np.ascontiguousarray(image)).hexdigest() for image in images]


def find_excluded(
    images: np.ndarray, labels: np.ndarray, names: list[str], sides: np.ndarray
) -> dict[int, str]:
    """Index -> reason, for the pictures to leave out.

    A picture under two labels goes altogether, for nobody knows which is right. Of equal pictures the first stays; a
    fixed test side is never changed, there the equal ones go from the training side.
    """
    equal: dict[str, list[int]] = defaultdict(list)
    for i, digest in enumerate(pixel_hashes(images)):
        equal[digest].append(i)
    out: dict[int, str] = {}
    for same in equal.values():
        if len(same) == 1:
            continue
        tested = [i for i in same if sides[i] == TEST]
        if len(set(labels[same])) > 1:
            listed = ", ".join(names[i] for i in same)
            reasons = {i: f"the same picture under two labels: {listed}" for i in same}
        else:
            kept = tested[0] if tested else same[0]
            where = "the test side's " if tested else ""
            reasons = {
                i: f"the same pixels as {where}{names[kept]}" for i in same if i != kept
            }
        out |= {i: reason for i, reason in reasons.items() if sides[i] != TEST}
    return out
