"""Compiles the networks beside the training, so that it never waits for a compiler nor trusts one unproven.

    python -m running.compiling --pack FILE --folder STATE --batch 768

Runs a few steps of the base and of the refiner on a folder of its own, compiled and not, compares them, and
leaves STATE/compiled/base.ready and refiner.ready. The code lies in a cache from then on (TORCHINDUCTOR_*),
and the training compiles the same networks in seconds: it goes on uncompiled until they are there.
"""

import argparse
import os
import shutil
import time
from pathlib import Path

CLOSE = 0.05
PROVEN_STEPS = 3


def cache_folder(folder):
    return (Path(folder) / "compiled").absolute()


def set_environment(folder):
    """Must come before PyTorch is imported."""
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_folder(folder)))
    os.environ.setdefault("TRITON_CACHE_DIR", str(cache_folder(folder) / "triton"))
    os.environ.setdefault("TORCHINDUCTOR_FX_GRAPH_CACHE", "1")
    os.environ.setdefault("TORCHINDUCTOR_AUTOGRAD_CACHE", "1")
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", str(max(1, min(8, (os.cpu_count() or 1) // 2))))


def ready_file(folder, name):
    return cache_folder(folder) / f"{name}.ready"


def is_compiled_ahead(folder, name):
    return ready_file(folder, name).exists()


def use_compiled(stage):
    """Where compiling fails nevertheless, the network runs as it is, and PyTorch says so."""
    import torch

    torch._dynamo.config.suppress_errors = True
    stage.compiled_part().compile(dynamic=False)


def losses(stage, device):
    """Of the same steps in both halves of the training, and how long one takes."""
    import torch

    from stages.data import loader

    found = []
    # Before and after guidance is trained: the shapes are the same, what surrounds them is not.
    stage.state.planned, stage.state.step = 10, 0
    for step, batch in enumerate(loader(stage.batches, 0, 0, device)):
        stage.state.step = step if step < PROVEN_STEPS else 5 + step
        started = time.time()
        stage.step(batch)
        found.append(stage.shown[-1]["total"].item())
        seconds = time.time() - started
        if step + 1 == 2 * PROVEN_STEPS:
            return torch.tensor(found), seconds


def prove(name, make, folder, device):
    """Compiles a stage's network and compares its steps with those of the same network as it is."""
    import torch

    results = {}
    for is_compiled in (True, False):
        torch.manual_seed(0)
        stage = make()
        if is_compiled:
            use_compiled(stage)
            # Here a compiler's fault is to be seen.
            torch._dynamo.config.suppress_errors = False
        started = time.time()
        results[is_compiled] = losses(stage, device)
        values, seconds = results[is_compiled]
        how = "compiled" if is_compiled else "plain"
        print(f"{name}, {how}: losses {values.tolist()}, the last step {seconds:.3f} s", flush=True)
        print(f"{name}, {how}: {time.time() - started:.0f} s in all", flush=True)
        if is_compiled and not results[True][0].isfinite().all():
            raise SystemExit(f"{name}: compiled, the loss is not a number")
    apart = ((results[True][0] - results[False][0]).abs() / results[False][0].abs()).max().item()
    if not apart < CLOSE:
        raise SystemExit(f"{name}: compiled, losses differ by {apart:.3f}")
    ready_file(folder, name).touch()


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("--pack", required=True)
    parse.add_argument("--folder", required=True, help="the training's state")
    parse.add_argument("--batch", type=int, required=True)
    parse.add_argument("--size", default="full")
    parse.add_argument("--device", default="cuda")
    options = parse.parse_args()
    set_environment(options.folder)
    os.nice(3)
    import torch

    from scenes.pack import Pack
    from stages.base import Base, BaseStage
    from stages.leg import Leg
    from stages.refiner import RefinerStage

    device = torch.device(options.device)
    torch.set_float32_matmul_precision("high")
    cache_folder(options.folder).mkdir(parents=True, exist_ok=True)
    own = cache_folder(options.folder) / "proof"
    own.mkdir(exist_ok=True)
    basis = Path(options.folder) / "basis.pt"
    while not basis.exists():
        time.sleep(0.5)
    shutil.copyfile(basis, own / "basis.pt")
    leg = Leg(own, Pack(options.pack), options.size, device, finer=1)
    if not is_compiled_ahead(options.folder, "base"):
        prove("base", lambda: BaseStage(leg, options.batch, is_taught=False), options.folder, device)
    if is_compiled_ahead(options.folder, "refiner"):
        return
    torch._dynamo.reset()
    base = Base(leg.sizes, leg.vocabulary.size).requires_grad_(False).to(device).eval()
    prove("refiner", lambda: RefinerStage(leg, options.batch, base), options.folder, device)


if __name__ == "__main__":
    main()
