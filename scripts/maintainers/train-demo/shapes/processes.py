"""Training in several processes of one thread each, started by torchrun: who is who, and one gradient for
all.
"""

import os
from datetime import timedelta

import torch


def join():
    """(rank, number of processes); alone without torchrun."""
    if "WORLD_SIZE" not in os.environ:
        return 0, 1
    torch.distributed.init_process_group("gloo", timeout=timedelta(hours=12))
    return torch.distributed.get_rank(), torch.distributed.get_world_size()


def share_gradients(parameters, stop):
    """Averages the gradients over the processes; true as soon as one of them wants to stop."""
    if not torch.distributed.is_initialized():
        return stop
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    flat = torch.cat(
        [
            *(gradient.flatten() for gradient in gradients),
            torch.tensor([float(stop)], device=gradients[0].device),
        ]
    )
    torch.distributed.all_reduce(flat)
    flat, wish = flat[:-1] / torch.distributed.get_world_size(), flat[-1]
    for gradient, part in zip(gradients, flat.split([gradient.numel() for gradient in gradients])):
        gradient.copy_(part.view_as(gradient))
    return wish.item() > 0
