"""Names of SDXL's single-file checkpoints and what diffusers' own converter makes of each tensor.

    python scripts/maintainers/make-oracles/single-file.py        (needs torch, diffusers, transformers)

The original names and shapes are written down from the modules of the original code (UNetModel, AutoencoderKL
of Stability-AI/generative-models; the text transformer of open_clip) and proven in both directions: every
tensor goes through the converters of diffusers.loaders.single_file_utils, filled with numbers that occur
once, and what comes out must be exactly the tensors, with the shapes, of the diffusers and transformers
classes with the published configs. src/checkpoints/single-file/oracles/names.json.gz holds per checkpoint
{original name: [shape, published names]}: more than one published name where the converter cuts a tensor in
slices along its first axis, in that order; a last element "T" where it transposes.
"""

import gzip
import json
from pathlib import Path

import diffusers
import torch
import transformers
from diffusers.loaders import single_file_utils as converters

ROOT = Path(__file__).resolve().parents[3]
TARGET = ROOT / "src/checkpoints/single-file/oracles/names.json.gz"


class Names:
    """Original name -> shape at full size; the tests of the converters use the same names at a small size."""

    def __init__(self):
        self.shapes = {}

    def affine(self, name, *shape):
        self.shapes[f"{name}.weight"] = list(shape)
        self.shapes[f"{name}.bias"] = [shape[0]]


def unet_names(out, widths, depths, context, vector, layers=2):
    """`depths` is the transformer depth by level, 0 for none; the middle has the deepest level's, or the one
    before.
    """
    at = "model.diffusion_model"
    time = 4 * widths[0]

    def resnet(name, before, after):
        out.affine(f"{name}.in_layers.0", before)
        out.affine(f"{name}.in_layers.2", after, before, 3, 3)
        out.affine(f"{name}.emb_layers.1", after, time)
        out.affine(f"{name}.out_layers.0", after)
        out.affine(f"{name}.out_layers.3", after, after, 3, 3)
        if before != after:
            out.affine(f"{name}.skip_connection", after, before, 1, 1)

    def transformer(name, width, depth):
        out.affine(f"{name}.norm", width)
        out.affine(f"{name}.proj_in", width, width)
        for index in range(depth):
            block = f"{name}.transformer_blocks.{index}"
            for attention, memory in (("attn1", width), ("attn2", context)):
                out.shapes[f"{block}.{attention}.to_q.weight"] = [width, width]
                out.shapes[f"{block}.{attention}.to_k.weight"] = [width, memory]
                out.shapes[f"{block}.{attention}.to_v.weight"] = [width, memory]
                out.affine(f"{block}.{attention}.to_out.0", width, width)
            out.affine(f"{block}.ff.net.0.proj", 8 * width, width)
            out.affine(f"{block}.ff.net.2", width, 4 * width)
            for norm in ("norm1", "norm2", "norm3"):
                out.affine(f"{block}.{norm}", width)
        out.affine(f"{name}.proj_out", width, width)

    out.affine(f"{at}.time_embed.0", time, widths[0])
    out.affine(f"{at}.time_embed.2", time, time)
    out.affine(f"{at}.label_emb.0.0", time, vector)
    out.affine(f"{at}.label_emb.0.2", time, time)
    out.affine(f"{at}.input_blocks.0.0", widths[0], 4, 3, 3)
    skips, width, block = [widths[0]], widths[0], 1
    for level, after in enumerate(widths):
        for _ in range(layers):
            resnet(f"{at}.input_blocks.{block}.0", width, after)
            if depths[level]:
                transformer(f"{at}.input_blocks.{block}.1", after, depths[level])
            width = after
            skips.append(width)
            block += 1
        if level < len(widths) - 1:
            out.affine(f"{at}.input_blocks.{block}.0.op", width, width, 3, 3)
            skips.append(width)
            block += 1
    resnet(f"{at}.middle_block.0", width, width)
    transformer(f"{at}.middle_block.1", width, [depth for depth in depths if depth][-1])
    resnet(f"{at}.middle_block.2", width, width)
    block = 0
    for level, after in reversed(list(enumerate(widths))):
        for layer in range(layers + 1):
            resnet(f"{at}.output_blocks.{block}.0", width + skips.pop(), after)
            if depths[level]:
                transformer(f"{at}.output_blocks.{block}.1", after, depths[level])
            width = after
            if level and layer == layers:
                out.affine(f"{at}.output_blocks.{block}.{2 if depths[level] else 1}.conv", width, width, 3, 3)
            block += 1
    out.affine(f"{at}.out.0", width)
    out.affine(f"{at}.out.2", 4, width, 3, 3)


def vae_names(out, widths, layers=2):
    at = "first_stage_model"

    def resnet(name, before, after):
        out.affine(f"{name}.norm1", before)
        out.affine(f"{name}.conv1", after, before, 3, 3)
        out.affine(f"{name}.norm2", after)
        out.affine(f"{name}.conv2", after, after, 3, 3)
        if before != after:
            out.affine(f"{name}.nin_shortcut", after, before, 1, 1)

    def middle(half, width):
        resnet(f"{at}.{half}.mid.block_1", width, width)
        out.affine(f"{at}.{half}.mid.attn_1.norm", width)
        for part in ("q", "k", "v", "proj_out"):
            out.affine(f"{at}.{half}.mid.attn_1.{part}", width, width, 1, 1)
        resnet(f"{at}.{half}.mid.block_2", width, width)

    out.affine(f"{at}.encoder.conv_in", widths[0], 3, 3, 3)
    width = widths[0]
    for level, after in enumerate(widths):
        for layer in range(layers):
            resnet(f"{at}.encoder.down.{level}.block.{layer}", width, after)
            width = after
        if level < len(widths) - 1:
            out.affine(f"{at}.encoder.down.{level}.downsample.conv", width, width, 3, 3)
    middle("encoder", width)
    out.affine(f"{at}.encoder.norm_out", width)
    out.affine(f"{at}.encoder.conv_out", 8, width, 3, 3)
    out.affine(f"{at}.decoder.conv_in", width, 4, 3, 3)
    middle("decoder", width)
    for level, after in reversed(list(enumerate(widths))):
        for layer in range(layers + 1):
            resnet(f"{at}.decoder.up.{level}.block.{layer}", width, after)
            width = after
        if level:
            out.affine(f"{at}.decoder.up.{level}.upsample.conv", width, width, 3, 3)
    out.affine(f"{at}.decoder.norm_out", width)
    out.affine(f"{at}.decoder.conv_out", 3, width, 3, 3)
    out.affine(f"{at}.quant_conv", 8, 8, 1, 1)
    out.affine(f"{at}.post_quant_conv", 4, 4, 1, 1)


def clip_names(out, at, width, depth, vocabulary):
    at = f"{at}.transformer.text_model"
    out.shapes[f"{at}.embeddings.token_embedding.weight"] = [vocabulary, width]
    out.shapes[f"{at}.embeddings.position_embedding.weight"] = [77, width]
    for index in range(depth):
        layer = f"{at}.encoder.layers.{index}"
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            out.affine(f"{layer}.self_attn.{part}", width, width)
        out.affine(f"{layer}.mlp.fc1", 4 * width, width)
        out.affine(f"{layer}.mlp.fc2", width, 4 * width)
        for norm in ("layer_norm1", "layer_norm2"):
            out.affine(f"{layer}.{norm}", width)
    out.affine(f"{at}.final_layer_norm", width)


def open_clip_names(out, at, width, depth, vocabulary):
    at = f"{at}.model"
    out.shapes[f"{at}.token_embedding.weight"] = [vocabulary, width]
    out.shapes[f"{at}.positional_embedding"] = [77, width]
    for index in range(depth):
        block = f"{at}.transformer.resblocks.{index}"
        out.shapes[f"{block}.attn.in_proj_weight"] = [3 * width, width]
        out.shapes[f"{block}.attn.in_proj_bias"] = [3 * width]
        out.affine(f"{block}.attn.out_proj", width, width)
        out.affine(f"{block}.mlp.c_fc", 4 * width, width)
        out.affine(f"{block}.mlp.c_proj", width, 4 * width)
        for norm in ("ln_1", "ln_2"):
            out.affine(f"{block}.{norm}", width)
    out.affine(f"{at}.ln_final", width)
    out.shapes[f"{at}.text_projection"] = [width, width]


UNETS = {
    "base": {
        "attention_head_dim": [5, 10, 20],
        "block_out_channels": [320, 640, 1280],
        "cross_attention_dim": 2048,
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        "projection_class_embeddings_input_dim": 2816,
        "transformer_layers_per_block": [1, 2, 10],
    },
    "refiner": {
        "attention_head_dim": [6, 12, 24, 24],
        "block_out_channels": [384, 768, 1536, 1536],
        "cross_attention_dim": 1280,
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
        "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        "projection_class_embeddings_input_dim": 2560,
        "transformer_layers_per_block": 4,
    },
}
UNET_COMMON = {
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "use_linear_projection": True,
    "layers_per_block": 2,
}
VAE = {
    "block_out_channels": [128, 256, 512, 512],
    "layers_per_block": 2,
    "latent_channels": 4,
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
}
CLIP = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
OPEN_CLIP = {
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_hidden_layers": 32,
    "num_attention_heads": 20,
    "projection_dim": 1280,
}


def expected_shapes(kind):
    """Published name -> shape of every parameter, by component, from the libraries' own classes."""
    with torch.device("meta"):
        networks = {
            "unet": diffusers.UNet2DConditionModel(**UNET_COMMON, **UNETS[kind]),
            "vae": diffusers.AutoencoderKL(**VAE),
            "text_encoder_2": transformers.CLIPTextModelWithProjection(
                transformers.CLIPTextConfig(**OPEN_CLIP)
            ),
        }
        if kind == "base":
            networks["text_encoder"] = transformers.CLIPTextModel(transformers.CLIPTextConfig(**CLIP))

    def published(component, name):
        bare = component.startswith("text_encoder") and not name.startswith(
            ("text_model.", "text_projection.")
        )
        return f"text_model.{name}" if bare else name

    return {
        component: {
            published(component, name): list(value.shape)
            for name, value in network.state_dict().items()
            if not name.endswith("position_ids")
        }
        for component, network in networks.items()
    }


def originals(kind):
    full = Names()
    if kind == "base":
        unet_names(full, [320, 640, 1280], [0, 2, 10], 2048, 2816)
        clip_names(full, "conditioner.embedders.0", 768, 12, 49408)
        open_clip_names(full, "conditioner.embedders.1", 1280, 32, 49408)
    else:
        unet_names(full, [384, 768, 1536, 1536], [0, 4, 4, 0], 1280, 2560)
        open_clip_names(full, "conditioner.embedders.0", 1280, 32, 49408)
    vae_names(full, [128, 256, 512, 512])
    return full.shapes


def small(shape):
    """One element per axis, but three rows (nine for the fused projection) so that slices show."""
    return [
        {3840: 9, 1280: 3}.get(shape[0], 2),
        *[{1280: 3}.get(extent, 2) if len(shape) == 2 else 1 for extent in shape[1:]],
    ]


def converted(kind, shapes):
    """Component -> published name -> converted tensor, every original element a number of its own."""
    state, position = {}, 0
    for name, shape in shapes.items():
        extents = small(shape)
        count = int(torch.tensor(extents).prod())
        state[name] = torch.arange(position, position + count, dtype=torch.float64).reshape(extents)
        position += count

    class Model:
        config = type("Config", (), {"hidden_size": 3})

    config = {**UNET_COMMON, **UNETS[kind], "class_embed_type": None, "num_class_embeds": None}
    prefix = f"conditioner.embedders.{1 if kind == 'base' else 0}.model."
    result = {
        "unet": converters.convert_ldm_unet_checkpoint(state, config),
        "vae": converters.convert_ldm_vae_checkpoint(state, VAE),
        "text_encoder_2": converters.convert_open_clip_checkpoint(Model, state, prefix=prefix),
    }
    if kind == "base":
        result["text_encoder"] = converters.convert_ldm_clip_checkpoint(state)
    return state, result


def names_of(kind):
    shapes = originals(kind)
    expected = expected_shapes(kind)
    state, result = converted(kind, shapes)
    owner = {}
    for name, tensor in state.items():
        for value in tensor.flatten().tolist():
            owner[value] = name
    parts = {name: [] for name in shapes}
    for component, tensors in result.items():
        missing = expected[component].keys() ^ tensors.keys()
        assert not missing, (kind, component, sorted(missing)[:5])
        for published, tensor in tensors.items():
            values = tensor.flatten().tolist()
            (original,) = {owner[value] for value in values}
            parts[original].append(
                (min(values), f"{component}/{published}", values, expected[component][published])
            )
    names = {}
    for original, found in parts.items():
        assert found, original
        found.sort()
        shape = shapes[original]
        targets = [name for _, name, _, _ in found]
        flat = [value for _, _, values, _ in found for value in values]
        if flat != state[original].flatten().tolist():
            assert flat == state[original].T.flatten().tolist(), original
            targets.append("T")
        rows = shape[0] // len(found)
        for _, name, _, wanted in found:
            squeezed = [rows, *shape[1:]]
            while len(squeezed) > len(wanted):
                assert squeezed.pop() == 1, name
            assert sorted(squeezed) == sorted(wanted), (name, squeezed, wanted)
        names[original] = [shape, *targets]
    return names


if __name__ == "__main__":
    data = {
        "versions": {
            "torch": torch.__version__,
            "diffusers": diffusers.__version__,
            "transformers": transformers.__version__,
        },
        "names": {kind: names_of(kind) for kind in ("base", "refiner")},
    }
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_bytes(gzip.compress(json.dumps(data, separators=(",", ":")).encode(), 9, mtime=0))
    for kind, names in data["names"].items():
        print(
            kind,
            len(names),
            "original names,",
            sum(len(entry) - 1 - ("T" in entry) for entry in names.values()),
            "published",
        )
    print(TARGET, TARGET.stat().st_size, "bytes")
