"""Runs a leg of train.py to its end: begins it again where it broke or stood still, each time with less that
can break, and says at the end whether all went well. Needs nothing but Python.

    python supervise.py --pack sprites.pack --resume DIR --minutes 8 [what else train.py takes]
"""

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

# Seconds without a sign of life after which a training stands still, and until its first; twice as many after
# each try that stood still, for it may have been the machine that was slow.
STILL, STILL_AT_FIRST = 110, 150
# Seconds to save what there is when the leg is over or cut, before the end is made. One that is over may draw
# its sheets for longer, as long as it shows signs of life.
GRACE = 120
# With less than this left nothing is begun again.
WORTH = 15
# What each new try leaves out.
TRIES = ([], ["--no-compile"], ["--careful"], ["--careful", "--workers", "0", "--batch", "256"])


class Watch:
    def __init__(self, folder, end):
        self.file, self.end, self.process, self.is_cut = Path(folder) / "beat", end, None, False
        self.patience = 1

    def begin(self, command):
        self.file.unlink(missing_ok=True)
        self.begun = time.time()
        self.process = subprocess.Popen(command, start_new_session=True)

    def cut(self, *_):
        """SIGTERM: the training saves what there is, and nothing is begun again."""
        self.is_cut, self.end = True, min(self.end, time.time())
        if self.process is not None:
            self.process.terminate()

    def is_still(self):
        if not self.file.exists():
            return time.time() - self.begun > STILL_AT_FIRST * self.patience
        return time.time() - self.file.stat().st_mtime > STILL * self.patience

    def finish(self):
        """The training's exit code; None where it had to be ended."""
        while self.process.poll() is None:
            late = time.time() - self.end
            if (late > GRACE and self.is_cut) or (not 0 <= late <= GRACE and self.is_still()):
                self.end_all()
                self.patience *= 2
                return None
            time.sleep(0.5)
        self.end_all()
        return self.process.returncode

    def end_all(self):
        """The training and whatever it has started, which form a session of their own."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("--resume", required=True)
    parse.add_argument("--minutes", type=float, default=8)
    options, others = parse.parse_known_args()
    started = time.time()
    Path(options.resume).mkdir(parents=True, exist_ok=True)
    watch = Watch(options.resume, started + options.minutes * 60)
    signal.signal(signal.SIGTERM, watch.cut)
    own = ["--resume", options.resume, "--minutes", str(options.minutes), "--started", str(started)]
    command = [sys.executable, "-u", str(Path(__file__).with_name("train.py")), *own, *others]
    codes = []
    while not watch.is_cut and (not codes or watch.end - time.time() > WORTH):
        # What a later try leaves out comes last: there it is what counts.
        watch.begin([*command, *TRIES[min(len(codes), len(TRIES) - 1)]])
        codes.append(watch.finish())
        print(f"try {len(codes)}: {'stood still' if codes[-1] is None else codes[-1]}", flush=True)
        if codes[-1] == 0:
            break
        time.sleep(1)
    sys.exit(0 if codes[-1:] == [0] else 1)


if __name__ == "__main__":
    main()
