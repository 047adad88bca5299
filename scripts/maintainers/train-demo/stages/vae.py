"""Trains the VAE on windows of fresh scenes at the full resolution.

The latent space is fixed (latents.py), so both halves are plain regressions: the decoder from slightly
disturbed latents to pixels, the encoder from pixels to latents with a log variance fitted to its own errors.
The last part of the steps sees whole pictures: group norm must meet the statistics it will have.
"""

import torch
import torch.nn.functional as F
from torch import nn

from drawing import draw
from drawing.atlas import Atlas
from networks.autoencoder import Autoencoder
from stages import carry, latents
from stages.data import Batches
from stages.leg import LARGE_SIDE
from stages.stage import Stage, adamw

WINDOW = 256
WHOLE = 1024
WHOLE_FROM = 0.7
WHOLE_NAME = "whole "


def windows(whole):
    def make(source, told, encoded, batch):
        """Mostly about an outline: flat ground teaches little. The first `whole` scenes also as pictures."""
        side, found = WINDOW / WHOLE, []
        for _, scene in told:
            x, y, radius = source.choice(scene.instances())[1]
            corner = (each + source.uniform(-1, 1) * radius - side / 2 for each in (x, y))
            found.append([*(min(max(each, 0), 1 - side) for each in corner), side])
        batch["window"] = torch.tensor(found)
        described = draw.describe([scene for _, scene in told[:whole]])
        batch.update({WHOLE_NAME + name: value for name, value in described.items()})

    return make


class VaeStage(Stage):
    name = "vae"
    rate = 1e-3
    average_decay = 0.995
    batch_share = 1 / 8

    def __init__(self, leg, batch):
        vae = Autoencoder(leg.sizes)
        carry.carry_colours(vae, latents.Basis(torch.load(leg.folder / "basis.pt", weights_only=True)))
        self.vae = self.trained = vae.to(leg.device, memory_format=torch.channels_last)
        self.atlas = leg.drawing(Atlas(leg.pack, min(LARGE_SIDE, leg.pack.side), leg.device))
        self.steppers = {"adamw": adamw(vae.parameters(), self.rate)}
        self.batches = Batches(leg.pack, self.name, batch, windows(max(1, batch * WINDOW**2 // WHOLE**2)))
        self.begin(leg)

    def loss(self, batch, progress):
        if progress < WHOLE_FROM:
            images = draw.draw(self.atlas, batch, WINDOW, batch["window"], finer=1)
        else:
            start = len(WHOLE_NAME)
            whole = {name[start:]: each for name, each in batch.items() if name.startswith(WHOLE_NAME)}
            images = draw.draw(self.atlas, whole, WHOLE, finer=1)
        return self.loss_of(images)

    def loss_of(self, images):
        clean = self.leg.basis.latents(F.avg_pool2d(images, 8)).contiguous()
        images = images.contiguous(memory_format=torch.channels_last)
        spread = torch.rand(len(clean), 1, 1, 1, device=clean.device) * 0.1
        with self.leg.autocast():
            made = self.vae.decode(clean + torch.randn_like(clean) * spread).float()
            mean, log_variance = (each.float() for each in self.vae.encode(images))
        error = made - images
        edges = sum(error.diff(dim=axis).abs().mean() for axis in (2, 3))
        wrong = (mean - clean).square()
        log_variance = log_variance.clamp(-9, 4)
        fitted = (log_variance + wrong.detach() * torch.exp(-log_variance)).mean()
        encoder_loss = wrong.mean() + (wrong + 1e-8).sqrt().mean() + 0.02 * fitted
        shown = {
            "decoder": error.abs().mean(),
            "encoder": wrong.mean().sqrt(),
            "sharpness": sharpness(made.detach(), images.detach()),
        }
        return error.abs().mean() + edges + 0.3 * encoder_loss, {
            name: value.detach() for name, value in shown.items()
        }


def sharpness(made, images):
    """How steep the decoded outlines are beside the drawn ones, 1 being as steep: the sum of squared steps
    from pixel to pixel where the drawing has its own.
    """
    slopes = [
        torch.stack([picture.diff(dim=2)[..., :-1], picture.diff(dim=3)[:, :, :-1]])
        for picture in (made, images)
    ]
    drawn = torch.where(slopes[1].abs() > 0.2, slopes[1], 0)
    return (slopes[0] * drawn).sum() / drawn.square().sum().clamp(min=1e-6)


def load_vae(leg):
    vae = Autoencoder(leg.sizes)
    vae.load_state_dict(torch.load(leg.folder / "vae.pt", map_location="cpu", weights_only=True)["average"])
    return nn.Module.eval(vae.requires_grad_(False).to(leg.device))
