"""A leg's time, and what is begun again."""

import contextlib
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

import supervise
import train
from running import running

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

    def test_when_time_is_up_signs_of_life_keep_what_draws_its_sheets_but_not_what_was_cut(self):
        beating = "import pathlib, time\nfor n in range(20): pathlib.Path('beat').touch(); time.sleep(0.1)"
        silent = "import time; time.sleep(60)"
        with (
            tempfile.TemporaryDirectory() as folder,
            contextlib.chdir(folder),
            mock.patch.multiple(supervise, GRACE=0.5, STILL=1, STILL_AT_FIRST=1),
        ):
            for code, is_cut, ended in ((beating, False, 0), (silent, False, None), (beating, True, None)):
                watch = supervise.Watch(folder, time.time())
                watch.begin([sys.executable, "-c", code])
                watch.is_cut = is_cut
                self.assertEqual(watch.finish(), ended, (code, is_cut))

    def test_after_a_try_that_stood_still_the_next_one_is_given_twice_the_time(self):
        slow = "import time; time.sleep(5)"
        with (
            tempfile.TemporaryDirectory() as folder,
            mock.patch.multiple(supervise, STILL=4, STILL_AT_FIRST=4),
        ):
            watch, ended = supervise.Watch(folder, time.time() + 60), []
            for _ in range(2):
                watch.begin([sys.executable, "-c", slow])
                ended.append(watch.finish())
            self.assertEqual(ended, [None, 0])


if __name__ == "__main__":
    unittest.main()
