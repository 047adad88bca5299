"""One network's training: what a stage must say, and the step that all share."""

import math

import torch

from stages.state import Average, State


class Stage:
    """A stage sets `batches` (data.Batches), `trained` (a module) and `steppers` (name -> optimizer, with a
    `share` of the learning rate in every group), and calls `begin` with what else is kept.
    """

    name = ""
    rate = 1e-3
    final_share = 0.03
    average_decay = 0.998
    # The rate is whole until here and then falls on half a cosine.
    falls_from = 0.55
    warm_up = 100
    # Of a leg's batch.
    batch_share = 1.0
    # Whether a GPU's convolutions are tried out for the fastest: seconds for every shape, which only many
    # steps earn back.
    tries_kernels = False

    def begin(self, leg, **kept):
        self.leg = leg
        self.average = Average(self.trained, self.average_decay)
        parts = {"trained": self.trained, "average": self.average, **self.steppers, **kept}
        self.state = State(leg.folder, self.name, parts)
        self.shown = []

    def compiled_part(self):
        """The module that is worth compiling, or none."""
        return None

    def loss(self, batch, progress):
        """The loss and what is printed of it, as detached tensors by name."""
        raise NotImplementedError

    def after_step(self):
        """What must hold of the weights after every step."""

    def learning_rate(self):
        progress = self.state.progress()
        rate = self.rate * min(1, (self.state.step + 1) / self.warm_up)
        if progress <= self.falls_from:
            return rate
        fallen = torch.tensor((progress - self.falls_from) / (1 - self.falls_from) * torch.pi).cos().item()
        return rate * (self.final_share + (1 - self.final_share) * (1 + fallen) / 2)

    def step(self, batch):
        """All random numbers of a step come from its own seed: a leg that goes on draws the same."""
        torch.manual_seed(sum(map(ord, self.name)) * 10**9 + self.state.step)
        for stepper in self.steppers.values():
            for group in stepper.param_groups:
                group["lr"] = self.learning_rate() * group["share"]
        loss, shown = self.loss(batch, self.state.progress())
        self.trained.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained.parameters(), 1.0)
        for stepper in self.steppers.values():
            stepper.step()
        self.after_step()
        self.state.step += 1
        self.average.update(self.trained, self.state.step)
        self.shown.append({**shown, "total": loss.detach()})

    def take_shown(self):
        """Means of what the steps since the last call have shown; not a number where none had anything."""
        values = {
            name: round(torch.stack([each[name] for each in self.shown]).float().nanmean().item(), 5)
            for name in (self.shown[0] if self.shown else {})
        }
        self.shown = []
        if not math.isfinite(values.get("total", 0.0)):
            raise FloatingPointError(f"{self.name}: the loss is {values['total']} at step {self.state.step}")
        return values


def adamw(parameters, rate):
    parameters = list(parameters)
    return torch.optim.AdamW(
        [{"params": parameters, "share": 1.0}],
        lr=rate,
        betas=(0.9, 0.99),
        weight_decay=0,
        # One kernel for all of them.
        fused=parameters[0].is_cuda,
    )
