"""Residual blocks and changes of size, by the names of diffusers' ResnetBlock2D, Downsample2D, Upsample2D."""

import torch
import torch.nn.functional as F
from torch import nn


def conv(inputs, outputs, side=3, stride=1, padding=None):
    return nn.Conv2d(inputs, outputs, side, stride, side // 2 if padding is None else padding)


class GroupNorm(nn.GroupNorm):
    """In the precision of its input on a GPU: autocast would have it write float32, twice the memory for what
    the next convolution rounds anyway. Sums are float32 in either case.
    """

    def forward(self, x):
        if not x.is_cuda or x.dtype == torch.float32 or torch.compiler.is_compiling():
            return super().forward(x)
        with torch.autocast("cuda", enabled=False):
            weight, bias = self.weight.to(x.dtype), self.bias.to(x.dtype)
            return F.group_norm(x, self.num_groups, weight, bias, self.eps)


class Residual(nn.Module):
    def __init__(self, inputs, outputs, groups, embedding=None, eps=1e-5):
        super().__init__()
        self.norm1, self.conv1 = GroupNorm(groups, inputs, eps=eps), conv(inputs, outputs)
        if embedding is not None:
            self.time_emb_proj = nn.Linear(embedding, outputs)
        self.norm2, self.conv2 = GroupNorm(groups, outputs, eps=eps), conv(outputs, outputs)
        self.conv_shortcut = None if inputs == outputs else conv(inputs, outputs, 1)

    def forward(self, x, embedding=None):
        y = self.conv1(F.silu(self.norm1(x)))
        if embedding is not None:
            y = y + self.time_emb_proj(embedding)[:, :, None, None]
        y = self.conv2(F.silu(self.norm2(y)))
        return y + (x if self.conv_shortcut is None else self.conv_shortcut(x))


class Downsample(nn.Module):
    """`pad_after`: the VAE's encoder pads on the right and below only."""

    def __init__(self, width, pad_after=False):
        super().__init__()
        self.pad_after = pad_after
        self.conv = conv(width, width, stride=2, padding=0 if pad_after else 1)

    def forward(self, x):
        return self.conv(F.pad(x, (0, 1, 0, 1)) if self.pad_after else x)


class Upsample(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = conv(width, width)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
