"""Names the things in pictures: a small network trained on the same drawings.

    python -m judge.judging train --pack FILE --folder JUDGE --minutes 10
    python -m judge.judging drawn --pack FILE --folder JUDGE      # on drawn scenes: how far it can be trusted
    python -m judge.judging prompts --pack FILE > prompts.json    # held-out compositions
    python -m judge.judging made --pack FILE --folder JUDGE --pictures DIR

It looks at a picture of 128x128 and says for each cell of 32x32 whether a thing's middle lies there, and
which, how large and of which colour (a detector by middles: Zhou et al. 2019, arXiv:1904.07850).
"""

import torch
import torch.nn.functional as F
from torch import nn

from drawing import draw
from judge.verdicts import Found
from scenes import scenes
from scenes.scenes import SHAPES
from stages.data import COLOURS, Batches
from stages.stage import Stage, adamw

CELLS = 32
PIXELS = 128
WIDTHS = (24, 48, 80, 128)
# A middle is one that is likelier than this, and than its neighbours.
LIKELY = 0.5


def block(inputs, outputs, stride):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class Detector(nn.Module):
    """[n, 3, 128, 128] -> [n, 1 + kinds + colours + 3, 32, 32]: logits of a middle, of kinds, of colours (the
    last: its own); where in its cell the middle is, and the logarithm of the radius.
    """

    def __init__(self, kinds):
        super().__init__()
        a, b, c, d = WIDTHS
        self.near = nn.Sequential(block(3, a, 2), block(a, b, 2), block(b, b, 1))
        self.far = nn.Sequential(
            block(b, c, 2), block(c, c, 1), block(c, d, 2), block(d, d, 1), block(d, d, 1)
        )
        self.across, self.up, self.middle = nn.Conv2d(d, c, 1), nn.Conv2d(b, c, 1), block(c, c, 1)
        self.splits = [1, kinds, len(COLOURS) + 1, 3]
        self.read = nn.Conv2d(c, sum(self.splits), 1)

    def forward(self, images):
        near = self.near(images)
        far = F.interpolate(self.across(self.far(near)), scale_factor=4.0, mode="bilinear")
        return self.read(self.middle(F.relu(self.up(near) + far)))


def wanted(batch, palette):
    """Cells of all instances: scene, row, column; kind; colour; offsets and log radius [instances, 3]."""
    x, y, radius = batch["place"].unbind(1)
    columns, rows = ((each * CELLS).long().clamp(0, CELLS - 1) for each in (x, y))
    colour = (batch["tint"][:, None] - palette).abs().sum(2)
    colour = torch.where(batch["tinted"] > 0, colour.argmin(1), len(COLOURS))
    place = torch.stack([x * CELLS - columns, y * CELLS - rows, (radius / 0.16).log()], 1)
    return batch["scene"], rows, columns, batch["kind"], colour, place


class JudgeStage(Stage):
    name = "judge"
    tries_kernels = True
    rate = 2e-3
    falls_from = 0.4

    def __init__(self, leg, batch):
        self.trained = Detector(len(SHAPES) + len(leg.pack.things)).to(leg.device)
        self.steppers = {"adamw": adamw(self.trained.parameters(), self.rate)}
        self.palette = draw.rgb(list(scenes.COLOURS.values())).to(leg.device)
        self.batches = Batches(leg.pack, self.name, batch)
        self.begin(leg)

    def loss(self, batch, progress):
        images = draw.draw(self.leg.atlas, batch, PIXELS, finer=1)
        # Pictures that are made are never as clean as drawings.
        count = len(images)
        spread = torch.rand(count, 1, 1, 1, device=images.device) * 0.12
        soft = F.avg_pool2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), 3, 1)
        blend = torch.rand(count, 1, 1, 1, device=images.device)
        images = images + blend * (soft - images) + spread * torch.randn_like(images)
        middle, kinds, colours, places = self.trained(images).split(self.trained.splits, 1)
        scene, row, column, kind, colour, place = wanted(batch, self.palette)
        there = torch.zeros_like(middle)
        there[scene, 0, row, column] = torch.ones_like(place[:, 0])
        near = F.max_pool2d(there, 3, 1, 1) * (1 - there)
        weights = 1 + 40 * there - near
        middle_loss = (
            F.binary_cross_entropy_with_logits(middle, there, reduction="none") * weights
        ).mean() * 20
        at = scene, slice(None), row, column
        kind_loss = F.cross_entropy(kinds[at], kind)
        colour_loss = F.cross_entropy(colours[at], colour)
        place_loss = (places[at] - place).abs().mean()
        right = (kinds[at].argmax(1) == kind).float().mean()
        shown = {"middles": middle_loss.detach(), "kinds": kind_loss.detach(), "right": right}
        return middle_loss + kind_loss + colour_loss + place_loss, shown


@torch.no_grad()
def find(detector, images):
    """The things in each of [n, 3, 128, 128], -1 ... 1, as lists of verdicts.Found."""
    middle, kinds, colours, places = detector(images).split(detector.splits, 1)
    likely = middle.sigmoid()
    peaks = (likely == F.max_pool2d(likely, 3, 1, 1)) & (likely > LIKELY)
    found = [[] for _ in images]
    for n, _, row, column in peaks.nonzero().tolist():
        dx, dy, scale = places[n, :, row, column].tolist()
        x, y, radius = (column + dx) / CELLS, (row + dy) / CELLS, 0.16 * 2.718281828**scale
        # Asked for a colour, whether it is the drawing's own does not matter.
        name = COLOURS[colours[n, : len(COLOURS), row, column].argmax().item()]
        found[n].append(
            Found(
                kinds[n, :, row, column].argmax().item(), name, x, y, radius, likely[n, 0, row, column].item()
            )
        )
    return [without_doubles(each) for each in found]


def without_doubles(found):
    """Of two middles of one kind within half a radius, the likelier."""
    kept = []
    for one in sorted(found, key=lambda each: -each.likely):
        if all(
            max(abs(one.x - other.x), abs(one.y - other.y)) > 0.5 * max(one.radius, other.radius)
            for other in kept
        ):
            kept.append(one)
    return kept
