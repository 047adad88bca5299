"""Teaches the text encoders what captions mean, before and apart from pictures: minutes instead of hours.

From the pooled embedding, and from every hidden state before the last layer from the end token on, linear
heads (thrown away afterwards) must read the whole scene: ground, style, and each thing's kind, colour,
number, place and extent; from the state of a thing's own name, that thing. What a linear map can read, the
UNet's cross-attention learns quickly.
"""

import torch
import torch.nn.functional as F
from torch import nn

from networks.text_encoder import text_encoders
from scenes import scenes
from scenes.vocabulary import END
from stages.data import COLOURS, GROUNDS, TOLD, Batches, scene_targets
from stages.stage import Stage, adamw

COUNTS = 4


class Heads(nn.Module):
    def __init__(self, width, kinds, things):
        super().__init__()
        self.splits = [kinds + 1, len(COLOURS) + 1, COUNTS, 3]
        self.things = things
        extra = len(GROUNDS) + len(scenes.STYLES) if things > 1 else 0
        self.read = nn.Linear(width, extra + things * sum(self.splits))

    def forward(self, state, classes, numbers, ground=None):
        """Loss of [n, width] against [n, things, 3], [n, things, 3] and, of a whole scene, [n, 2]."""
        logits, loss = self.read(state), 0
        if ground is not None:
            told, style, logits = logits.split(
                [len(GROUNDS), len(scenes.STYLES), self.things * sum(self.splits)], -1
            )
            loss = F.cross_entropy(told, ground[:, 0]) + 0.5 * F.cross_entropy(style, ground[:, 1])
        parts = logits.unflatten(-1, (self.things, -1)).flatten(0, 1).split(self.splits, -1)
        kind, colour, count = classes.flatten(0, 1).unbind(-1)
        there = (count >= 0).float()
        each = F.cross_entropy(parts[0], kind, reduction="none")
        for logits, wanted in zip(parts[1:3], (colour, count)):
            each = each + F.cross_entropy(logits, wanted, ignore_index=-1, reduction="none")
        place = (parts[3] - numbers.flatten(0, 1)).square().mean(-1)
        return loss + (each + place * there).mean() * (2 if self.things > 1 else 1)


def targets(kinds):
    def make(source, told, encoded, batch):
        ground, classes, numbers = zip(*(scene_targets(scene, kinds) for _, scene in told))
        batch["ground_class"], batch["classes"], batch["numbers"] = map(
            torch.tensor, (ground, classes, numbers)
        )
        ends = [
            (row, end, n) for row, (_, _, ends) in enumerate(encoded) for n, end in enumerate(ends[:TOLD])
        ]
        batch["names"] = torch.tensor(ends)

    return make


class TextStage(Stage):
    name = "text"
    rate = 2e-3
    # Captions cost a GPU nearly nothing beside the launching of a step.
    batch_share = 4.0

    def __init__(self, leg, batch):
        kinds = len(scenes.SHAPES) + len(leg.pack.things)
        encoders = text_encoders(leg.sizes, leg.vocabulary.size)
        widths = leg.sizes.text_widths
        heads = {f"scene{n}": Heads(width, kinds, TOLD) for n, width in enumerate(widths)}
        heads |= {f"thing{n}": Heads(width, kinds, 1) for n, width in enumerate(widths)}
        heads["pooled"] = Heads(leg.sizes.pooled, kinds, TOLD)
        self.trained = nn.ModuleDict({"encoders": encoders, "heads": nn.ModuleDict(heads)}).to(leg.device)
        self.steppers = {"adamw": adamw(self.trained.parameters(), self.rate)}
        self.batches = Batches(leg.pack, self.name, batch, targets(kinds), drawn=False)
        self.begin(leg)

    def loss(self, batch, progress):
        rows, heads, losses = batch["rows"], self.trained["heads"], {}
        count = torch.arange(len(rows), device=rows.device)
        last = rows.shape[2] - 1
        end = (rows[:, 0] == END).int().argmax(1)
        later = (end + torch.randint(1, 50, end.shape, device=end.device)).clamp(max=last)
        scene = batch["classes"], batch["numbers"], batch["ground_class"]
        row, place, number = batch["names"].unbind(1)
        own = [each[row, number][:, None] for each in scene[:2]]
        for n, encoder in enumerate(self.trained["encoders"]):
            hidden, pooled = encoder(rows[:, n])
            losses[f"scene{n}"] = (
                sum(heads[f"scene{n}"](hidden[count, at], *scene) for at in (end, later)) / 2
            )
            losses[f"thing{n}"] = heads[f"thing{n}"](hidden[row, place], *own)
        losses["pooled"] = heads["pooled"](pooled, *scene)
        return sum(losses.values()) / len(losses), {name: loss.detach() for name, loss in losses.items()}

    def after_step(self):
        for encoder in self.trained["encoders"]:
            encoder.silence_unknown()


def taught_encoders(saved):
    """The encoders' weights out of this stage's state."""
    return {
        name.removeprefix("encoders."): value for name, value in saved.items() if name.startswith("encoders.")
    }
