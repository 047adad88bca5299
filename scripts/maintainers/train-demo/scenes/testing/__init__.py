"""A small packed file for tests."""
