"""Trains the VAE on windows of fresh scenes at the full resolution.

    python train_vae.py --folder <state> --part decoder --minutes 20 --window 256 --batch 8

The latent space is fixed (latents.py), so both halves are plain regressions and are trained apart: the
decoder from slightly disturbed latents to pixels, the encoder from pixels to latents with a log variance
fitted to its own errors. The last minutes should run on whole pictures (--window 1024 --batch 1): group norm
sees the statistics it will meet.
"""

import argparse
import random
import time

import numpy as np
import torch
import torch.nn.functional as F

import captions
import carry
import latents
import networks
import scenes
from state import Average, State


def random_windows(source, basis, count, pixels):
    """Pixels [count, 3, pixels, pixels] in -1 ... 1 and the latents of these windows."""
    side = pixels / 1024
    images = []
    for _ in range(count):
        _, scene = captions.random_scene(source, looks=0.3)
        palette = scenes.COLOURS
        if source.random() < 0.3:
            palette = {name: [source.uniform(0, 255) for _ in range(3)] for name in palette}
        left = top = 0.0
        if side < 1:
            # Mostly about an outline: flat ground teaches little.
            thing = source.choice(scene.things)
            left = thing.x + source.uniform(-1, 1) * thing.radius - side / 2
            top = thing.y + source.uniform(-1, 1) * thing.radius - side / 2
            left, top = min(max(left, 0), 1 - side), min(max(top, 0), 1 - side)
        images.append(scenes.draw(scene, pixels, (left, top, side), source.uniform(2, 16) / 1024, palette))
    images = torch.from_numpy(np.stack(images))
    return images, torch.from_numpy(basis.latents(F.avg_pool2d(images, 8).numpy()))


def decoder_loss(vae, images, clean):
    disturbed = clean + torch.randn_like(clean) * torch.rand(len(clean), 1, 1, 1, device=clean.device) * 0.1
    made = vae.decode(disturbed / vae.config.scaling_factor).sample.float()
    error = made - images
    edges = [(error.diff(dim=axis)).abs().mean() for axis in (2, 3)]
    return error.abs().mean() + sum(edges), error.abs().mean()


def encoder_loss(vae, images, clean):
    posterior = vae.encode(images).latent_dist
    error = (posterior.mean.float() - clean / vae.config.scaling_factor).square()
    log_variance = posterior.logvar.float().clamp(-9, 4)
    spread = (log_variance + error.detach() * torch.exp(-log_variance)).mean()
    return error.mean() + error.sqrt().mean() + 0.02 * spread, error.mean().sqrt()


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("--folder", required=True)
    parse.add_argument("--part", choices=("decoder", "encoder"), required=True)
    parse.add_argument("--minutes", type=float, default=20)
    parse.add_argument("--window", type=int, default=256, help="side in pixels, a multiple of 32")
    parse.add_argument("--batch", type=int, default=8)
    parse.add_argument("--lr", type=float, default=2e-3)
    parse.add_argument("--final-lr", type=float)
    parse.add_argument(
        "--average", type=float, default=0.998, help="decay of the moving average; lower for a short last leg"
    )
    parse.add_argument("--threads", type=int, default=1)
    parse.add_argument("--device", default="cpu")
    options = parse.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)

    torch.manual_seed(0)
    basis = latents.Basis(f"{options.folder}/basis.npz")
    whole = networks.vae()
    carry.carry_colours(whole, basis)
    whole.to(device, memory_format=torch.channels_last)
    if options.part == "decoder":
        trained, loss_of = torch.nn.ModuleList([whole.post_quant_conv, whole.decoder]), decoder_loss
    else:
        trained, loss_of = torch.nn.ModuleList([whole.encoder, whole.quant_conv]), encoder_loss
    average = Average(trained, options.average)
    optimizer = torch.optim.AdamW(
        trained.parameters(), lr=options.lr, betas=(0.9, 0.99), weight_decay=0, fused=True
    )
    state = State(options.folder, options.part)
    parts = {"trained": trained, "average": average, "optimizer": optimizer}
    state.load(parts)
    source = random.Random(5000 + state.step)

    started = marked = time.time()
    values, begun = [], state.step
    while time.time() - started < options.minutes * 60:
        started += state.wait_while_paused()
        rate = options.lr * min(1, (state.step + 1) / 100)
        if options.final_lr:
            passed = min(1, (time.time() - started) / (options.minutes * 60))
            rate = options.final_lr + (options.lr - options.final_lr) * (1 + np.cos(np.pi * passed)) / 2
        for group in optimizer.param_groups:
            group["lr"] = float(rate)
        images, clean = random_windows(source, basis, options.batch, options.window)
        images = images.to(device, memory_format=torch.channels_last)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            loss, shown = loss_of(whole, images, clean.to(device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained.parameters(), 1.0)
        optimizer.step()
        state.step += 1
        average.update(trained, state.step)
        values.append((loss.item(), shown.item()))
        if state.step % 50 == 0:
            mean = np.mean(values, 0)
            speed = (state.step - begun) * options.batch / (time.time() - marked)
            marked, begun, values = time.time(), state.step, []
            state.log(
                loss=round(mean[0], 4),
                error=round(mean[1], 4),
                windows_per_s=round(speed, 1),
                lr=round(rate, 5),
            )
        if state.due():
            state.save(parts)
    state.save(parts)


if __name__ == "__main__":
    main()
