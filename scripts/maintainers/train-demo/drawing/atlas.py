"""Shapes and drawings as one texture each, with all its sizes, on the device that draws.

A texture holds a sprite of `side` pixels and beside it, one below the other, the same at a half, a quarter
and an eighth, as Williams (1983) lays them out: whichever size fits a place in the picture is read by one
grid_sample, for every place at once.
"""

import torch
import torch.nn.functional as F

from drawing import outlines
from scenes.scenes import SHAPES

LEVELS = 4
# Red, green, blue times alpha; alpha; the leading colour's share times alpha; alpha of an outline around it.
CHANNELS = 6
# Width of the outline as a share of the sprite's side.
OUTLINE = 0.028
FLOAT_SIDE = 128


def _halved(image, times):
    return F.avg_pool2d(image, 2**times) if times else image


class Atlas:
    def __init__(self, pack, side, device="cpu"):
        """`side`: of the largest sprites, a divisor of the pack's side."""
        self.side, self.reach, self.device = side, pack.reach, device
        shrink = pack.side // side
        textures = [self._texture(self._shape(shape, pack)) for shape in SHAPES]
        for index in range(len(pack.things)):
            planes = pack.sprite(index).to(device).float()[None] / 255
            textures.append(self._texture(F.avg_pool2d(planes, shrink) if shrink > 1 else planes))
        # Small ones as floats, for speed; large ones would not fit.
        self.textures = torch.stack(textures)
        if side <= FLOAT_SIDE:
            self.textures = self.textures.float() / 255
        white = torch.ones(len(SHAPES), 3)
        self.leading = torch.cat([white, pack.leading_colours()]).to(device)
        self.brightness = torch.tensor([0.299, 0.587, 0.114], device=device)
        # Draws in place of draw.draw where a device has a faster way (painter.py).
        self.painter = None

    def _shape(self, shape, pack):
        """White, and all of it of the leading colour."""
        return outlines.coverage(shape, self.side, pack.reach).to(self.device).expand(1, 5, -1, -1)

    def _texture(self, planes):
        """uint8 [CHANNELS, side, 1.5 side] of float [1, 5, side, side]."""
        reach = 2 * round(OUTLINE * self.side) + 1
        around = F.max_pool2d(planes[:, 3:4], reach, 1, reach // 2)
        whole = torch.cat([planes, around], 1)
        texture = torch.zeros(CHANNELS, self.side, self.side + self.side // 2, device=self.device)
        texture[:, :, : self.side] = whole[0]
        top = 0
        for level in range(1, LEVELS):
            small = _halved(whole, level)[0]
            width = small.shape[-1]
            texture[:, top : top + width, self.side : self.side + width] = small
            top += width
        return (texture * 255).round().to(torch.uint8)

    def corners(self, level):
        """Left, top and side in pixels of the sprite of each level; `level`: int64 of any shape."""
        size = self.side >> level
        left = torch.where(level == 0, 0, self.side)
        # Halves before this one: side/2 + side/4 + ... = side - 2 * size.
        top = torch.where(level == 0, 0, self.side - 2 * size)
        return left, top, size

    def read(self, kinds, level, u, v):
        """[n, CHANNELS, h, w], 0 ... 1, at places u [n, 1, w] and v [n, h, 1], -1 ... 1 over the sprite.

        `kinds`, `level`: int64 [n]. Outside the sprite there is nothing.
        """
        left, top, size = (each.view(-1, 1, 1).float() for each in self.corners(level))
        # Half a pixel within the sprite, so that its neighbours do not bleed in.
        x = (left + ((u + 1) / 2 * size).clamp(min=0.5).minimum(size - 0.5)) / (1.5 * self.side) * 2 - 1
        y = (top + ((v + 1) / 2 * size).clamp(min=0.5).minimum(size - 0.5)) / self.side * 2 - 1
        grid = torch.stack(torch.broadcast_tensors(x, y), -1)
        textures = self.textures[kinds]
        if textures.dtype == torch.uint8:
            textures = textures.float() / 255
        return F.grid_sample(textures, grid, mode="bilinear", align_corners=False)
