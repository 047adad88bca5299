"""Muon (Keller Jordan, 2024, kellerjordan.github.io/posts/muon): momentum whose update is made orthogonal.

Each weight counts as a matrix [outputs, everything else]; the update's root mean square is 0.2, as AdamW's is
about (Liu et al. 2025, arXiv:2502.16982), so both can share one learning rate. Matrices of one shape are made
orthogonal together: on a GPU the number of kernels is what costs.
"""

import torch

# Coefficients of the quintic Newton-Schulz iteration, from Jordan's post: singular values end near 1.
QUINTIC = (3.4445, -4.7750, 2.0315)


def orthogonal(matrices, iterations=5):
    """The nearest (roughly) orthogonal matrix of each of [k, m, n], by Newton-Schulz in bfloat16."""
    x = matrices.bfloat16()
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = QUINTIC
    for _ in range(iterations):
        # Three kernels a round: of a step of small networks, launching them is most of the time.
        square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).float()


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.01):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            alike = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    alike.setdefault((len(parameter), parameter[0].numel()), []).append(parameter)
            for shape, parameters in alike.items():
                gradients = [parameter.grad for parameter in parameters]
                for parameter in parameters:
                    if "momentum" not in self.state[parameter]:
                        self.state[parameter]["momentum"] = torch.zeros_like(parameter)
                momenta = [self.state[parameter]["momentum"] for parameter in parameters]
                torch._foreach_mul_(momenta, group["momentum"])
                torch._foreach_add_(momenta, gradients)
                ahead = torch._foreach_add(gradients, momenta, alpha=group["momentum"])
                stacked = torch.stack([each.reshape(shape) for each in ahead])
                updates = orthogonal(stacked) * (0.2 * max(shape) ** 0.5)
                torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(
                    parameters,
                    [update.view(parameter.shape) for parameter, update in zip(parameters, updates)],
                    alpha=-group["lr"],
                )


def optimizers(unet, rate, encoders=()):
    """Muon for the UNet's matrices; AdamW for the rest, among it the layers that carry the noise (carry.py).

    Each group has a `share` of the learning rate: the encoders, taught before, a sixth.
    """
    last = f"up_blocks.{len(unet.up_blocks) - 1}.resnets.{len(unet.up_blocks[-1].resnets) - 1}."
    matrices, rest = [], []
    for name, parameter in unet.named_parameters():
        carries = name.startswith(("conv_in.", "conv_out.", last))
        (matrices if parameter.ndim >= 2 and not carries else rest).append(parameter)
    groups = [{"params": rest, "weight_decay": 0.01, "share": 0.6}]
    if encoders := list(encoders):
        groups.append({"params": encoders, "weight_decay": 0, "share": 0.16})
    return {
        "muon": Muon([{"params": matrices, "share": 1.0}], lr=rate),
        "adamw": torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), fused=rest[0].is_cuda),
    }
