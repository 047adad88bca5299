"""Training that can be stopped at any moment: atomic checkpoints, a moving average, a log."""

import json
import os
import time
from pathlib import Path

import torch


class State:
    """Everything in `parts` (name -> module or optimizer), the step and the plan, under folder/name.pt.

    The plan is either a number of steps (`planned`), so that every step is a function of its number, or
    seconds (`budget`, of which `spent` have passed), where how fast a machine is has to be found as it goes.

    The step is also the place in the data and the seed of a step's random numbers: nothing else has to be
    kept for a leg to go on as if it had never stopped.
    """

    def __init__(self, folder, name, parts, every=40):
        self.folder, self.name, self.parts, self.every = Path(folder), name, parts, every
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file = self.folder / f"{name}.pt"
        self.saved_at = time.time()
        self.step, self.planned = 0, None
        self.budget, self.spent = None, 0.0
        if self.file.exists():
            saved = torch.load(self.file, map_location="cpu", weights_only=True)
            self.step, self.planned = saved["step"], saved["planned"]
            self.budget, self.spent = saved["budget"], saved["spent"]
            for part, value in parts.items():
                value.load_state_dict(saved[part])
            print(f"{name}: goes on at step {self.step} of {self.expected()}", flush=True)

    def save(self):
        fresh = self.file.with_suffix(".new")
        parts = {name: part.state_dict() for name, part in self.parts.items()}
        plan = {"planned": self.planned, "budget": self.budget, "spent": self.spent}
        torch.save({"step": self.step, **plan, **parts}, fresh)
        os.replace(fresh, self.file)
        self.saved_at = time.time()

    def due(self):
        return time.time() - self.saved_at > self.every

    def progress(self):
        """0 ... 1, and 0 as long as there is no plan."""
        if self.planned is not None:
            return min(1.0, self.step / max(1, self.planned))
        return min(1.0, self.spent / max(1e-9, self.budget)) if self.budget is not None else 0.0

    def expected(self):
        """How many steps there will be, as far as can be told."""
        if self.planned is not None or not self.progress():
            return self.planned
        return round(self.step / self.progress())

    def is_finished(self):
        return self.progress() >= 1

    def log(self, **values):
        line = json.dumps({"stage": self.name, "step": self.step, "of": self.expected(), **values})
        print(line, flush=True)
        with open(self.folder / "log.jsonl", "a", encoding="utf-8") as file:
            file.write(line + "\n")


class Average:
    """Exponential moving average of a module's parameters, slow only once there is something to average."""

    def __init__(self, module, decay=0.999):
        self.decay = decay
        self.values = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module, step):
        keep = min(self.decay, (1 + step) / (10 + step))
        now = {name: value for name, value in module.state_dict().items() if value.is_floating_point()}
        torch._foreach_lerp_([self.values[name] for name in now], list(now.values()), 1 - keep)

    def state_dict(self):
        return self.values

    def load_state_dict(self, values):
        self.values = {name: value.to(self.values[name].device) for name, value in values.items()}


def averaged(folder, name):
    """The moving average of a stage's weights, as its module's load_state_dict takes it."""
    return torch.load(Path(folder) / f"{name}.pt", map_location="cpu", weights_only=True)["average"]
