"""Attention in heads: PyTorch's fused kernels on a GPU; plain products on a CPU, faster at these sizes."""

import torch
import torch.nn.functional as F


def attend(query, key, value, heads, is_causal=False):
    """[n, q, width], [n, k, width] twice -> [n, q, width]."""
    n, _, width = query.shape
    query, key, value = (x.view(n, -1, heads, width // heads).transpose(1, 2) for x in (query, key, value))
    if query.is_cuda:
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=is_causal)
    else:
        scores = (query @ key.transpose(-1, -2)) * (width // heads) ** -0.5
        if is_causal:
            length = scores.shape[-1]
            later = torch.ones(length, length, dtype=torch.bool, device=scores.device).triu(1)
            scores = scores.masked_fill(later, float("-inf"))
        mixed = scores.softmax(-1) @ value
    return mixed.transpose(1, 2).reshape(n, -1, width)
