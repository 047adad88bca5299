"""Scenes to pixels, on any device."""
