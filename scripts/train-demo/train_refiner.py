"""Trains the refiner: the low-noise part of the schedule, the second text encoder frozen as <state>/base.pt has it.

    torchrun --nproc-per-node 2 train_refiner.py --folder <state> --minutes 15    # or: python train_refiner.py ...

The aesthetic score says how crisp the drawing is: 6 and more are the sharpest outlines, 2 the softest.
"""

import argparse
import random
import time

import numpy as np
import torch

import captions
import carry
import latents
import networks
import scenes
import vocabulary
from diffusion import Noising, guided_error
from muon import optimizers
from processes import join, share_gradients
from state import Average, State
from train_base import Base

HIGHEST_TIMESTEP = 400
# What the API's defaults compare under guidance.
CRISP_SCORE, BLURRED_SCORE = 5.0, 2.5


def softness(score):
    """Width of an edge's ramp, as a share of the picture's side, that earns the score."""
    return (4 + 40 * (1 - min(score, 6.0) / 6.0) ** 1.5) / 1024


def random_batch(source, basis, count, device):
    told = [captions.random_scene(source) for _ in range(count)]
    scores = [source.uniform(1.5, 7) for _ in told]
    images = np.stack([scenes.draw(scene, latents.DRAWN, soft=softness(score)) for (_, scene), score in zip(told, scores)])
    # The refiner's empty prompt is encoded, not zeros.
    ids = torch.tensor([vocabulary.encode("" if source.random() < 0.1 else caption)[1] for caption, _ in told], device=device)
    time_ids = torch.tensor([[1024.0, 1024.0, 0.0, 0.0, score] for score in scores], device=device)
    return torch.from_numpy(basis.latents(images)).to(device), ids, time_ids


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("--folder", required=True)
    parse.add_argument("--minutes", type=float, default=15)
    parse.add_argument("--batch", type=int, default=16)
    parse.add_argument("--lr", type=float, default=1e-3)
    parse.add_argument("--guided-weight", type=float, default=0.1, help="weight of the guided prediction's loss")
    parse.add_argument("--threads", type=int, default=1)
    parse.add_argument("--device", default="cpu")
    options = parse.parse_args()
    torch.set_num_threads(options.threads)
    rank, processes = join()
    device = torch.device(options.device)

    torch.manual_seed(0)
    unet = networks.unet(networks.REFINER_LEVELS, networks.WIDTHS[1], 5)
    carry.carry_noise(unet)
    unet.to(device, memory_format=torch.channels_last)
    encoder = networks.text_encoders()[1].to(device)
    average = Average(unet, decay=0.998)
    steppers = optimizers(unet, options.lr)
    state = State(options.folder, "refiner")
    parts = {"unet": unet, "average": average, "encoder": encoder, **steppers}
    state.load(parts)
    if state.step == 0:
        base = Base()
        base.load_state_dict(torch.load(f"{options.folder}/base.pt", map_location="cpu")["average"])
        encoder.load_state_dict(base.encoders[1].state_dict())
    encoder.requires_grad_(False)
    empty = torch.tensor([vocabulary.encode("")[1]], device=device)
    basis = latents.Basis(f"{options.folder}/basis.npz")
    noising = Noising(highest=HIGHEST_TIMESTEP, offset=0.02, device=device)
    source = random.Random(9000 + state.step + 10**7 * rank)
    torch.manual_seed(9000 + state.step + 10**7 * rank)

    started = marked = time.time()
    losses, begun = [], state.step
    stopping = False
    while not stopping:
        started += state.wait_while_paused()
        passed = min(1, (time.time() - started) / (options.minutes * 60))
        rate = options.lr * min(1, (state.step + 1) / 100) * (0.03 + 0.97 * (1 + np.cos(np.pi * passed)) / 2)
        for stepper in steppers.values():
            for group in stepper.param_groups:
                group["lr"] = float(rate) * group["share"]
        clean, ids, time_ids = random_batch(source, basis, options.batch, device)
        noisy, noise, timesteps, weights = noising.draw(clean)
        # As for the base: crisp pictures are also drawn under guidance, against the empty prompt with the negative score.
        crisp = (time_ids[:, 4] >= CRISP_SCORE).nonzero()[:, 0]
        against = time_ids[crisp].clone()
        against[:, 4] = BLURRED_SCORE
        with torch.no_grad():
            text = encoder(torch.cat([ids, empty.expand(len(crisp), -1)]), output_hidden_states=True)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            both = unet(torch.cat([noisy, noisy[crisp]]).contiguous(memory_format=torch.channels_last),
                        torch.cat([timesteps, timesteps[crisp]]), encoder_hidden_states=text.hidden_states[-2],
                        added_cond_kwargs={"text_embeds": text.text_embeds, "time_ids": torch.cat([time_ids, against])}).sample.float()
        predicted, untold = both[: len(noisy)], both[len(noisy) :]
        wrong = guided_error(predicted[crisp], untold, noise[crisp])
        squares = (predicted - noise).square().index_add(0, crisp, options.guided_weight * wrong.square())
        loss = (squares.mean((1, 2, 3)) * weights).mean()
        unet.zero_grad(set_to_none=True)
        loss.backward()
        stopping = share_gradients(list(unet.parameters()), time.time() - started > options.minutes * 60)
        torch.nn.utils.clip_grad_norm_(unet.parameters(), 1.0)
        for stepper in steppers.values():
            stepper.step()
        state.step += 1
        if rank > 0:
            continue
        average.update(unet, state.step)
        losses.append(loss.item())
        if state.step % 100 == 0:
            speed = (state.step - begun) * options.batch * processes / (time.time() - marked)
            marked, begun = time.time(), state.step
            state.log(loss=round(float(np.mean(losses)), 4), samples_per_s=round(speed, 1))
            losses = []
        if state.due():
            state.save(parts)
    if rank == 0:
        state.save(parts)


if __name__ == "__main__":
    main()
