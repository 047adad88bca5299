"""The judge's commands: see judge.py."""

import argparse
import json
import random
import shutil
import signal
import time
from pathlib import Path

import torch

from drawing import draw
from judge.judge import PIXELS, Detector, JudgeStage, find
from judge.verdicts import by_kind, expectation, report, verdict
from running.running import Clock, run
from scenes.captions import Captions
from scenes.pack import Pack
from scenes.scenes import SHAPES
from scenes.vocabulary import plain
from stages.leg import Leg
from stages.state import averaged

SEED = "judged"


def held_out(pack, count):
    """(caption, scene) of compositions that training never shows: the first two things of a picture are a
    pair that it leaves out.
    """
    source, captions = random.Random(SEED), Captions(pack)
    while count > 0:
        caption, scene = captions.random_scene(source, strangers=False, styles=False, held_out=True)
        yield plain(caption), scene
        count -= 1


def load_judge(leg):
    detector = Detector(len(SHAPES) + len(leg.pack.things))
    detector.load_state_dict(averaged(leg.folder, "judge"))
    return detector.eval()


def read_pictures(folder, count):
    """[n, 3, 128, 128] of <folder>/000.png, 001.png, ..."""
    import numpy as np
    from PIL import Image

    images = []
    for index in range(count):
        with Image.open(Path(folder) / f"{index:03}.png") as image:
            small = image.convert("RGB").resize((PIXELS, PIXELS), Image.Resampling.BOX)
            images.append(torch.from_numpy(np.array(small)).permute(2, 0, 1).float() / 127.5 - 1)
    return torch.stack(images)


def judge(leg, prompts, images):
    """Prints the shares and the things that are most often missed."""
    found = [each for part in images.split(50) for each in find(load_judge(leg), part)]
    print("\n".join(report([verdict(*pair) for pair in zip(prompts, found)])))
    names = [*SHAPES, *(thing["names"][0] for thing in leg.pack.things)]
    asked, right = [0] * len(names), [0] * len(names)
    for pair in zip(prompts, found):
        for kind, is_there in by_kind(*pair):
            asked[kind] += 1
            right[kind] += is_there
    missed = sorted((right[n] / asked[n], name) for n, name in enumerate(names) if asked[n])
    print(f"things {100 * sum(right) / sum(asked):.1f} % of {sum(asked)}; least found:")
    print(", ".join(f"{name} {share:.2f}" for share, name in missed[:12]))


def train_judge(leg, options):
    torch.manual_seed(0)
    stage = JudgeStage(leg, options.batch)
    clock = Clock(options.minutes, started=options.started)
    signal.signal(signal.SIGTERM, clock.cut)
    options.no_compile, options.every, options.out = True, 50, None
    run(stage, clock, options, leg.device, options.steps, clock.left())


def wait_for(file, seconds=120):
    """Until another process has made it."""
    end = time.time() + seconds
    while not Path(file).exists() and time.time() < end:
        time.sleep(0.5)


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("command", choices=("train", "drawn", "prompts", "made"))
    parse.add_argument("--pack", required=True)
    parse.add_argument("--folder", help="where the judge is kept")
    parse.add_argument("--minutes", type=float, default=10)
    parse.add_argument("--started", type=float, help="when the minutes began, in seconds of the epoch")
    parse.add_argument("--steps", type=int, help="in place of the minutes' plan")
    parse.add_argument("--workers", type=int, default=0)
    parse.add_argument("--basis", help="a latent space that is there, or soon will be")
    parse.add_argument("--careful", action="store_true", help="as train.py has it")
    parse.add_argument("--batch", type=int, default=32)
    parse.add_argument("--count", type=int, default=300)
    parse.add_argument("--pictures", help="folder of 000.png, 001.png, ...")
    parse.add_argument("--threads", type=int, default=1)
    parse.add_argument("--device", default="cpu")
    options = parse.parse_args()
    torch.set_num_threads(options.threads)
    pack = Pack(options.pack)
    told = list(held_out(pack, options.count))
    prompts = [expectation(caption, scene) for caption, scene in told]
    if options.command == "prompts":
        print(json.dumps([each["prompt"] for each in prompts], indent=1))
        return
    if options.basis:
        wait_for(options.basis)
        Path(options.folder).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(options.basis, Path(options.folder) / "basis.pt")
    device = torch.device(options.device)
    leg = Leg(options.folder, pack, "small", device, finer=1, is_painted=not options.careful)
    if options.command == "train":
        train_judge(leg, options)
    elif options.command == "drawn":
        parts = [draw.describe([scene for _, scene in told[at : at + 50]]) for at in range(0, len(told), 50)]
        judge(leg, prompts, torch.cat([draw.draw(leg.atlas, part, PIXELS) for part in parts]))
    else:
        judge(leg, prompts, read_pictures(options.pictures, options.count))


if __name__ == "__main__":
    main()
