"""A stage's steps within a leg's time."""

import os
import time
from pathlib import Path

import torch

from running import parcels
from running.compiling import is_compiled_ahead, use_compiled
from stages.data import loader

# Steps between two looks at whether a compiled network has become ready.
LOOKS = 25
# Seconds between two signs of life.
BEATS = 2
# Seconds between two publications of what was trained so far.
PUBLISHED_EVERY = 60


class Clock:
    """The leg's own time, from `started` (seconds of the epoch) on: `kept` seconds at its end are for the
    sheet.
    """

    def __init__(self, minutes, kept=0.0, started=None):
        self.started, self.seconds = started or time.time(), minutes * 60
        self.kept, self.is_cut = kept, False

    def cut(self, *_):
        """Ends the leg now, what was made being saved: what SIGTERM asks for."""
        self.is_cut = True

    def left(self):
        """Seconds for training."""
        return 0.0 if self.is_cut else self.started + self.seconds - self.kept - time.time()

    def is_over(self):
        """No more training."""
        return self.left() <= 0

    def is_past(self):
        """The leg's whole time is up."""
        return time.time() > self.started + self.seconds


class Beat:
    """Touches a file every now and then, so that whoever watches sees that steps are made."""

    def __init__(self, folder):
        self.file, self.at = Path(folder) / "beat", 0.0

    def touch(self):
        if time.time() - self.at > BEATS:
            self.at = time.time()
            self.file.touch()


def run(stage, clock, options, device, planned=None, budget=None):
    """Trains a stage until its plan, `planned` steps or `budget` seconds, or the leg is at an end."""
    state = stage.state
    if planned is not None:
        state.planned = planned
    elif state.planned is None and state.budget is None:
        state.budget = budget
    if state.is_finished():
        return
    torch.backends.cudnn.benchmark = stage.tries_kernels
    # The time before counts as if this leg had spent it.
    begun = time.time() - state.spent
    beat, published = Beat(stage.leg.folder), time.time()
    marked, marked_step = time.time(), state.step
    may_compile = not options.no_compile and stage.compiled_part() is not None
    for batch in loader(stage.batches, state.step, options.workers, device):
        if may_compile and state.step % LOOKS == 0 and is_compiled_ahead(stage.leg.folder, stage.name):
            use_compiled(stage)
            may_compile = False
            state.log(compiled=True)
        stage.step(batch)
        state.spent = time.time() - begun
        beat.touch()
        if state.step % options.every == 0:
            values = stage.take_shown()
            speed = (state.step - marked_step) * stage.batches.size / (time.time() - marked)
            marked, marked_step = time.time(), state.step
            rate = round(stage.learning_rate(), 6)
            state.log(**values, samples_per_s=round(speed, 1), rate=rate, seconds=round(state.spent, 1))
        if state.is_finished() or clock.is_over():
            break
        if state.due():
            state.log(**stage.take_shown())
            state.save()
            if options.out and time.time() - published > PUBLISHED_EVERY:
                publish(stage.leg.folder, options.out)
                published = time.time()
    state.log(**stage.take_shown())
    state.save()
    beat.touch()
    if options.out:
        publish(stage.leg.folder, options.out)


def publish(folder, out):
    """Puts what there is where it is fetched from; a full disk must not end a leg."""
    try:
        parcels.publish(folder, out)
    except OSError as fault:
        print(f"not published: {fault!r}", flush=True)


def worker_count(device, cores=None):
    """Processes that make captions: the leg's own, the compiler's and the judge's are to have room too."""
    cores = cores or len(os.sched_getaffinity(0))
    return max(1, min(8, cores // 2)) if device.type == "cuda" else 0
