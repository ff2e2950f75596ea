"""A picture of a part with its defect, and where the part lies in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

cv2.setNumThreads(1)

# Grey levels up to here are letterbox bars and the dark surround.
DARK = 4
# Mask values above are the defect; resizing blurs the border.
ON = 80


@dataclass(frozen=True)
class PartPicture:
    """Grey picture, mask of the spots to learn, mask of the spots to leave out of the map's loss, and class."""

    image: np.ndarray  # uint8 [h, w]
    mask: np.ndarray  # uint8 [h, w], 255 on the defect
    unsure: np.ndarray  # uint8 [h, w], 255 where nothing is said
    label: int


@dataclass(frozen=True)
class Box:
    """Edges of the part in pixels, right and bottom excluded."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.bottom - self.top


def box_of(image: np.ndarray) -> Box:
    """The part in a letterboxed picture uint8 [h, w]; the whole picture where there is none."""
    lit = image > DARK
    columns = np.flatnonzero(lit.mean(axis=0) > 0.05)
    rows = np.flatnonzero(lit.mean(axis=1) > 0.05)
    if len(columns) < 8 or len(rows) < 8:
        return Box(0, 0, image.shape[1], image.shape[0])
    return Box(
        int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    )


def seam_only(image: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of a mask that covers one side of a seam, the band along the seam, and the rest as unsure: uint8 [h, w] each.

    Inside a region that was ground otherwise nothing is wrong to see: only the change is. Without a seam inside the
    part the whole mask stays.
    """
    on = (mask > ON).astype(np.uint8)
    beside = ((image > DARK) & (on == 0)).astype(np.uint8)
    beside = cv2.erode(beside, np.ones((5, 5), np.uint8))
    band = on & cv2.dilate(beside, np.ones((41, 41), np.uint8))
    if band.sum() < 200:
        return mask, np.zeros_like(mask)
    return band * 255, (on & (1 - band)) * 255
