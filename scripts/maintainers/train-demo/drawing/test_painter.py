"""The two ways of drawing."""

import importlib.util
import os
import random
import subprocess
import sys
import unittest
from pathlib import Path

import torch

from drawing import draw
from drawing.atlas import Atlas
from scenes.captions import Captions
from scenes.testing.small_pack import small_pack

ROOT = Path(__file__).parents[1]
# What interpreters of Triton's releases cannot do, though its compilers can.
INTERPRETERS = {
    "only 0-dimensional arrays": "this release of Triton interprets kernels with NumPy below 2.4 only",
    "mask has unsupported dtype": "this release of Triton (3.9) interprets `&` of truths as an integer",
}


@unittest.skipUnless(importlib.util.find_spec("triton"), "needs triton")
class Painter(unittest.TestCase):
    def test_the_kernel_draws_what_draw_does(self):
        # Triton's interpreter runs kernels on the CPU; it has to be asked for before the import.
        code = "from drawing.test_painter import compare; compare()"
        environment = os.environ | {"TRITON_INTERPRET": "1"}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
        )
        for fault, reason in INTERPRETERS.items():
            if fault in done.stderr:
                self.skipTest(reason)
        self.assertEqual(done.returncode, 0, done.stderr)


def compare():
    from drawing import painter

    torch.set_num_threads(1)
    pack, source = small_pack(), random.Random(5)
    captions = Captions(pack)
    told = [captions.random_scene(source)[1] for _ in range(3)]
    batch, atlas = draw.describe(told), Atlas(pack, 96)
    windows = torch.tensor([[0.3, 0.4, 0.25]] * len(told))
    for pixels, finer, window in ((64, 2, None), (64, 1, windows)):
        drawn = draw.draw(atlas, batch, pixels, window, None, finer)
        painted = painter.paint(atlas, batch, pixels, window, None, finer)
        differ = ((drawn - painted).abs().amax(1) > painter.TOLERANCE).float().mean().item()
        assert differ <= painter.SHARE, (pixels, finer, differ)


if __name__ == "__main__":
    unittest.main()
