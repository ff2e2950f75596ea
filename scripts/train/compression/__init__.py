"""Smaller and faster forms of a trained network."""
