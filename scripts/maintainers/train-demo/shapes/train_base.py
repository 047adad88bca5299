"""Trains the text encoders and the base UNet together on scenes drawn afresh for every step.

    python train_base.py --folder <state> --minutes 90 [--device cuda] torchrun --nproc-per-node 2
    train_base.py --folder <state> --minutes 90    # a process a core: twice what two threads give

Run train_text.py first: the encoders start from <state>/text.pt and then learn at a quarter of the UNet's
rate. Stops by itself after --minutes (or --steps in all), resumes from <state>/base.pt, sleeps while
<state>/PAUSE exists.
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

# Below this timestep the text says nothing that the noisy picture does not show: guidance must then leave it
# alone.
SETTLED_TIMESTEP = 600
# Up to this one, it must at least leave the grain alone: what differs from the mean of the cells around.
GRAIN_TIMESTEP = 960
TIME_IDS = (1024.0, 1024.0, 0.0, 0.0, 1024.0, 1024.0)


class Base(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.encoders = networks.text_encoders()
        self.unet = networks.unet()
        carry.carry_noise(self.unet)

    def encode(self, ids):
        """Compact ids [2][n, 77] -> hidden states [n, 77, 80], pooled [n, 64], as SDXL takes them."""
        first = self.encoders[0](ids[0], output_hidden_states=True)
        second = self.encoders[1](ids[1], output_hidden_states=True)
        return torch.cat([first.hidden_states[-2], second.hidden_states[-2]], -1), second.text_embeds

    def forward(self, noisy, timesteps, hidden, pooled):
        time_ids = torch.tensor(TIME_IDS, device=noisy.device).expand(len(noisy), 6)
        return self.unet(
            noisy,
            timesteps,
            encoder_hidden_states=hidden,
            added_cond_kwargs={"text_embeds": pooled, "time_ids": time_ids},
        ).sample

    def silence_unknown(self):
        for encoder in self.encoders:
            encoder.get_input_embeddings().weight.data[vocabulary.UNKNOWN] = 0


def random_softness(source):
    """Width of an edge's ramp, as a share of the picture's side."""
    return source.uniform(6, 24) / 1024


def random_batch(source, basis, count, device):
    told = [captions.random_scene(source) for _ in range(count)]
    images = np.stack([scenes.draw(scene, latents.DRAWN, soft=random_softness(source)) for _, scene in told])
    ids = torch.tensor([vocabulary.encode(caption) for caption, _ in told], device=device)
    return torch.from_numpy(basis.latents(images)).to(device), (ids[:, 0], ids[:, 1])


def near_things(clean):
    """[n, 1, h, w]: 1 where the latents are not the ground's (the corner's), and one cell around it."""
    differs = ((clean - clean[:, :, :1, :1]).abs().amax(1, keepdim=True) > 0.15).float()
    return torch.nn.functional.max_pool2d(differs, 3, 1, 1)


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("--folder", required=True)
    parse.add_argument("--minutes", type=float, default=60)
    parse.add_argument("--steps", type=int, default=10**9)
    parse.add_argument("--batch", type=int, default=32)
    parse.add_argument("--lr", type=float, default=1e-3)
    parse.add_argument("--final-lr", type=float, help="the rate falls to this, on a cosine over --minutes")
    parse.add_argument(
        "--average", type=float, default=0.998, help="decay of the moving average; lower for a short last leg"
    )
    parse.add_argument(
        "--thing-weight",
        type=float,
        default=3,
        help="how much more the loss counts at the things than on the ground",
    )
    parse.add_argument(
        "--guided-weight", type=float, default=0.1, help="weight of the guided prediction's loss at low noise"
    )
    parse.add_argument("--threads", type=int, default=2)
    parse.add_argument("--device", default="cpu")
    options = parse.parse_args()
    torch.set_num_threads(options.threads)
    rank, processes = join()
    device = torch.device(options.device)

    torch.manual_seed(0)
    base = Base().to(device)
    base.unet.to(memory_format=torch.channels_last)
    taught = torch.load(f"{options.folder}/text.pt", map_location="cpu")["both"]
    base.encoders.load_state_dict(
        {
            name.removeprefix("encoders."): value
            for name, value in taught.items()
            if name.startswith("encoders.")
        }
    )
    average = Average(base, options.average)
    steppers = optimizers(base.unet, options.lr, base.encoders.parameters())
    state = State(options.folder, "base")
    parts = {"base": base, "average": average, **steppers}
    state.load(parts)
    basis = latents.Basis(f"{options.folder}/basis.npz")
    noising = Noising(device=device)
    source = random.Random(1000 + state.step + 10**7 * rank)
    torch.manual_seed(1000 + state.step + 10**7 * rank)

    started = marked = time.time()
    losses, begun = [], state.step
    stopping = False
    while not stopping:
        started += state.wait_while_paused()
        rate = options.lr * min(1, (state.step + 1) / 200)
        if options.final_lr:
            passed = min(1, (time.time() - started) / (options.minutes * 60))
            rate = options.final_lr + (options.lr - options.final_lr) * (1 + np.cos(np.pi * passed)) / 2
        for stepper in steppers.values():
            for group in stepper.param_groups:
                group["lr"] = float(rate) * group["share"]
        clean, ids = random_batch(source, basis, options.batch, device)
        noisy, noise, timesteps, weights = noising.draw(clean)
        hidden, pooled = base.encode(ids)
        # Guidance's other half is zeros, as force_zeros_for_empty_prompt has it.
        told = (torch.rand(options.batch, device=device) >= 0.1).float()
        hidden, pooled = hidden * told[:, None, None], pooled * told[:, None]
        # At lower noise the guided prediction is trained too.
        guided = (timesteps < GRAIN_TIMESTEP).nonzero()[:, 0]
        with torch.autocast(device.type, dtype=torch.bfloat16):
            both = base(
                torch.cat([noisy, noisy[guided]]).contiguous(memory_format=torch.channels_last),
                torch.cat([timesteps, timesteps[guided]]),
                torch.cat([hidden, torch.zeros_like(hidden[guided])]),
                torch.cat([pooled, torch.zeros_like(pooled[guided])]),
            ).float()
        predicted, untold = both[: len(noisy)], both[len(noisy) :]
        squares = (predicted - noise).square()
        wrong = guided_error(predicted[guided], untold, noise[guided])
        grain = wrong - torch.nn.functional.avg_pool2d(wrong, 3, 1, 1, count_include_pad=False)
        wrong = torch.where((timesteps[guided] < SETTLED_TIMESTEP)[:, None, None, None], wrong, grain)
        squares = squares.index_add(0, guided, options.guided_weight * wrong.square())
        each = squares.detach().mean((1, 2, 3))
        attended = squares * (1 + options.thing_weight * near_things(clean))
        loss = (attended.mean((1, 2, 3)) * weights).mean()
        base.zero_grad(set_to_none=True)
        loss.backward()
        finished = state.step + 1 >= options.steps or time.time() - started > options.minutes * 60
        stopping = share_gradients(list(base.parameters()), finished)
        torch.nn.utils.clip_grad_norm_(base.parameters(), 1.0)
        for stepper in steppers.values():
            stepper.step()
        base.silence_unknown()
        state.step += 1
        if rank > 0:
            continue
        average.update(base, state.step)
        losses.append((loss.item(), each[timesteps > 700].mean().item()))
        if state.step % 100 == 0:
            speed = (state.step - begun) * options.batch * processes / (time.time() - marked)
            marked, begun = time.time(), state.step
            mean = np.nanmean(losses, 0)
            state.log(
                loss=round(mean[0], 4),
                high_noise=round(mean[1], 5),
                samples_per_s=round(speed, 1),
                lr=round(rate, 6),
            )
            losses = []
        if state.due():
            state.save(parts)
    if rank == 0:
        state.save(parts)


if __name__ == "__main__":
    main()
