"""Draws a sheet of pictures from what has been trained so far, with prompts of the pack's own things.

    python -m sheets.sample --pack FILE --folder STATE --out sheet.png [--size small] [--count 16]

Base and refiner as the API's defaults have them: guidance 7.5, the refiner from 80 % of the steps on. What is
not trained yet is left out: without the VAE the latents are turned back by the basis itself, at 128x128.
"""

import argparse
import random

import torch

from drawing import draw
from networks.sizes import SIZES
from scenes.captions import Captions
from scenes.pack import Pack
from scenes.vocabulary import plain
from sheets.png import write_png
from sheets.sheet import grid
from stages import latents
from stages.base import load_base
from stages.diffusion import GUIDANCE, ddim
from stages.leg import Leg
from stages.refiner import BLURRED_SCORE, load_refiner
from stages.vae import load_vae

SEED = "sheet"
# Where the refiner takes over, as the API's high_noise_fraction of 0.8 has it.
HANDED_OVER = 200
# What the API asks the refiner for.
SCORE = 6.0


def sheet_scenes(pack, count, **options):
    """Fixed captions and scenes that training never sees, with nothing strange in them."""
    source, captions = random.Random(SEED), Captions(pack)
    return [captions.random_scene(source, strangers=False, **options) for _ in range(count)]


def held_out_scenes(pack, count):
    """Compositions that the training leaves out: pairs, and single things as ever."""
    return sheet_scenes(pack, count, styles=False, held_out=True)


class Sampler:
    """`alive` is called at every step, for whoever watches that a slow machine goes on."""

    def __init__(self, leg, alive=lambda: None):
        self.alive = alive
        has = lambda name: (leg.folder / f"{name}.pt").exists()
        self.leg, self.base = leg, load_base(leg)
        self.refiner = load_refiner(leg) if has("refiner") else None
        self.vae = load_vae(leg) if has("vae") else None

    def _rows(self, captions):
        encoded = [self.leg.vocabulary.encode(caption) for caption in captions]
        return torch.tensor([[first, second] for first, second, _ in encoded], device=self.leg.device)

    def _guided(self, both):
        self.alive()
        plain, told = both.float().chunk(2)
        return plain + GUIDANCE * (told - plain)

    @torch.no_grad()
    def latents(self, captions, seed=0, steps=25):
        """[n, channels, 32, 32] of pictures of the captions."""
        rows, leg = self._rows(captions), self.leg
        hidden, pooled = self.base.encode(rows)
        texts = torch.cat([torch.zeros_like(hidden), hidden]), torch.cat([torch.zeros_like(pooled), pooled])

        def predict(noisy, timestep):
            timesteps = torch.full((2 * len(noisy),), timestep, device=leg.device)
            return self._guided(self.base(torch.cat([noisy, noisy]), timesteps, *texts))

        generator = torch.Generator().manual_seed(seed)
        shape = len(captions), leg.sizes.latent_channels, latents.SIDE, latents.SIDE
        noisy = torch.randn(shape, generator=generator).to(leg.device)
        if self.refiner is None:
            return ddim(predict, noisy, steps)
        noisy = ddim(predict, noisy, steps, last=HANDED_OVER)
        return ddim(self._refining(captions, rows), noisy, steps, first=HANDED_OVER)

    def _refining(self, captions, rows):
        count, device = len(captions), self.leg.device
        both = torch.cat([self._rows([""] * count), rows])[:, 1]
        hidden, pooled = self.base.encoders[1](both)
        time_ids = torch.tensor([[1024.0, 1024.0, 0.0, 0.0, SCORE]], device=device).repeat(2 * count, 1)
        time_ids[:count, 4] = BLURRED_SCORE

        def predict(noisy, timestep):
            timesteps = torch.full((2 * count,), timestep, device=device)
            made = self.refiner(torch.cat([noisy, noisy]), timesteps, hidden, pooled, time_ids)
            return self._guided(made)

        return predict

    @torch.no_grad()
    def pictures(self, captions, seed=0, pixels=256):
        made = self.latents(captions, seed)
        if self.vae is None:
            return self.leg.basis.images(made)
        return torch.cat([self._decoded(each[None], 1024 // pixels) for each in made])

    def _decoded(self, latents, factor):
        self.alive()
        return torch.nn.functional.avg_pool2d(self.vae.decode(latents), factor)


def write_sheet(leg, file, count=16, columns=4, alive=lambda: None):
    captions, sampler = [caption for caption, _ in sheet_scenes(leg.pack, count)], Sampler(leg, alive)
    parts = [captions[at : at + 8] for at in range(0, count, 8)]
    made = torch.cat([sampler.pictures(each, seed=n) for n, each in enumerate(parts)])
    write_png(file, grid(made, columns))
    for index, caption in enumerate(captions):
        print(*divmod(index, columns), plain(caption))


def write_pairs(leg, file, count=24, columns=8, pixels=128, alive=lambda: None):
    """Held-out scenes as they are drawn and, below each row of them, as they are made."""
    told = list(held_out_scenes(leg.pack, count))
    batch = draw.describe([scene for _, scene in told])
    batch = {name: each if name == "runs" else each.to(leg.device) for name, each in batch.items()}
    drawn, captions = draw.draw(leg.atlas, batch, pixels).cpu(), [caption for caption, _ in told]
    sampler = Sampler(leg, alive)
    parts = [captions[at : at + 8] for at in range(0, count, 8)]
    made = torch.cat([sampler.pictures(each, seed=n, pixels=pixels).cpu() for n, each in enumerate(parts)])
    rows = [each[at : at + columns] for at in range(0, count, columns) for each in (drawn, made)]
    write_png(file, grid(torch.cat(rows), columns))
    for index, caption in enumerate(captions):
        print("pair", *divmod(index, columns), plain(caption))


def write_sheets(leg, folder, is_late, alive):
    """`is_late()`: whether there is no more time for the second."""
    # Its shapes come once: looking for the fastest kernels would take longer than any of them.
    torch.backends.cudnn.benchmark = False
    write_sheet(leg, folder / "sheet.png", alive=alive)
    if not is_late():
        write_pairs(leg, folder / "scenes.png", alive=alive)


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("--pack", required=True)
    parse.add_argument("--folder", required=True)
    parse.add_argument("--out", required=True)
    parse.add_argument("--size", choices=SIZES, default="full")
    parse.add_argument("--count", type=int, default=16)
    parse.add_argument("--threads", type=int, default=1)
    options = parse.parse_args()
    torch.set_num_threads(options.threads)
    leg = Leg(options.folder, Pack(options.pack), options.size, torch.device("cpu"), finer=1)
    write_sheet(leg, options.out, options.count)


if __name__ == "__main__":
    main()
