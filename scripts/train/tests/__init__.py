"""Tests that need neither data sets nor Node: python scripts/train selftest."""
