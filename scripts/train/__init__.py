"""Trains model packages with Keras: see README.md."""
