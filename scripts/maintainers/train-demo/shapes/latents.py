"""The latent space, fixed before anything is trained.

A 1024x1024 picture is averaged to 128x128; each 4x4 patch of it (32x32 pixels of the picture, 48 numbers) is
projected on the leading principal components of such patches. So the UNet trains on latents that cost one
matrix product, while the VAE's encoder learns to give the same latents and its decoder to draw 1024x1024
pixels from them.
"""

import random
from pathlib import Path

import numpy as np

import captions
import scenes

CHANNELS = 8
PATCH = 4
SIDE = 32
DRAWN = PATCH * SIDE
FACTOR = 1024 // SIDE
# Exponent that brings the components' spread together: 0 leaves it, 1 makes every channel as wide.
WHITENING = 0.6


def patches(images):
    """[n, 3, h, w] at an eighth of the picture's resolution -> [n, h / 4, w / 4, 48]."""
    n, c, h, w = images.shape
    cut = images.reshape(n, c, h // PATCH, PATCH, w // PATCH, PATCH)
    return cut.transpose(0, 2, 4, 1, 3, 5).reshape(n, h // PATCH, w // PATCH, c * PATCH * PATCH)


def fit(path, count=600):
    """Principal components of the patches of `count` scenes, each channel's sign and scale fixed, saved to
    `path`.
    """
    source = random.Random(1)
    images = np.stack([scenes.draw(captions.random_scene(source)[1], DRAWN) for _ in range(count)])
    rows = patches(images).reshape(-1, 48).astype(np.float64)
    mean = rows.mean(0)
    values, vectors = np.linalg.eigh(np.cov((rows - mean).T))
    values, vectors = values[::-1][:CHANNELS], vectors[:, ::-1][:, :CHANNELS]
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(0), range(CHANNELS)])
    scale = values ** (-WHITENING / 2)
    overall = 1 / np.sqrt(np.mean(values * scale**2))
    kept = values.sum() / np.trace(np.cov((rows - mean).T))
    np.savez(path, mean=mean, project=vectors * (scale * overall), restore=(vectors / (scale * overall)).T)
    print(
        f"{CHANNELS} components keep {kept:.4f} of the variance; "
        f"channel deviations {np.sqrt(values) * scale * overall}"
    )


class Basis:
    """Maps eighth-size pictures to latents of unit overall variance and (roughly) back."""

    def __init__(self, path):
        if not Path(path).exists():
            fit(path)
        saved = np.load(path)
        self.mean = saved["mean"].astype(np.float32)
        self.project = saved["project"].astype(np.float32)
        self.restore = saved["restore"].astype(np.float32)

    def latents(self, images):
        return ((patches(images) - self.mean) @ self.project).transpose(0, 3, 1, 2)

    def images(self, latents):
        rows = latents.transpose(0, 2, 3, 1) @ self.restore + self.mean
        n, h, w, _ = rows.shape
        cut = rows.reshape(n, h, w, 3, PATCH, PATCH).transpose(0, 3, 1, 4, 2, 5)
        return cut.reshape(n, 3, h * PATCH, w * PATCH)
