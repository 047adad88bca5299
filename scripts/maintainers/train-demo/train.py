"""One leg of the demo checkpoint's training: goes on where the last one stopped, for so many minutes.

    python supervise.py --pack sprites.pack --resume DIR --minutes 8      # begins it again where it broke
    python train.py --pack sprites.pack --resume DIR --minutes 8

Text encoders, then the VAE, then the base, then the refiner; every leg ends with what was made so far saved
in DIR and a sheet of pictures in DIR/sheet.png. On a GPU in bfloat16, channels last, compiled where compiling
beside the training has proven right (running/compiling.py), with the judge trained beside it; the same on a
CPU, but for those two. Needs PyTorch, NumPy and the packed file, nothing else.

A stage takes its share of what is left of --whole minutes, by the clock, for nobody knows how fast a machine
will be; its learning rate follows that time. With --steps base=2000,vae=300 a stage takes so many steps, and
every step is a function of its number.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

from running.compiling import set_environment

parse = argparse.ArgumentParser()
parse.add_argument("--pack", required=True)
parse.add_argument("--resume", required=True, help="the folder of the training's state")
parse.add_argument("--minutes", type=float, default=8, help="of this leg")
parse.add_argument("--started", type=float, help="when the leg began, in seconds of the epoch")
parse.add_argument("--whole", type=float, default=0, help="minutes that all legs together take; 0: this one")
parse.add_argument("--steps", default="", help="of stages, in place of a share of the time")
parse.add_argument("--size", default="full")
parse.add_argument("--device", default="")
parse.add_argument("--batch", type=int, default=0, help="scenes of a step of the UNets")
parse.add_argument("--workers", type=int, default=-1, help="processes that make captions and scenes")
parse.add_argument("--threads", type=int, default=0)
parse.add_argument("--out", help="folder that is kept up to date with what is worth carrying home")
parse.add_argument("--no-compile", action="store_true")
parse.add_argument("--no-judge", action="store_true")
parse.add_argument("--no-sheet", action="store_true")
parse.add_argument("--careful", action="store_true", help="nothing but what PyTorch itself does on a GPU")

SHARES = {"text": 0.06, "vae": 0.14, "base": 0.62, "refiner": 0.18}
# Without these, what comes after has nothing to begin with.
NEEDED = ("text", "base")
# The judge is trained in this part of the leg, beside the stages that leave a GPU idle the most.
JUDGED = 0.22
# Of the leg, what is kept for the sheet, and at most so many seconds.
KEPT, MOST_KEPT = 0.06, 16


def stages():
    from stages.base import BaseStage
    from stages.refiner import RefinerStage
    from stages.text import TextStage
    from stages.vae import VaeStage

    return [TextStage, VaeStage, BaseStage, RefinerStage]


def begin(make, leg, batch):
    """A stage as it was saved, or new: then with the same first weights wherever it begins."""
    import torch

    torch.manual_seed(0)
    # Where a step's cost is its scenes', more of them are no better.
    share = make.batch_share if leg.device.type == "cuda" else min(1.0, make.batch_share)
    return make(leg, max(1, round(batch * share)))


def budget_of(name, clock, whole, spent):
    """Seconds for a stage that begins now, of what it and those after it may still take.

    `whole`: seconds of all legs together, 0 for this one alone; `spent`: of them, before this leg.
    """
    later = list(SHARES)[list(SHARES).index(name) :]
    left = whole - spent - (time.time() - clock.started) - clock.kept if whole else clock.left()
    return max(1.0, left * SHARES[name] / sum(SHARES[each] for each in later))


def spent_before(folder):
    """Seconds that earlier legs' stages have taken."""
    import torch

    files = [folder / f"{name}.pt" for name in SHARES]
    return sum(torch.load(file, mmap=True, weights_only=True)["spent"] for file in files if file.exists())


def beside(options, clock):
    """Starts what runs beside the training on a GPU."""
    common, commands = ["--pack", options.pack], []
    if not options.no_compile:
        command = [*common, "--folder", options.resume, "--batch", str(options.batch), "--size", options.size]
        commands.append(["running.compiling", *command])
    if not options.no_judge:
        judge = str(Path(options.resume) / "judge")
        limits = ["--minutes", str(options.minutes * JUDGED), "--started", str(clock.started)]
        ways = ["--batch", "256", "--workers", str(max(1, options.workers // 3)), "--device", options.device]
        basis = str(Path(options.resume) / "basis.pt")
        careful = ["--careful"] if options.careful else []
        command = ["train", *common, "--folder", judge, *limits, *ways, "--basis", basis, *careful]
        commands.append(["judge.judging", *command])
    # Their modules are found from here, their files from wherever the leg was started.
    places = [str(Path(__file__).absolute().parent), os.environ.get("PYTHONPATH")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, places))}
    return [subprocess.Popen([sys.executable, "-m", *each], env=environment) for each in commands]


def train(make, leg, clock, options, planned):
    """One stage; where its loss is no number any more, it goes on from what was saved, at half the rate."""
    from running import running

    beat = running.Beat(options.resume)
    for halvings in range(3):
        beat.touch()
        stage = begin(make, leg, options.batch)
        stage.rate *= 0.5**halvings
        budget = budget_of(make.name, clock, options.whole * 60, options.spent)
        try:
            running.run(stage, clock, options, leg.device, planned, budget)
            return stage.state.is_finished()
        except FloatingPointError as fault:
            print(f"{fault}; again from what was saved, at half the rate", flush=True)
    raise FloatingPointError(f"{make.name}: no rate is low enough")


def train_all(leg, clock, options):
    """The names of the stages that failed."""
    wanted = dict(each.split("=") for each in options.steps.split(",") if each)
    failed = []
    for make in stages():
        if clock.is_over():
            break
        planned = int(wanted[make.name]) if make.name in wanted else None
        try:
            is_finished = train(make, leg, clock, options, planned)
        except Exception:
            traceback.print_exc()
            failed.append(make.name)
            is_finished = make.name not in NEEDED
        if not is_finished:
            break
    return failed


def main():
    options = parse.parse_args()
    folder = Path(options.resume)
    folder.mkdir(parents=True, exist_ok=True)
    set_environment(folder)
    clock_of = {"kept": min(MOST_KEPT, options.minutes * 60 * KEPT), "started": options.started}
    import torch

    from running import running
    from scenes.pack import Pack
    from sheets.sample import write_sheets
    from stages.leg import Leg

    clock = running.Clock(options.minutes, **clock_of)
    signal.signal(signal.SIGTERM, clock.cut)
    options.device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(options.device)
    is_fast = device.type == "cuda"
    if options.threads or not is_fast:
        torch.set_num_threads(options.threads or 1)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark_limit = 4
    options.batch = options.batch or (768 if is_fast else 24)
    options.every = 50 if is_fast else 20
    options.no_compile = options.no_compile or options.careful or not is_fast
    options.no_judge = options.no_judge or not is_fast
    if options.workers < 0:
        options.workers = running.worker_count(device)
    options.spent = spent_before(folder) if options.whole else 0.0
    helpers = beside(options, clock)
    leg = Leg(folder, Pack(options.pack), options.size, device, 2 if is_fast else 1, not options.careful)
    kept = f"{leg.basis.kept:.4f} of the pictures' variance is kept"
    print(f"{device}, {len(leg.pack.things)} things, {kept}, {options.workers} workers", flush=True)
    failed = train_all(leg, clock, options)
    for helper in helpers:
        helper.terminate()
    if not options.no_sheet and (folder / "base.pt").exists():
        try:
            write_sheets(leg, folder, clock.is_past, running.Beat(folder).touch)
        except Exception:
            traceback.print_exc()
            failed.append("sheet")
    if options.out:
        running.publish(folder, options.out)
    print(f"{(time.time() - clock.started) / 60:.2f} minutes; failed: {', '.join(failed) or 'nothing'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
