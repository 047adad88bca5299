"""A leg that stops and goes on ends with the same bits as one that never stopped, in every stage.

python -m unittest test_resume        # PACK=FILE: another packed file than the test's own
"""

import argparse
import os
import tempfile
import unittest
from pathlib import Path

import torch

import train
from running import running
from scenes.pack import Pack
from scenes.testing.small_pack import small_pack
from stages.leg import Leg

STEPS = 6


def leg_of(folder, pack, stops):
    """Trains every stage of a tiny leg for STEPS steps, anew after each number of steps in `stops`."""
    torch.set_num_threads(1)
    options = argparse.Namespace(no_compile=True, workers=0, every=3, out=None)
    device = torch.device("cpu")
    leg = Leg(folder, pack, "tiny", device, finer=1)
    for make in train.stages():
        for stop in (*stops, STEPS):
            stage = train.begin(make, leg, 6)
            running.run(stage, StopAt(stage.state, stop), options, device, STEPS)
    return {file.stem: torch.load(file, weights_only=True) for file in Path(folder).glob("*.pt")}


class StopAt:
    """A leg's clock that is over at a step."""

    def __init__(self, state, step):
        self.state, self.step = state, step

    def is_over(self):
        return self.state.step >= self.step


def flat(value, path=""):
    if isinstance(value, dict):
        return {
            key: each for name, part in value.items() for key, each in flat(part, f"{path}/{name}").items()
        }
    if isinstance(value, list):
        return flat(dict(enumerate(value)), path)
    return {path: value}


class Resume(unittest.TestCase):
    def test_weights_averages_and_optimizers_are_the_same_to_the_bit(self):
        file = os.environ.get("PACK")
        pack = Pack(file) if file else small_pack()
        folders = [self.enterContext(tempfile.TemporaryDirectory()) for _ in range(2)]
        straight, resumed = leg_of(folders[0], pack, []), leg_of(folders[1], pack, [1, 4])
        self.assertEqual(set(straight), {"basis", "text", "vae", "base", "refiner"})
        for name, saved in straight.items():
            ours, theirs = flat(saved), flat(resumed[name])
            self.assertEqual(ours.keys(), theirs.keys())
            for path in ours.keys() - {"/spent"}:
                value = ours[path]
                same = torch.equal(value, theirs[path]) if torch.is_tensor(value) else value == theirs[path]
                self.assertTrue(same, f"{name}{path}")


if __name__ == "__main__":
    unittest.main()
