"""SDXL's UNet in PyTorch alone, by the names of diffusers' UNet2DConditionModel: residual blocks, attention
to the text on the innermost levels, micro-conditioning by text_time. One block a level, two on the way up.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from networks.residual import Downsample, GroupNorm, Residual, Upsample, conv
from networks.sizes import HEAD
from networks.transformer import Transformer


def sinusoids(values, width):
    """[n] -> [n, width]: cosines, then sines (flip_sin_to_cos, freq_shift 0)."""
    half = width // 2
    rates = torch.exp(-math.log(10000) * torch.arange(half, device=values.device) / half)
    angles = values.float()[:, None] * rates
    return torch.cat([angles.cos(), angles.sin()], 1)


class Embedding(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        self.linear_1, self.linear_2 = nn.Linear(inputs, width), nn.Linear(width, width)

    def forward(self, x):
        return self.linear_2(F.silu(self.linear_1(x)))


class Block(nn.Module):
    """Residual blocks, each with attention where `text` is its width; then what changes the size."""

    def __init__(self, pairs, groups, embedding, text=None, down=None, up=None):
        super().__init__()
        self.resnets = nn.ModuleList([Residual(i, o, groups, embedding) for i, o in pairs])
        if text is not None:
            self.attentions = nn.ModuleList(
                [Transformer(o, max(1, o // HEAD), text, groups) for _, o in pairs]
            )
        if down is not None:
            self.downsamplers = nn.ModuleList([Downsample(down)])
        if up is not None:
            self.upsamplers = nn.ModuleList([Upsample(up)])

    def attended(self, index, x, hidden):
        attentions = getattr(self, "attentions", None)
        return x if attentions is None else attentions[index](x, hidden)


class UNet(nn.Module):
    def __init__(self, levels, text_width, pooled, time_ids, latents, groups, attended, time_id_width):
        super().__init__()
        self.levels, self.text_width, self.time_ids, self.attended = levels, text_width, time_ids, attended
        self.latents, self.groups, self.pooled, self.time_id_width = latents, groups, pooled, time_id_width
        wide, last = 4 * levels[0], len(levels) - 1
        self.time_embedding = Embedding(levels[0], wide)
        self.add_embedding = Embedding(time_ids * time_id_width + pooled, wide)
        self.conv_in = conv(latents, levels[0])
        text = [text_width if index > last - attended else None for index in range(len(levels))]
        before = [levels[0], *levels]
        self.down_blocks = nn.ModuleList(
            [
                Block([(before[n], o)], groups, wide, text[n], down=o if n < last else None)
                for n, o in enumerate(levels)
            ]
        )
        self.mid_block = Block([(levels[-1], levels[-1])] * 2, groups, wide)
        self.mid_block.attentions = nn.ModuleList(
            [Transformer(levels[-1], max(1, levels[-1] // HEAD), text_width, groups)]
        )
        ups = []
        for n in range(last, -1, -1):
            above, skips = levels[min(n + 1, last)], (levels[n], before[n])
            pairs = [(above + skips[0], levels[n]), (levels[n] + skips[1], levels[n])]
            ups.append(Block(pairs, groups, wide, text[n], up=levels[n] if n > 0 else None))
        self.up_blocks = nn.ModuleList(ups)
        self.conv_norm_out = GroupNorm(groups, levels[0], eps=1e-5)
        self.conv_out = conv(levels[0], latents)

    def forward(self, noisy, timesteps, hidden, pooled, time_ids):
        """[n, latents, h, w], [n], [n, 77, text width], [n, pooled], [n, time ids] -> the noise, as noisy."""
        ids = sinusoids(time_ids.flatten(), self.time_id_width).view(len(noisy), -1)
        embedding = self.time_embedding(sinusoids(timesteps, self.levels[0]))
        embedding = F.silu(embedding + self.add_embedding(torch.cat([pooled, ids], 1)))
        x = self.conv_in(noisy)
        skips = [x]
        for block in self.down_blocks:
            x = block.attended(0, block.resnets[0](x, embedding), hidden)
            skips.append(x)
            if hasattr(block, "downsamplers"):
                x = block.downsamplers[0](x)
                skips.append(x)
        middle = self.mid_block
        x = middle.resnets[0](x, embedding)
        x = middle.resnets[1](middle.attentions[0](x, hidden), embedding)
        for block in self.up_blocks:
            for index, resnet in enumerate(block.resnets):
                x = block.attended(index, resnet(torch.cat([x, skips.pop()], 1), embedding), hidden)
            if hasattr(block, "upsamplers"):
                x = block.upsamplers[0](x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


def base_unet(sizes):
    return UNet(
        sizes.unet,
        sizes.text_width,
        sizes.pooled,
        6,
        sizes.latent_channels,
        sizes.norm_groups,
        sizes.attended,
        sizes.time_id_width,
    )


def refiner_unet(sizes):
    return UNet(
        sizes.refiner,
        sizes.text_widths[1],
        sizes.pooled,
        5,
        sizes.latent_channels,
        sizes.norm_groups,
        1,
        sizes.time_id_width,
    )
