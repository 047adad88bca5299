"""Batches by their number: batch n of a stage holds the same scenes wherever and whenever it is made, so that
the step is the place in the data. The device draws them.
"""

import random

import torch
from torch.utils.data import DataLoader, Dataset

import draw
import scenes
from captions import Captions
from vocabulary import Vocabulary

# At most so many things are told to the heads that teach the text encoders.
TOLD = 4
GROUNDS = [*scenes.COLOURS, *scenes.SETTINGS]
COLOURS = list(scenes.COLOURS)
# Of all scenes, those that never train anything but are judged have numbers of their own.
TRAINED = "scenes"


def scene_targets(scene, kinds):
    """Ground, style; [TOLD, 3] kind, colour and count (-1: not there); [TOLD, 3] x, y, radius about zero.

    A kind of `kinds` is none.
    """
    ground = GROUNDS.index(scene.setting or scene.ground)
    classes = torch.full((TOLD, 3), -1)
    classes[:, 0] = kinds
    numbers = torch.zeros(TOLD, 3)
    for index, thing in enumerate(scene.things[:TOLD]):
        colour = len(COLOURS) if thing.colour is None else COLOURS.index(thing.colour)
        classes[index] = torch.tensor([thing.kind, colour, len(thing.places) - 1])
        x, y, radius = (sum(values) / len(values) for values in zip(*thing.places))
        numbers[index] = torch.tensor([(x - 0.5) * 4, (y - 0.5) * 4, (radius - 0.16) * 12])
    return torch.tensor([ground, scenes.STYLES.index(scene.style)]), classes, numbers


class Batches(Dataset):
    """`make(random, told, batch)` of a stage adds what it needs beside captions and scenes."""

    def __init__(self, pack, stage, size, make=None, styles=True):
        self.captions, self.vocabulary = Captions(pack), Vocabulary(pack.tokens)
        self.stage, self.size, self.make, self.styles = stage, size, make, styles

    def __len__(self):
        return 2**62

    def __getitem__(self, number):
        source = random.Random(f"{TRAINED} {self.stage} {number}")
        told = [self.captions.random_scene(source, styles=self.styles) for _ in range(self.size)]
        encoded = [self.vocabulary.encode(caption) for caption, _ in told]
        batch = draw.describe([scene for _, scene in told])
        batch["rows"] = torch.tensor([[first, second] for first, second, _ in encoded])
        if self.make is not None:
            self.make(source, told, encoded, batch)
        return batch


class Numbers:
    """A sampler of the batches from one number on."""

    def __init__(self, first):
        self.first = first

    def __iter__(self):
        number = self.first
        while True:
            yield number
            number += 1


def loader(batches, first, workers, device):
    """Endless batches from number `first` on, made ahead by `workers` processes, on the device."""
    made = DataLoader(
        batches,
        batch_size=None,
        sampler=Numbers(first),
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        pin_memory=device.type == "cuda",
    )
    for batch in made:
        yield {
            # How many instances lie in each run steers the drawing, on the CPU.
            name: value if name == "runs" else value.to(device, non_blocking=True)
            for name, value in batch.items()
        }
