"""Batches by their number: batch n of a stage holds the same scenes wherever and whenever it is made, so that
the step is the place in the data. The device draws them.
"""

import math
import os
import random
import signal

import torch
from torch.utils.data import DataLoader, Dataset

from drawing import draw
from scenes import scenes
from scenes.captions import Captions
from scenes.vocabulary import Vocabulary

# At most so many things are told to the heads that teach the text encoders.
TOLD = 4
GROUNDS = [*scenes.COLOURS, *scenes.SETTINGS]
COLOURS = list(scenes.COLOURS)
# Of all scenes, those that never train anything but are judged have numbers of their own.
TRAINED = "scenes"


def scene_targets(scene, kinds):
    """Ground, style; [TOLD, 3] kind, colour and count (-1: not there); [TOLD, 3] x, y, radius about zero: as
    lists.

    A kind of `kinds` is none.
    """
    ground = GROUNDS.index(scene.setting or scene.ground)
    classes, numbers = [[kinds, -1, -1]] * TOLD, [[0.0, 0.0, 0.0]] * TOLD
    for index, thing in enumerate(scene.things[:TOLD]):
        colour = len(COLOURS) if thing.colour is None else COLOURS.index(thing.colour)
        classes[index] = [thing.kind, colour, len(thing.places) - 1]
        x, y, radius = (sum(values) / len(values) for values in zip(*thing.places))
        numbers[index] = [(x - 0.5) * 4, (y - 0.5) * 4, (radius - 0.16) * 12]
    return [ground, scenes.STYLES.index(scene.style)], classes, numbers


class Batches(Dataset):
    """`make(random, told, encoded, batch)` of a stage adds what it needs beside captions and scenes.

    `drawn`: whether the scenes are described for draw.py.
    """

    def __init__(self, pack, stage, size, make=None, styles=True, drawn=True):
        self.captions, self.vocabulary = Captions(pack), Vocabulary(pack.tokens)
        self.stage, self.size, self.make, self.styles, self.drawn = stage, size, make, styles, drawn

    def __len__(self):
        return 2**62

    def __getitem__(self, number):
        source = random.Random(f"{TRAINED} {self.stage} {number}")
        told = [self.captions.random_scene(source, styles=self.styles) for _ in range(self.size)]
        encoded = [self.vocabulary.encode(caption) for caption, _ in told]
        batch = draw.describe([scene for _, scene in told]) if self.drawn else {}
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


# Where a tensor begins in the bytes of a batch.
ALIGNED = 16


def packed(batch):
    """A batch of tensors as one piece of memory, and the name, dtype, shape and place of each: it travels
    from a worker through a pipe, for shared memory is scarce in containers, and to the device in one copy.
    """
    places, parts, at = [], [], 0
    for name, value in batch.items():
        value = value.contiguous()
        places.append((name, value.dtype, tuple(value.shape), at))
        size = value.numel() * value.element_size()
        parts += [value.numpy().tobytes(), b"\0" * (-size % ALIGNED)]
        at += size + -size % ALIGNED
    return b"".join(parts), places


def unpacked(memory, places, device):
    """The batch on the device; `runs`, how many instances lie in each run of a layer, steers the drawing and
    stays on the CPU.
    """
    here = torch.frombuffer(bytearray(memory), dtype=torch.uint8)
    there = here.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else here
    batch = {}
    for name, dtype, shape, at in places:
        source = here if name.endswith("runs") else there
        size = dtype.itemsize * math.prod(shape)
        batch[name] = source[at : at + size].view(dtype).view(shape)
    return batch


class Packed(Dataset):
    def __init__(self, batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, number):
        return packed(self.batches[number])


def as_it_is(made):
    return made


def step_back(worker):
    """Workers leave the processor to the process that feeds the device."""
    os.nice(5)
    # A worker's own signals are the leg's: it ends with the process that reads from it.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def loader(batches, first, workers, device):
    """Endless batches from number `first` on, made ahead by `workers` processes, on the device."""
    made = DataLoader(
        Packed(batches),
        batch_size=None,
        sampler=Numbers(first),
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        collate_fn=as_it_is,
        worker_init_fn=step_back,
    )
    for memory, places in made:
        yield unpacked(memory, places, device)
