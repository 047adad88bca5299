"""Trained networks as checkpoints that the server loads."""
