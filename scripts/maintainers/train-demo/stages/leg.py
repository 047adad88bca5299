"""What all stages of a leg share: the packed file, the sizes, the device, the latent space."""

import random
from pathlib import Path

import torch

from drawing import draw
from drawing.atlas import Atlas
from networks.sizes import SIZES
from scenes.captions import Captions
from scenes.vocabulary import Vocabulary
from stages import latents

# Sprites for pictures of 128 pixels, and for windows of the whole resolution.
SMALL_SIDE, LARGE_SIDE = 96, 384
FITTED_SCENES = 600


class Leg:
    def __init__(self, folder, pack, size, device, finer, is_painted=True):
        self.folder, self.pack, self.device, self.finer = Path(folder), pack, device, finer
        self.is_painted = is_painted
        self.sizes, self.vocabulary = SIZES[size], Vocabulary(pack.tokens)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.atlas = self.drawing(Atlas(pack, SMALL_SIDE, device))
        if self.atlas.painter is None:
            # Four times the pixels are cheap for the one kernel, and dear for the many.
            self.finer = 1
        self.basis = latents.load_basis(self.folder, self._fitted_images, self.sizes.latent_channels, device)

    def drawing(self, atlas):
        """The atlas with the fastest way of drawing that is found right on this device."""
        if self.device.type == "cuda" and self.is_painted:
            try:
                from drawing.painter import paint, prove

                atlas.painter = paint if prove(atlas, self.pack) else None
            except Exception as fault:
                # Whatever Triton lacks here, draw.py needs nothing of it.
                print(f"painter: {fault!r}", flush=True)
            way = "painter.py" if atlas.painter else "draw.py"
            print(f"sprites of {atlas.side} are drawn by {way}", flush=True)
        return atlas

    def _fitted_images(self):
        """Always drawn on the CPU, so that every machine finds the same latent space."""
        source, captions, atlas = random.Random(1), Captions(self.pack), Atlas(self.pack, SMALL_SIDE)
        told = [captions.random_scene(source)[1] for _ in range(FITTED_SCENES)]
        parts = [draw.describe(told[start : start + 50]) for start in range(0, FITTED_SCENES, 50)]
        return torch.cat([draw.draw(atlas, part, latents.DRAWN) for part in parts])

    def latents(self, batch, blur=None):
        """Latents [n, channels, 32, 32] of a batch's scenes; `blur`: int64 [n]."""
        return self.basis.latents(
            draw.draw(self.atlas, batch, latents.DRAWN, blur=blur, finer=self.finer)
        ).contiguous()

    def autocast(self):
        return torch.autocast(self.device.type, dtype=torch.bfloat16)
