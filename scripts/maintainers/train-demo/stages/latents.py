"""The latent space, fixed before anything is trained.

A 1024x1024 picture is averaged to 128x128; each 4x4 patch of it (32x32 pixels of the picture, 48 numbers) is
projected on the leading principal components of such patches. So the UNet trains on latents that cost one
matrix product, while the VAE's encoder learns to give the same latents and its decoder to draw 1024x1024
pixels from them.
"""

import os
from pathlib import Path

import torch

PATCH = 4
SIDE = 32
DRAWN = PATCH * SIDE
FACTOR = 1024 // SIDE
# Exponent that brings the components' spread together: 0 leaves it, 1 makes every channel as wide.
WHITENING = 0.6


def patches(images):
    """[n, 3, h, w] at an eighth of the picture's resolution -> [n, h / 4, w / 4, 48]."""
    n, c, h, w = images.shape
    cut = images.reshape(n, c, h // PATCH, PATCH, w // PATCH, PATCH).permute(0, 2, 4, 1, 3, 5)
    return cut.reshape(n, h // PATCH, w // PATCH, c * PATCH * PATCH)


def fit(images, channels):
    """Principal components of the patches of images [n, 3, 128, 128], each channel's sign and scale fixed."""
    rows = patches(images.cpu()).reshape(-1, 3 * PATCH * PATCH).double()
    mean = rows.mean(0)
    covariance = torch.cov((rows - mean).T)
    values, vectors = torch.linalg.eigh(covariance)
    values, vectors = values.flip(0)[:channels], vectors.flip(1)[:, :channels]
    vectors = vectors * vectors.gather(0, vectors.abs().argmax(0)[None]).sign()
    scale = values ** (-WHITENING / 2)
    scale = scale / (values * scale**2).mean().sqrt()
    basis = {"mean": mean, "project": vectors * scale, "restore": (vectors / scale).T}
    return {name: value.float().contiguous() for name, value in basis.items()} | {
        "kept": (values.sum() / covariance.trace()).item()
    }


class Basis:
    """Maps eighth-size pictures to latents of unit overall variance and (roughly) back."""

    def __init__(self, saved, device="cpu"):
        self.mean, self.project, self.restore = (
            saved[name].to(device) for name in ("mean", "project", "restore")
        )
        self.kept = saved["kept"]

    def latents(self, images):
        return ((patches(images) - self.mean) @ self.project).permute(0, 3, 1, 2)

    def images(self, latents):
        rows = latents.permute(0, 2, 3, 1) @ self.restore + self.mean
        n, h, w, _ = rows.shape
        cut = rows.reshape(n, h, w, 3, PATCH, PATCH).permute(0, 3, 1, 4, 2, 5)
        return cut.reshape(n, 3, h * PATCH, w * PATCH)


def load_basis(folder, images, channels, device="cpu"):
    """The basis of <folder>/basis.pt, fitted to what `images()` gives where it is not there yet."""
    file = Path(folder) / "basis.pt"
    if not file.exists():
        # At once or not at all: others may be waiting for it.
        torch.save(fit(images(), channels), file.with_suffix(".new"))
        os.replace(file.with_suffix(".new"), file)
    return Basis(torch.load(file, weights_only=True), device)
