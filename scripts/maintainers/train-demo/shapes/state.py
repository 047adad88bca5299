"""Training that can be stopped at any moment: atomic checkpoints, a moving average, a pause file, a log."""

import json
import os
import time
from pathlib import Path

import torch


class State:
    """Everything in `parts` (name -> module or optimizer) plus the step count, under folder/name.pt."""

    def __init__(self, folder, name, every=240):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file = self.folder / f"{name}.pt"
        self.log_file = self.folder / f"{name}.jsonl"
        self.every = every
        self.saved_at = time.time()
        self.step = 0

    def load(self, parts):
        if self.file.exists():
            saved = torch.load(self.file, map_location="cpu")
            self.step = saved.pop("step")
            for name, part in parts.items():
                part.load_state_dict(saved[name])
            print(f"resumed {self.file} at step {self.step}", flush=True)

    def save(self, parts):
        fresh = self.file.with_suffix(".new")
        torch.save({"step": self.step, **{name: part.state_dict() for name, part in parts.items()}}, fresh)
        os.replace(fresh, self.file)
        self.saved_at = time.time()

    def due(self):
        return time.time() - self.saved_at > self.every

    def log(self, **values):
        line = json.dumps({"step": self.step, "time": time.strftime("%H:%M:%S"), **values})
        print(line, flush=True)
        with open(self.log_file, "a", encoding="utf-8") as file:
            file.write(line + "\n")

    def wait_while_paused(self):
        """Seconds slept: they do not count as training time."""
        begun = time.time()
        while (self.folder / "PAUSE").exists():
            time.sleep(1)
        return time.time() - begun


class Average:
    """Exponential moving average of a module's parameters, slow only once there is something to average."""

    def __init__(self, module, decay=0.999):
        self.decay = decay
        self.values = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module, step):
        keep = min(self.decay, (1 + step) / (10 + step))
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                self.values[name].lerp_(value, 1 - keep)

    def state_dict(self):
        return self.values

    def load_state_dict(self, values):
        self.values = {name: value.to(self.values[name].device) for name, value in values.items()}
