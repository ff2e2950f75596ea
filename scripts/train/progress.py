"""Shows how far a training is: a live line on a terminal, one line an epoch elsewhere."""

from __future__ import annotations

import sys
import time

import keras


def clock(seconds: float) -> str:
    """Minutes and seconds, such as 3:07."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class Progress(keras.callbacks.Callback):
    """Epoch, step, loss and the time that is left, from the steps taken since this start."""

    def __init__(self, epochs: int, steps: int, first: int) -> None:
        super().__init__()
        self.epochs, self.steps, self.first = epochs, steps, first
        self.started = time.monotonic()
        self.shown = 0.0
        self.epoch = first

    def _left(self, done: int) -> str:
        taken = time.monotonic() - self.started
        remaining = (self.epochs - self.first) * self.steps - done
        return clock(taken / max(done, 1) * remaining)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Remembers the epoch."""
        self.epoch = epoch

    def on_train_batch_end(
        self, batch: int, logs: dict[str, float] | None = None
    ) -> None:
        """At most four times a second."""
        now = time.monotonic()
        if not sys.stdout.isatty() or now - self.shown < 0.25:
            return
        self.shown = now
        done = (self.epoch - self.first) * self.steps + batch + 1
        loss = (logs or {}).get("loss", float("nan"))
        bar = "#" * (20 * (batch + 1) // self.steps)
        text = f"epoch {self.epoch + 1}/{self.epochs} [{bar:20}] step {batch + 1}/{self.steps}"
        print(f"\r{text} loss {loss:.4f}, {self._left(done)} left ", end="", flush=True)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """One line, and what is left."""
        done = (epoch + 1 - self.first) * self.steps
        figures = " ".join(f"{key} {value:.4f}" for key, value in (logs or {}).items())
        start = "\r\x1b[K" if sys.stdout.isatty() else ""
        taken = clock(time.monotonic() - self.started)
        print(
            f"{start}epoch {epoch + 1:3d}/{self.epochs} {figures} ({taken}, {self._left(done)} left)",
            flush=True,
        )
