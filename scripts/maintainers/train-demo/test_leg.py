"""A leg's time, what is begun again, batches on their way, and the two ways of drawing."""

import importlib.util
import random
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import torch

import data
import draw
import running
import train
from atlas import Atlas
from captions import Captions
from test_pack import small_pack

HERE = Path(__file__).parent


class Time(unittest.TestCase):
    def test_stages_share_what_is_left_of_the_leg_whatever_was_lost_before(self):
        clock = running.Clock(10, kept=20, started=time.time() - 80)
        left = 600 - 20 - 80
        self.assertAlmostEqual(train.budget_of("text", clock, 0, 0), left * train.SHARES["text"], delta=2)
        base, refiner = train.SHARES["base"], train.SHARES["refiner"]
        self.assertAlmostEqual(train.budget_of("base", clock, 0, 0), left * base / (base + refiner), delta=2)
        self.assertAlmostEqual(train.budget_of("refiner", clock, 0, 0), left, delta=2)

    def test_of_several_legs_the_earlier_ones_count(self):
        clock = running.Clock(5, kept=15)
        self.assertAlmostEqual(train.budget_of("refiner", clock, 1200, 300), 1200 - 300 - 15, delta=2)

    def test_a_cut_leg_is_over_at_once(self):
        clock = running.Clock(5)
        self.assertFalse(clock.is_over())
        clock.cut()
        self.assertTrue(clock.is_over())


class Supervised(unittest.TestCase):
    def test_what_breaks_is_begun_again_with_less_and_what_ends_well_is_not(self):
        with tempfile.TemporaryDirectory() as folder:
            # Stands for train.py: fails until compiling is left out, and notes what it was told.
            (Path(folder) / "supervise.py").write_text((HERE / "supervise.py").read_text())
            (Path(folder) / "train.py").write_text(
                "import sys; open('told', 'a').write(' '.join(sys.argv[1:]) + '\\n')\n"
                "sys.exit('--no-compile' not in sys.argv)"
            )
            command = [
                sys.executable,
                "supervise.py",
                "--resume",
                "state",
                "--minutes",
                "1",
                "--size",
                "tiny",
            ]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
            told = (Path(folder) / "told").read_text().splitlines()
            self.assertEqual((done.returncode, len(told)), (0, 2), done.stderr)
            self.assertTrue(all("--size tiny" in line and "--started" in line for line in told))


class Batch(unittest.TestCase):
    def test_a_batch_is_the_same_after_its_way_through_one_piece_of_memory(self):
        batch = data.Batches(small_pack(), "text", 5)[3]
        there = data.unpacked(*data.packed(batch), torch.device("cpu"))
        self.assertEqual(batch.keys(), there.keys())
        for name, value in batch.items():
            self.assertEqual(value.dtype, there[name].dtype)
            self.assertTrue(torch.equal(value, there[name]), name)


@unittest.skipUnless(importlib.util.find_spec("triton"), "needs triton")
class Painter(unittest.TestCase):
    def test_the_kernel_draws_what_draw_does(self):
        # Triton's interpreter runs kernels on the CPU; it has to be asked for before the import.
        code = "import os; os.environ['TRITON_INTERPRET'] = '1'; import test_leg; test_leg.compare()"
        done = subprocess.run([sys.executable, "-c", code], cwd=HERE, capture_output=True, text=True)
        if "only 0-dimensional arrays" in done.stderr:
            self.skipTest("this release of Triton interprets kernels with NumPy below 2.4 only")
        self.assertEqual(done.returncode, 0, done.stderr)


def compare():
    import painter

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
