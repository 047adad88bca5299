"""Trains the refiner: the low-noise part of the schedule, with the base's second text encoder as it is.

The aesthetic score says how crisp the drawing is: 5 and more are the sharpest outlines, below 3.5 the
softest. Half of the noisy latents come from the base, which has taken one guided step from further up on a
softer drawing: what it leaves is not what noise on a drawing leaves, and a refiner that had never seen it
turned hues and blunted small shapes.
"""

import torch
import torch.nn.functional as F

from networks.unet import refiner_unet
from stages import carry
from stages.base import GUIDED_WEIGHT, THING_WEIGHT, load_base, near_things
from stages.data import Batches
from stages.diffusion import Noising, guided
from stages.muon import optimizers
from stages.stage import Stage
from stages.state import averaged

HIGHEST_TIMESTEP = 300
# How far up the base's step begins.
BASE_STEP = (40, 300)
# What the API's defaults compare under guidance.
CRISP_SCORE, BLURRED_SCORE = 5.0, 2.5


def scored(vocabulary):
    empty = torch.tensor(vocabulary.encode("")[:2])

    def make(source, told, encoded, batch):
        scores = [source.uniform(1.5, 7) for _ in told]
        batch["score"] = torch.tensor(scores)
        batch["blur"] = torch.tensor(
            [0 if score >= CRISP_SCORE else 1 if score >= 3.5 else 2 for score in scores]
        )
        batch["softer"] = torch.tensor([source.randrange(2) for _ in told])
        # The refiner's empty prompt is encoded, not zeros.
        is_empty = torch.tensor([source.random() < 0.1 for _ in told])
        batch["told_rows"] = torch.where(is_empty[:, None, None], empty, batch["rows"])

    return make


class RefinerStage(Stage):
    name = "refiner"
    tries_kernels = True

    def __init__(self, leg, batch, base=None):
        unet = refiner_unet(leg.sizes)
        carry.carry_noise(unet)
        self.trained = unet.to(leg.device, memory_format=torch.channels_last)
        self.base = base or load_base(leg)
        self.base.unet.to(memory_format=torch.channels_last)
        self.encoder = self.base.encoders[1]
        self.empty = torch.tensor([leg.vocabulary.encode("")[1]], device=leg.device)
        self.steppers = optimizers(unet, self.rate)
        self.noising = Noising(highest=HIGHEST_TIMESTEP, offset=0.02, mistaken=0.1, device=leg.device)
        self.batches = Batches(leg.pack, self.name, batch, scored(leg.vocabulary))
        self.time_ids = torch.tensor([[1024.0, 1024.0, 0.0, 0.0, 0.0]], device=leg.device)
        self.begin(leg)

    def compiled_part(self):
        return self.trained

    @torch.no_grad()
    def _after_base(self, rows, soft, clean, timesteps):
        """Noisy latents as the base leaves them of soft drawings, and the noise in them: all that is not the
        clean drawing.
        """
        higher = timesteps + torch.randint(*BASE_STEP, timesteps.shape, device=clean.device)
        before, after = (self.noising.alphas[each].view(-1, 1, 1, 1) for each in (higher, timesteps))
        noisy = before.sqrt() * soft + (1 - before).sqrt() * torch.randn_like(soft)
        with self.leg.autocast():
            hidden, pooled = self.base.encode(rows)
            both = self.base(
                torch.cat([noisy, noisy]).contiguous(memory_format=torch.channels_last),
                torch.cat([higher, higher]),
                torch.cat([hidden, torch.zeros_like(hidden)]),
                torch.cat([pooled, torch.zeros_like(pooled)]),
            )
        epsilon = guided(*both.float().chunk(2))
        guess = (noisy - (1 - before).sqrt() * epsilon) / before.sqrt()
        left = after.sqrt() * guess + (1 - after).sqrt() * epsilon
        return left, (left - after.sqrt() * clean) / (1 - after).sqrt()

    def loss(self, batch, progress):
        count = len(batch["rows"])
        half, untold = count // 2, count // 3
        # The untold rows stand against the first third, whose drawings are crisp.
        batch["score"][:untold] = batch["score"][:untold].clamp(min=CRISP_SCORE)
        batch["blur"][:untold] = 0
        clean = self.leg.latents(batch, batch["blur"])
        noisy, noise, timesteps, weights = self.noising.draw(clean)
        soft = self.leg.latents(batch, batch["softer"])[half:]
        left = self._after_base(batch["rows"][half:], soft, clean[half:], timesteps[half:])
        noisy, noise = (torch.cat([own[:half], new]) for own, new in zip((noisy, noise), left))
        scores = torch.cat([batch["score"], torch.full_like(batch["score"][:untold], BLURRED_SCORE)])
        time_ids = self.time_ids.repeat(len(scores), 1)
        time_ids[:, 4] = scores
        rows = torch.cat([batch["told_rows"][:, 1], self.empty.expand(untold, -1)])
        with self.leg.autocast():
            with torch.no_grad():
                hidden, pooled = self.encoder(rows)
            both = self.trained(
                torch.cat([noisy, noisy[:untold]]).contiguous(memory_format=torch.channels_last),
                torch.cat([timesteps, timesteps[:untold]]),
                hidden,
                pooled,
                time_ids,
            ).float()
        squares = (both[:count] - noise).square()
        wrong = (guided(both[:untold], both[count:]) - noise[:untold]).square()
        shown = squares.detach().mean()
        squares = squares + F.pad(
            GUIDED_WEIGHT * count / untold * wrong, (0, 0, 0, 0, 0, 0, 0, count - untold)
        )
        loss = ((squares * (1 + THING_WEIGHT * near_things(clean))).mean((1, 2, 3)) * weights).mean()
        return loss, {"loss": loss.detach(), "error": shown}


def load_refiner(leg):
    unet = refiner_unet(leg.sizes)
    unet.load_state_dict(averaged(leg.folder, "refiner"))
    return unet.requires_grad_(False).to(leg.device).eval()
