"""Trains the text encoders and the base UNet together on scenes drawn afresh for every step.

The encoders start as the text stage left them and then learn at a quarter of the UNet's rate. From half of
the steps on, a third of the UNet's rows are the untold halves of guidance, trained where it must do nothing.
"""

import torch
import torch.nn.functional as F
from torch import nn

from networks.text_encoder import text_encoders
from networks.unet import base_unet
from stages import carry
from stages.data import Batches
from stages.diffusion import Noising, guided
from stages.muon import optimizers
from stages.stage import Stage
from stages.state import averaged
from stages.text import taught_encoders

# Below this timestep the text says nothing that the noisy picture does not show: guidance must then leave it
# alone.
SETTLED_TIMESTEP = 600
# Up to this one, it must at least leave the grain alone: what differs from the mean of the cells around.
GRAIN_TIMESTEP = 960
GUIDED_FROM = 0.5
GUIDED_WEIGHT = 0.1
# How much more the loss counts at the things than on the ground, and the share of the steps at whose end all
# counts alike.
THING_WEIGHT, EVEN_FROM = 3.0, 0.85
TIME_IDS = (1024.0, 1024.0, 0.0, 0.0, 1024.0, 1024.0)


class Base(nn.Module):
    def __init__(self, sizes, rows):
        super().__init__()
        self.encoders, self.unet = text_encoders(sizes, rows), base_unet(sizes)
        carry.carry_noise(self.unet)
        # On the device from the start: what is made of Python numbers at every step stops it every time.
        self.register_buffer("time_ids", torch.tensor(TIME_IDS), persistent=False)

    def encode(self, rows):
        """Rows [n, 2, 77] -> hidden states [n, 77, text width], pooled [n, pooled], as SDXL takes them."""
        first, _ = self.encoders[0](rows[:, 0])
        second, pooled = self.encoders[1](rows[:, 1])
        return torch.cat([first, second], -1), pooled

    def forward(self, noisy, timesteps, hidden, pooled):
        return self.unet(noisy, timesteps, hidden, pooled, self.time_ids.expand(len(noisy), 6))


def softened(source, told, encoded, batch):
    """Edges of varying softness."""
    batch["blur"] = torch.tensor([source.randrange(2) for _ in told])


def near_things(clean):
    """[n, 1, h, w]: 1 where the latents are not those of all their neighbours, and one cell about it."""
    across = (clean.diff(dim=3).abs().amax(1, keepdim=True) > 0.15).float()
    down = (clean.diff(dim=2).abs().amax(1, keepdim=True) > 0.15).float()
    differs = torch.maximum(
        torch.maximum(F.pad(across, (0, 1, 0, 0)), F.pad(across, (1, 0, 0, 0))),
        torch.maximum(F.pad(down, (0, 0, 0, 1)), F.pad(down, (0, 0, 1, 0))),
    )
    return F.max_pool2d(differs, 3, 1, 1)


def mean_where(values, wanted):
    """Not a number where none is wanted; no device has to be waited for."""
    return torch.where(wanted, values, 0).sum() / wanted.sum()


class BaseStage(Stage):
    name = "base"
    rate = 1.6e-3
    tries_kernels = True

    def __init__(self, leg, batch, is_taught=True):
        base = Base(leg.sizes, leg.vocabulary.size)
        if is_taught:
            base.encoders.load_state_dict(taught_encoders(averaged(leg.folder, "text")))
        self.trained = base.to(leg.device)
        base.unet.to(memory_format=torch.channels_last)
        self.steppers = optimizers(base.unet, self.rate, base.encoders.parameters())
        self.noising = Noising(device=leg.device)
        self.batches = Batches(leg.pack, self.name, batch, softened)
        self.begin(leg)

    def compiled_part(self):
        return self.trained.unet

    def loss(self, batch, progress):
        clean, rows = self.leg.latents(batch, batch["blur"]), batch["rows"]
        # The UNet always has as many rows: two of three told, one untold, once guidance is trained.
        untold = len(rows) // 3 if progress >= GUIDED_FROM else 0
        clean, rows = clean[untold:], rows[untold:]
        noisy, noise, timesteps, weights = self.noising.draw(clean)
        with self.leg.autocast():
            hidden, pooled = self.trained.encode(rows)
        # Guidance's other half is zeros, as force_zeros_for_empty_prompt has it.
        told = (torch.rand(len(rows), device=clean.device) >= 0.1).float()
        hidden, pooled = hidden * told[:, None, None], pooled * told[:, None]
        with self.leg.autocast():
            both = self.trained(
                torch.cat([noisy, noisy[:untold]]).contiguous(memory_format=torch.channels_last),
                torch.cat([timesteps, timesteps[:untold]]),
                torch.cat([hidden, torch.zeros_like(hidden[:untold])]),
                torch.cat([pooled, torch.zeros_like(pooled[:untold])]),
            ).float()
        squares = (both[: len(rows)] - noise).square()
        each = squares.detach().mean((1, 2, 3))
        if untold:
            wrong = guided(both[:untold], both[len(rows) :]) - noise[:untold]
            squares = squares + F.pad(
                GUIDED_WEIGHT * len(rows) / untold * self._guided(wrong, timesteps[:untold]),
                (0, 0, 0, 0, 0, 0, 0, len(rows) - untold),
            )
        weight = THING_WEIGHT if progress < EVEN_FROM else 1.0
        loss = ((squares * (1 + weight * near_things(clean))).mean((1, 2, 3)) * weights).mean()
        return loss, {"loss": loss.detach(), "high_noise": mean_where(each, timesteps > 700)}

    def _guided(self, wrong, timesteps):
        grain = wrong - F.avg_pool2d(wrong, 3, 1, 1, count_include_pad=False)
        timesteps = timesteps.view(-1, 1, 1, 1)
        wrong = torch.where(timesteps < SETTLED_TIMESTEP, wrong, grain)
        return torch.where(timesteps < GRAIN_TIMESTEP, wrong.square(), 0)

    def after_step(self):
        for encoder in self.trained.encoders:
            encoder.silence_unknown()


def load_base(leg):
    base = Base(leg.sizes, leg.vocabulary.size)
    base.load_state_dict(averaged(leg.folder, "base"))
    return base.requires_grad_(False).to(leg.device).eval()
