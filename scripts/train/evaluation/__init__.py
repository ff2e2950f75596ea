"""Figures of a classifier, and their pictures."""
