"""Time of one inference of each variant against the first one's."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from ..packaging.session import open_session


def latency_ratios(
    models: dict[str, Path], image: np.ndarray, rounds: int = 9, seconds: float = 0.15
) -> tuple[dict[str, float], float]:
    """Name -> time over that of the first model, and the first one's milliseconds; image uint8 [1, h, w, c].

    One thread, the models in turns in one process, so that what slows the machine down slows all of them: in each round
    every model gives its median, the ratio is the median over the rounds.
    """
    sessions = {name: open_session(path, 1) for name, path in models.items()}
    feed = {"image": image}
    medians: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(rounds):
        for name, session in sessions.items():
            session.run(None, feed)
            taken: list[float] = []
            while sum(taken) < seconds / len(models) or len(taken) < 5:
                start = time.perf_counter()
                session.run(None, feed)
                taken.append(time.perf_counter() - start)
            medians[name].append(float(np.median(taken)))
    first = np.array(medians[next(iter(models))])
    ratios = {
        name: round(float(np.median(np.array(m) / first)), 3)
        for name, m in medians.items()
    }
    return ratios, float(np.median(first) * 1000)
