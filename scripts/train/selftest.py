"""Runs the tests of this folder."""

from __future__ import annotations

import unittest

from .recipe import HERE


def run_tests() -> int:
    """Exit code: 0 where all pass."""
    suite = unittest.defaultTestLoader.discover(
        str(HERE / "tests"), top_level_dir=str(HERE.parent)
    )
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    return 0 if result.wasSuccessful() else 1
