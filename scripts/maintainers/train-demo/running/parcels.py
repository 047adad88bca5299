"""Carries trained weights between machines in files of a bounded size.

    python -m running.parcels publish STATE OUT         # moving averages, the log, the sheets
    python -m running.parcels receive BACK STATE        # whatever only reads averages takes STATE

Optimizers stay where they are: a leg goes on from its own state, not from what was carried.
"""

import hashlib
import io
import os
import shutil
import sys
from pathlib import Path

import torch

# Bytes of a part.
PART = 15 * 2**20
STAGES = ("text", "vae", "base", "refiner", "judge")
# The large ones, as export.py writes them anyway.
HALVED = ("base", "refiner")
KEPT = ("step", "planned", "budget", "spent", "average")
BESIDE = ("log.jsonl", "sheet.png", "scenes.png")
DIGEST = 32


def saved_file(folder, name):
    """A stage's state, which the judge keeps in a folder of its own; None where there is none."""
    files = (folder / f"{name}.pt", folder / name / f"{name}.pt")
    return next((file for file in files if file.exists()), None)


def gathered(folder):
    """{stage: its plan and average} and the basis of what a state's folder holds."""
    found = {}
    for name in STAGES:
        file = saved_file(folder, name)
        # The text encoders go on in the base.
        if file is None or (name == "text" and saved_file(folder, "base")):
            continue
        saved = torch.load(file, map_location="cpu", weights_only=True)
        if name in HALVED:
            saved["average"] = {key: value.half() for key, value in saved["average"].items()}
        found[name] = {key: saved[key] for key in KEPT}
    if (folder / "basis.pt").exists():
        found["basis"] = torch.load(folder / "basis.pt", map_location="cpu", weights_only=True)
    return found


def parts_of(values, part=PART):
    """Bytes objects that each begin with the digest of the whole."""
    memory = io.BytesIO()
    torch.save(values, memory)
    whole = memory.getvalue()
    digest = hashlib.sha256(whole).digest()
    return [digest + whole[at : at + part] for at in range(0, len(whole), part)]


def joined(parts):
    """What `parts_of` was given; ValueError where parts are missing or of different publications."""
    whole = b"".join(part[DIGEST:] for part in parts)
    if not parts or any(part[:DIGEST] != hashlib.sha256(whole).digest() for part in parts):
        raise ValueError("parts are missing, or not of one publication")
    return torch.load(io.BytesIO(whole), map_location="cpu", weights_only=True)


def publish(folder, out):
    """Replaces the folder `out` as a whole: whoever copies it never sees a half."""
    folder, out = Path(folder), Path(out)
    fresh, old = out.with_name(out.name + ".new"), out.with_name(out.name + ".old")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for index, part in enumerate(parts_of(gathered(folder))):
        (fresh / f"weights.{index}").write_bytes(part)
    for name in BESIDE:
        if (folder / name).exists():
            shutil.copyfile(folder / name, fresh / name)
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        os.rename(out, old)
    os.rename(fresh, out)
    shutil.rmtree(old, ignore_errors=True)


def receive(back, folder):
    """Writes the state's files as those who only read averages take them."""
    back, folder = Path(back), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(back.glob("weights.*"), key=lambda file: int(file.suffix[1:]))
    for name, value in joined([file.read_bytes() for file in files]).items():
        torch.save(value, folder / f"{name}.pt")
        print(name, "" if name == "basis" else f"step {value['step']}")
    for name in BESIDE:
        if (back / name).exists():
            shutil.copyfile(back / name, folder / name)


if __name__ == "__main__":
    {"publish": publish, "receive": receive}[sys.argv[1]](*sys.argv[2:4])
