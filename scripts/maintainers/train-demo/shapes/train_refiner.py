"""Trains the refiner: the low-noise part of the schedule, the second text encoder frozen as <state>/base.pt
has it.

    torchrun --nproc-per-node 2 train_refiner.py --folder <state> --minutes 15    # or: python
    train_refiner.py ...

The aesthetic score says how crisp the drawing is: 6 and more are the sharpest outlines, 2 the softest. Half
of the noisy latents come from the base, which has taken one guided step from further up on a softer drawing:
what it leaves is not what noise on a drawing leaves, and a refiner that had never seen it turned hues and
blunted small shapes.
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
from diffusion import Noising, guided, guided_error
from muon import optimizers
from processes import join, share_gradients
from state import Average, State
from train_base import Base, near_things, random_softness

HIGHEST_TIMESTEP = 300
# How far up the base's step begins.
BASE_STEP = (40, 300)
# What the API's defaults compare under guidance.
CRISP_SCORE, BLURRED_SCORE = 5.0, 2.5


def softness(score):
    """Width of an edge's ramp, as a share of the picture's side, that earns the score."""
    return (4 + 40 * (1 - min(score, 6.0) / 6.0) ** 1.5) / 1024


def random_batch(source, basis, count, device):
    """Latents of drawings; of the first half also as the base draws them; ids for both encoders; time ids
    with the scores.
    """
    told = [captions.random_scene(source) for _ in range(count)]
    scores = [source.uniform(1.5, 7) for _ in told]
    images = np.stack(
        [scenes.draw(scene, latents.DRAWN, soft=softness(score)) for (_, scene), score in zip(told, scores)]
    )
    softer = np.stack(
        [scenes.draw(scene, latents.DRAWN, soft=random_softness(source)) for _, scene in told[: count // 2]]
    )
    # The refiner's empty prompt is encoded, not zeros.
    ids = torch.tensor(
        [vocabulary.encode("" if source.random() < 0.1 else caption) for caption, _ in told], device=device
    )
    time_ids = torch.tensor([[1024.0, 1024.0, 0.0, 0.0, score] for score in scores], device=device)
    clean, soft = (torch.from_numpy(basis.latents(each)).to(device) for each in (images, softer))
    return clean, soft, (ids[:, 0], ids[:, 1]), time_ids


@torch.no_grad()
def after_base(base, ids, soft, clean, timesteps, noising):
    """Noisy latents as the base leaves them of soft drawings, and the noise in them: all that is not the
    clean drawing.
    """
    higher = timesteps + torch.randint(*BASE_STEP, timesteps.shape, device=clean.device)
    before, after = (noising.alphas[each].view(-1, 1, 1, 1) for each in (higher, timesteps))
    noisy = before.sqrt() * soft + (1 - before).sqrt() * torch.randn_like(soft)
    hidden, pooled = base.encode(ids)
    told, untold = (
        base(
            torch.cat([noisy, noisy]).contiguous(memory_format=torch.channels_last),
            torch.cat([higher, higher]),
            torch.cat([hidden, torch.zeros_like(hidden)]),
            torch.cat([pooled, torch.zeros_like(pooled)]),
        )
        .float()
        .chunk(2)
    )
    epsilon = guided(told, untold)
    guess = (noisy - (1 - before).sqrt() * epsilon) / before.sqrt()
    left = after.sqrt() * guess + (1 - after).sqrt() * epsilon
    return left, (left - after.sqrt() * clean) / (1 - after).sqrt()


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("--folder", required=True)
    parse.add_argument("--minutes", type=float, default=15)
    parse.add_argument("--batch", type=int, default=16)
    parse.add_argument("--lr", type=float, default=1e-3)
    parse.add_argument(
        "--thing-weight",
        type=float,
        default=3,
        help="how much more the loss counts at the things than on the ground",
    )
    parse.add_argument(
        "--guided-weight", type=float, default=0.1, help="weight of the guided prediction's loss"
    )
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
    base = Base().to(device)
    base.load_state_dict(torch.load(f"{options.folder}/base.pt", map_location="cpu")["average"])
    base.requires_grad_(False)
    base.unet.to(memory_format=torch.channels_last)
    if state.step == 0:
        encoder.load_state_dict(base.encoders[1].state_dict())
    encoder.requires_grad_(False)
    empty = torch.tensor([vocabulary.encode("")[1]], device=device)
    basis = latents.Basis(f"{options.folder}/basis.npz")
    noising = Noising(highest=HIGHEST_TIMESTEP, offset=0.02, mistaken=0.1, device=device)
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
        clean, soft, ids, time_ids = random_batch(source, basis, options.batch, device)
        noisy, noise, timesteps, weights = noising.draw(clean)
        half = len(soft)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            left = after_base(
                base, (ids[0][:half], ids[1][:half]), soft, clean[:half], timesteps[:half], noising
            )
        noisy, noise = (torch.cat([new, old[half:]]) for new, old in zip(left, (noisy, noise)))
        # As for the base: crisp pictures are also drawn under guidance, against the empty prompt with the
        # negative score.
        crisp = (time_ids[:, 4] >= CRISP_SCORE).nonzero()[:, 0]
        against = time_ids[crisp].clone()
        against[:, 4] = BLURRED_SCORE
        with torch.no_grad():
            text = encoder(torch.cat([ids[1], empty.expand(len(crisp), -1)]), output_hidden_states=True)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            both = unet(
                torch.cat([noisy, noisy[crisp]]).contiguous(memory_format=torch.channels_last),
                torch.cat([timesteps, timesteps[crisp]]),
                encoder_hidden_states=text.hidden_states[-2],
                added_cond_kwargs={
                    "text_embeds": text.text_embeds,
                    "time_ids": torch.cat([time_ids, against]),
                },
            ).sample.float()
        predicted, untold = both[: len(noisy)], both[len(noisy) :]
        wrong = guided_error(predicted[crisp], untold, noise[crisp])
        squares = (predicted - noise).square().index_add(0, crisp, options.guided_weight * wrong.square())
        attended = squares * (1 + options.thing_weight * near_things(clean))
        loss = (attended.mean((1, 2, 3)) * weights).mean()
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
