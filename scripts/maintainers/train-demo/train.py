"""One leg of the demo checkpoint's training: goes on where the last one stopped, for so many minutes.

    python train.py --pack sprites.pack --resume DIR --minutes 8

Text encoders, then the VAE, then the base, then the refiner; every leg ends with what was made so far saved
in DIR and a sheet of pictures in DIR/sheet.png. On a GPU in bfloat16, channels last, the base compiled; the
same on a CPU. Needs PyTorch and the packed file, nothing else.

How many steps a stage takes is found once, from how fast its first ones are and its share of --whole minutes,
and kept with it: from then on every step is a function of its number. --steps base=2000,vae=300 sets it.
"""

import argparse
import os
import time
from pathlib import Path

parse = argparse.ArgumentParser()
parse.add_argument("--pack", required=True)
parse.add_argument("--resume", required=True, help="the folder of the training's state")
parse.add_argument("--minutes", type=float, default=8, help="of this leg")
parse.add_argument("--whole", type=float, default=14, help="minutes that all stages together may take")
parse.add_argument("--steps", default="", help="of stages, in place of what their speed gives")
parse.add_argument("--size", default="full")
parse.add_argument("--device", default="")
parse.add_argument("--batch", type=int, default=0, help="scenes of a step; of the VAE a twelfth of them")
parse.add_argument("--workers", type=int, default=-1, help="processes that make captions and scenes")
parse.add_argument("--threads", type=int, default=0)
parse.add_argument("--no-compile", action="store_true")
parse.add_argument("--no-sheet", action="store_true")


def share_of(stage):
    return {"text": 0.06, "vae": 0.2, "base": 0.6, "refiner": 0.14}[stage]


def stages():
    from stage_base import BaseStage
    from stage_refiner import RefinerStage
    from stage_text import TextStage
    from stage_vae import VaeStage

    return [TextStage, VaeStage, BaseStage, RefinerStage]


def begin(make, leg, batch):
    """A stage as it was saved, or new: then with the same first weights wherever it begins."""
    import torch

    torch.manual_seed(0)
    return make(leg, max(1, batch // 12) if make.name == "vae" else batch)


class Clock:
    """The leg's own time: the last part of it is kept for the sheet."""

    KEPT = 0.06

    def __init__(self, minutes):
        self.started, self.seconds = time.time(), minutes * 60

    def is_over(self):
        return time.time() - self.started > self.seconds * (1 - self.KEPT)


def compile_unet(stage):
    """The base's UNet as one compiled graph: the other stages are too short to earn it back. Where compiling
    fails, it runs as it is, and PyTorch says so.
    """
    import torch

    torch._dynamo.config.suppress_errors = True
    stage.trained.unet.compile(dynamic=False)


# Steps that are not timed (compiling, warming up), and those that are.
UNTIMED, TIMED = 12, 24


def run(stage, clock, options, device, planned):
    """Trains a stage until its plan or the leg is at an end."""
    from data import loader

    state = stage.state
    if planned is not None:
        state.planned = planned
    if state.is_finished():
        return
    if stage.name == "base" and not options.no_compile:
        compile_unet(stage)
    begun, first, marked = state.step, time.time(), time.time()
    for batch in loader(stage.batches, state.step, options.workers, device):
        stage.step(batch)
        done = state.step - begun
        if done == UNTIMED:
            synchronize(device)
            first = time.time()
        if done == UNTIMED + TIMED:
            synchronize(device)
            seconds = (time.time() - first) / TIMED
            if state.planned is None:
                state.planned = max(done, round(options.whole * 60 * share_of(stage.name) / seconds))
            state.log(samples_per_s=round(stage.batches.size / seconds, 1))
        if state.step % options.every == 0:
            values = stage.take_shown()
            speed = options.every * stage.batches.size / (time.time() - marked)
            marked = time.time()
            state.log(**values, samples_per_s=round(speed, 1), rate=round(stage.learning_rate(), 6))
        if state.is_finished() or clock.is_over():
            break
        if state.due():
            state.save()
    state.log(**stage.take_shown())
    state.save()


def synchronize(device):
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize()


def main():
    options = parse.parse_args()
    folder = Path(options.resume)
    # What was compiled once need not be again by the next leg.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str((folder / "compiled").absolute()))
    import torch

    from leg import Leg
    from pack import Pack

    device = torch.device(options.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    if options.threads or device.type == "cpu":
        torch.set_num_threads(options.threads or 1)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    is_fast = device.type == "cuda"
    options.batch = options.batch or (768 if is_fast else 24)
    options.every = 50 if is_fast else 20
    if options.workers < 0:
        options.workers = max(0, min(12, (os.cpu_count() or 1) - 2)) if is_fast else 0
    clock = Clock(options.minutes)
    leg = Leg(folder, Pack(options.pack), options.size, device, finer=2 if is_fast else 1)
    print(f"{device}, {len(leg.pack.things)} things, {leg.basis.kept:.4f} of the pictures' variance is kept")
    wanted = dict(each.split("=") for each in options.steps.split(",") if each)
    for make in stages():
        if clock.is_over():
            break
        stage = begin(make, leg, options.batch)
        run(stage, clock, options, device, int(wanted[make.name]) if make.name in wanted else None)
        if not stage.state.is_finished():
            break
    if not options.no_sheet and (folder / "base.pt").exists():
        from sample import write_sheet

        write_sheet(leg, folder / "sheet.png")
    print(f"{(time.time() - clock.started) / 60:.2f} minutes")


if __name__ == "__main__":
    main()
