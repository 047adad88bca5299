"""Draws a sheet of pictures from the state of training, with captions fixed in this file, for the eye.

    python sample.py --folder <state> --out sheet.png [--guidance 7.5] [--vae]

Without --vae the latents are turned back by the basis itself (128x128, soft), which needs no decoder.
"""

import argparse

import numpy as np
import torch
from PIL import Image

import latents
import networks
import vocabulary
from diffusion import ddim
from train_base import Base

PROMPTS = (
    "a red circle",
    "a large blue square on a yellow background",
    "a green triangle in the top left corner",
    "a small yellow star, black background",
    "a pink heart to the left of a cyan diamond",
    "a purple ring above a white cross",
    "an orange square below a black circle on a gray background",
    "a brown star at the bottom",
    "a blue circle and a red square",
    "a big white heart on a red background",
    "a striped green circle",
    "a gray cross in the bottom right corner on a pink background",
    "a black ring right of a orange triangle",
    "a cyan diamond on the left, purple background",
    "a shaded red circle in the center",
    "a tiny purple square at the top",
)


def encode(base, captions):
    ids = torch.tensor([vocabulary.encode(caption) for caption in captions])
    return base.encode((ids[:, 0], ids[:, 1]))


@torch.no_grad()
def sample(base, captions, seed=0, steps=25, guidance=7.5):
    hidden, pooled = encode(base, captions)
    both = torch.cat([torch.zeros_like(hidden), hidden]), torch.cat([torch.zeros_like(pooled), pooled])

    def predict(noisy, timestep):
        plain, told = base(torch.cat([noisy, noisy]), torch.full((2 * len(noisy),), timestep), *both).chunk(2)
        return plain + guidance * (told - plain)

    noise = torch.randn(
        len(captions),
        latents.CHANNELS,
        latents.SIDE,
        latents.SIDE,
        generator=torch.Generator().manual_seed(seed),
    )
    return ddim(predict, noise, steps)


def load_base(folder):
    base = Base().eval()
    saved = torch.load(f"{folder}/base.pt", map_location="cpu")
    base.load_state_dict(saved["average"])
    print("step", saved["step"])
    return base


def load_vae(folder):
    vae = networks.vae().eval()
    for part, owners in (
        ("decoder", (vae.post_quant_conv, vae.decoder)),
        ("encoder", (vae.encoder, vae.quant_conv)),
    ):
        torch.nn.ModuleList(owners).load_state_dict(
            torch.load(f"{folder}/{part}.pt", map_location="cpu")["average"]
        )
    return vae


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("--folder", required=True)
    parse.add_argument("--out", required=True)
    parse.add_argument("--guidance", type=float, default=7.5)
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--steps", type=int, default=25)
    parse.add_argument("--vae", action="store_true")
    options = parse.parse_args()
    torch.set_num_threads(1)
    made = sample(load_base(options.folder), PROMPTS, options.seed, options.steps, options.guidance)
    print("latent deviation by channel", made.std((0, 2, 3)).tolist())
    if options.vae:
        vae = load_vae(options.folder)
        with torch.no_grad():
            images = np.stack(
                [
                    vae.decode(one[None] / vae.config.scaling_factor).sample[0, :, ::4, ::4].numpy()
                    for one in made
                ]
            )
    else:
        images = latents.Basis(f"{options.folder}/basis.npz").images(made.numpy())
    side = images.shape[-1]
    sheet = images.reshape(4, 4, 3, side, side).transpose(0, 3, 1, 4, 2).reshape(4 * side, 4 * side, 3)
    Image.fromarray((np.clip(sheet, -1, 1) * 127.5 + 127.5).round().astype(np.uint8)).save(options.out)


if __name__ == "__main__":
    main()
