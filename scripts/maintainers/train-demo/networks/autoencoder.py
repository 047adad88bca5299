"""SDXL's VAE in PyTorch alone, by the names of diffusers' AutoencoderKL; one block a level, two on the way
up.

Its norms have one group of all channels: fewer channels in a group erase flat colour.
"""

import torch.nn.functional as F
from torch import nn

from networks.attention import attend
from networks.residual import Downsample, GroupNorm, Residual, Upsample, conv

EPS = 1e-6


class PixelAttention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.group_norm = GroupNorm(1, width, eps=EPS)
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x):
        n, width, h, w = x.shape
        y = self.group_norm(x).flatten(2).transpose(1, 2)
        y = self.to_out[0](attend(self.to_q(y), self.to_k(y), self.to_v(y), 1))
        return x + y.transpose(1, 2).view(n, width, h, w)


def residual(inputs, outputs):
    return Residual(inputs, outputs, 1, eps=EPS)


def middle_block(width):
    block = nn.Module()
    block.resnets = nn.ModuleList([residual(width, width), residual(width, width)])
    block.attentions = nn.ModuleList([PixelAttention(width)])
    return block


def through_middle(block, x):
    return block.resnets[1](block.attentions[0](block.resnets[0](x)))


class Half(nn.Module):
    """Encoder or decoder: their shared end."""

    def finish(self, x):
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class Encoder(Half):
    def __init__(self, levels, latents):
        super().__init__()
        self.conv_in = conv(3, levels[0])
        self.down_blocks = nn.ModuleList()
        for n, width in enumerate(levels):
            block = nn.Module()
            block.resnets = nn.ModuleList([residual(levels[max(n - 1, 0)], width)])
            if n < len(levels) - 1:
                block.downsamplers = nn.ModuleList([Downsample(width, pad_after=True)])
            self.down_blocks.append(block)
        self.mid_block = middle_block(levels[-1])
        self.conv_norm_out = GroupNorm(1, levels[-1], eps=EPS)
        self.conv_out = conv(levels[-1], 2 * latents)

    def forward(self, x):
        x = self.conv_in(x)
        for block in self.down_blocks:
            x = block.resnets[0](x)
            if hasattr(block, "downsamplers"):
                x = block.downsamplers[0](x)
        return self.finish(through_middle(self.mid_block, x))


class Decoder(Half):
    def __init__(self, levels, latents):
        super().__init__()
        self.conv_in = conv(latents, levels[-1])
        self.mid_block = middle_block(levels[-1])
        self.up_blocks = nn.ModuleList()
        for n in range(len(levels) - 1, -1, -1):
            block, above = nn.Module(), levels[min(n + 1, len(levels) - 1)]
            block.resnets = nn.ModuleList([residual(above, levels[n]), residual(levels[n], levels[n])])
            if n > 0:
                block.upsamplers = nn.ModuleList([Upsample(levels[n])])
            self.up_blocks.append(block)
        self.conv_norm_out = GroupNorm(1, levels[0], eps=EPS)
        self.conv_out = conv(levels[0], 3)

    def forward(self, x):
        x = through_middle(self.mid_block, self.conv_in(x))
        for block in self.up_blocks:
            for resnet in block.resnets:
                x = resnet(x)
            if hasattr(block, "upsamplers"):
                x = block.upsamplers[0](x)
        return self.finish(x)


class Autoencoder(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.levels, self.latents = sizes.vae, sizes.latent_channels
        self.encoder = Encoder(sizes.vae, sizes.latent_channels)
        self.decoder = Decoder(sizes.vae, sizes.latent_channels)
        self.quant_conv = conv(2 * self.latents, 2 * self.latents, 1)
        self.post_quant_conv = conv(self.latents, self.latents, 1)

    def encode(self, pixels):
        """[n, 3, h, w] -> mean and log variance, each [n, latents, h / 32, w / 32]."""
        return self.quant_conv(self.encoder(pixels)).chunk(2, 1)

    def decode(self, latents):
        return self.decoder(self.post_quant_conv(latents))

    def halves(self):
        """The modules that only decoding trains, and those that only encoding does."""
        return {
            "decoder": nn.ModuleList([self.post_quant_conv, self.decoder]),
            "encoder": nn.ModuleList([self.encoder, self.quant_conv]),
        }


def parameters(module):
    return sum(each.numel() for each in module.parameters())


def no_gradients(module):
    return module.requires_grad_(False).eval()
