"""CLIP's text encoder in PyTorch alone, by the names of transformers' CLIPTextModel(WithProjection)."""

import torch
import torch.nn.functional as F
from torch import nn

from networks.attention import attend
from scenes import vocabulary


class SelfAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        return self.out_proj(
            attend(self.q_proj(x), self.k_proj(x), self.v_proj(x), self.heads, is_causal=True)
        )


class Feed(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        x = self.fc1(x)
        # Quick GELU.
        return self.fc2(x * torch.sigmoid(1.702 * x))


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.self_attn, self.mlp = SelfAttention(width, heads), Feed(width)
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x):
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class Embeddings(nn.Module):
    def __init__(self, rows, width):
        super().__init__()
        self.token_embedding = nn.Embedding(rows, width)
        self.position_embedding = nn.Embedding(vocabulary.LENGTH, width)
        # CLIP starts them at 0.02, far too faint beside a UNet that starts at unit scale.
        nn.init.normal_(self.token_embedding.weight, std=0.4)
        nn.init.normal_(self.position_embedding.weight, std=0.1)

    def forward(self, rows):
        return self.token_embedding(rows) + self.position_embedding.weight


class TextModel(nn.Module):
    def __init__(self, rows, width, layers):
        super().__init__()
        self.embeddings = Embeddings(rows, width)
        self.encoder = nn.Module()
        self.encoder.layers = nn.ModuleList([Layer(width, max(1, width // 16)) for _ in range(layers)])
        self.final_layer_norm = nn.LayerNorm(width)


class TextEncoder(nn.Module):
    """forward: compact rows [n, 77] -> hidden state before the last layer [n, 77, width], and the pooled
    embedding [n, pooled] where there is a projection, else None.
    """

    def __init__(self, rows, width, layers, pooled=None):
        super().__init__()
        self.width, self.layers, self.pooled = width, layers, pooled
        self.text_model = TextModel(rows, width, layers)
        if pooled is not None:
            self.text_projection = nn.Linear(width, pooled, bias=False)

    def forward(self, rows):
        x = self.text_model.embeddings(rows)
        for layer in self.text_model.encoder.layers[:-1]:
            x = layer(x)
        if self.pooled is None:
            return x, None
        last = self.text_model.final_layer_norm(self.text_model.encoder.layers[-1](x))
        end = F.one_hot((rows == vocabulary.END).int().argmax(1), rows.shape[1]).to(last.dtype)
        return x, self.text_projection((last * end[:, :, None]).sum(1))

    def silence_unknown(self):
        self.text_model.embeddings.token_embedding.weight.data[vocabulary.UNKNOWN] = 0


def text_encoders(sizes, rows):
    first, second = sizes.text_widths
    return nn.ModuleList(
        [
            TextEncoder(rows, first, sizes.text_layers),
            TextEncoder(rows, second, sizes.text_layers, sizes.pooled),
        ]
    )
