"""Adapter files in lycoris-lora's formats and as DoRA, and what their libraries make of a tiny checkpoint.

    python scripts/maintainers/make-oracles/loras-lycoris.py     (node 24 on the PATH; needs torch, diffusers,
    transformers, peft, lycoris-lora)

Writes src/checkpoints/loras/oracles: lycoris.safetensors (LoCon with and without Tucker's core, LoHa, LoKr in
all its shapes, full differences, a norm), lycoris-dora.safetensors (the same kinds with weight decomposition
by input and by output), peft-dora.safetensors (peft's own names), and merged-lycoris.json.gz in the form of
merged.json.gz. Expected weights are get_merged_weight of each lycoris module (of LoHa and LoKr what their
forward uses) and merge_and_unload of peft; at a weight other than 1 they are W + weight * (merged - W),
stacked ones the sum of both differences.
"""

import base64
import gzip
import hashlib
import json
import tempfile

import peft
import torch
from lycoris.modules.full import FullModule
from lycoris.modules.locon import LoConModule
from lycoris.modules.loha import LohaModule
from lycoris.modules.lokr import LokrModule
from lycoris.modules.norms import NormModule
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

from loras import TARGET, pipeline, write_checkpoint

PLAIN = {
    "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q": (LoConModule, {"lora_dim": 2, "alpha": 1}),
    "down_blocks.0.resnets.0.conv1": (LoConModule, {"lora_dim": 2, "alpha": 2}),
    "down_blocks.0.resnets.0.conv2": (LoConModule, {"lora_dim": 3, "alpha": 1, "use_tucker": True}),
    "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_k": (LohaModule, {"lora_dim": 2, "alpha": 1}),
    "down_blocks.1.resnets.0.conv1": (LohaModule, {"lora_dim": 2, "alpha": 1.5}),
    "down_blocks.1.resnets.0.conv2": (LohaModule, {"lora_dim": 2, "alpha": 1, "use_tucker": True}),
    "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_v": (LokrModule, {"lora_dim": 2, "alpha": 1}),
    "mid_block.attentions.0.transformer_blocks.0.attn1.to_q": (
        LokrModule,
        {"lora_dim": 1, "alpha": 0.5, "decompose_both": True, "factor": 8},
    ),
    "mid_block.attentions.0.transformer_blocks.0.attn1.to_k": (
        LokrModule,
        {"lora_dim": 2, "alpha": 1, "full_matrix": True},
    ),
    "mid_block.resnets.0.conv1": (LokrModule, {"lora_dim": 2, "alpha": 1, "factor": 4}),
    "mid_block.resnets.0.conv2": (LokrModule, {"lora_dim": 2, "alpha": 1, "factor": 4, "use_tucker": True}),
    "mid_block.resnets.1.conv1": (FullModule, {}),
    "mid_block.attentions.0.proj_out": (FullModule, {}),
    "mid_block.attentions.0.norm": (NormModule, {}),
    "mid_block.attentions.0.transformer_blocks.0.norm1": (NormModule, {}),
}
DORA = {
    "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q": (
        LoConModule,
        {"lora_dim": 2, "alpha": 1, "weight_decompose": True, "wd_on_out": True},
    ),
    "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k": (
        LoConModule,
        {"lora_dim": 2, "alpha": 1, "weight_decompose": True, "wd_on_out": False},
    ),
    "down_blocks.0.resnets.0.conv1": (
        LoConModule,
        {"lora_dim": 2, "alpha": 2, "weight_decompose": True, "wd_on_out": False},
    ),
    "down_blocks.0.resnets.0.conv2": (
        LoConModule,
        {"lora_dim": 2, "alpha": 2, "weight_decompose": True, "wd_on_out": True},
    ),
    "down_blocks.1.resnets.0.conv1": (
        LohaModule,
        {"lora_dim": 2, "alpha": 1, "weight_decompose": True, "wd_on_out": True},
    ),
    "mid_block.attentions.0.transformer_blocks.0.attn1.to_q": (
        LokrModule,
        {"lora_dim": 2, "alpha": 1, "weight_decompose": True, "wd_on_out": False},
    ),
}
PEFT = ["mid_block.attentions.0.transformer_blocks.1.attn1.to_v", "down_blocks.0.resnets.1.conv2"]
RUNS = {
    "lycoris": [("lycoris.safetensors", 1)],
    "lycoris DoRA": [("lycoris-dora.safetensors", 1)],
    "lycoris DoRA at -0.5": [("lycoris-dora.safetensors", -0.5)],
    "peft DoRA": [("peft-dora.safetensors", 0.8)],
    "all stacked": [
        ("lycoris.safetensors", 0.6),
        ("lycoris-dora.safetensors", 0.5),
        ("peft-dora.safetensors", 1.5),
    ],
}


def randomize(module, generator):
    for name, parameter in module.named_parameters():
        if name != "dora_scale" and not name.startswith("org_module"):
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.3
    if hasattr(module, "dora_scale"):
        scale = module.dora_scale.data
        module.dora_scale.data = scale * (1 + 0.2 * torch.randn(scale.shape, generator=generator))


def lycoris_file(unet, layers, file, generator):
    """Writes the file; returns what each changed tensor becomes at weight 1."""
    tensors, merged = {}, {}
    for path, (kind, options) in layers.items():
        layer = unet.get_submodule(path)
        name = "lora_unet_" + path.replace(".", "_")
        module = kind(name, layer, 1.0, **options)
        randomize(module, generator)
        state = module.state_dict()
        if isinstance(module, FullModule):
            # A module before training holds the whole weight; files hold what is added to it.
            state = {"diff": torch.randn(layer.weight.shape, generator=generator) * 0.1}
            weight, bias = layer.weight + state["diff"], None
            if layer.bias is not None:
                state["diff_b"] = torch.randn(layer.bias.shape, generator=generator) * 0.1
                bias = layer.bias + state["diff_b"]
        elif isinstance(module, NormModule):
            state = {"w_norm": module.w_norm.data, "b_norm": module.b_norm.data}
            weight, bias = module.get_merged_weight(1, shape=layer.weight.shape)
        elif isinstance(module, LohaModule | LokrModule):
            # Their get_merged_weight multiplies with the scale twice, their forward once, as every reader.
            weight, bias = layer.weight + module.get_weight(layer.weight.shape), None
            if module.wd:
                weight = module.apply_weight_decompose(weight)
        else:
            weight, bias = module.get_merged_weight(1, shape=layer.weight.shape)
        for key, value in state.items():
            if not key.startswith("org_module"):
                tensors[f"{name}.{key}"] = value.detach().clone().contiguous()
        merged[f"unet/{path}.weight"] = weight.detach().float()
        if bias is not None and not isinstance(module, LoConModule | LohaModule | LokrModule):
            merged[f"unet/{path}.bias"] = bias.detach().float()
    save_file(tensors, TARGET / file, metadata={"ss_network_module": "lycoris.kohya"})
    return merged


def peft_file(folder, file, generator):
    unet = pipeline(folder).unet
    model = get_peft_model(unet, LoraConfig(r=2, lora_alpha=3, target_modules=PEFT, use_dora=True))
    for name, parameter in model.named_parameters():
        if "lora_" in name and "magnitude" not in name:
            parameter.data = torch.randn(parameter.shape, generator=generator) * 0.3
        elif "magnitude" in name:
            parameter.data = parameter.data * (1 + 0.2 * torch.randn(parameter.shape, generator=generator))
    state = {
        f"unet.{name.removeprefix('base_model.model.')}": value
        for name, value in peft.get_peft_model_state_dict(model).items()
    }
    alphas = {f"{name.split('.lora_A')[0]}.alpha": torch.tensor(3.0) for name in state if ".lora_A" in name}
    save_file({name: value.contiguous() for name, value in {**state, **alphas}.items()}, TARGET / file)
    merged = model.merge_and_unload()
    return {f"unet/{path}.weight": merged.get_submodule(path).weight.detach() for path in PEFT}


if __name__ == "__main__":
    generator = torch.Generator().manual_seed(30)
    with tempfile.TemporaryDirectory() as directory:
        folder = write_checkpoint(directory)
        unet = pipeline(folder).unet
        before = {f"unet/{name}": value.detach().clone() for name, value in unet.state_dict().items()}
        merged = {
            "lycoris.safetensors": lycoris_file(unet, PLAIN, "lycoris.safetensors", generator),
            "lycoris-dora.safetensors": lycoris_file(unet, DORA, "lycoris-dora.safetensors", generator),
            "peft-dora.safetensors": peft_file(folder, "peft-dora.safetensors", generator),
        }
        runs = {}
        for run, loras in RUNS.items():
            changed = {}
            for file, weight in loras:
                for name, value in merged[file].items():
                    start = changed.get(name, before[name].double())
                    changed[name] = start + weight * (value.double() - before[name].double())
            print(run, len(changed), "tensors changed")
            runs[run] = {
                "loras": [{"file": file, "weight": weight} for file, weight in loras],
                "tensors": {
                    name: base64.b64encode(value.float().contiguous().numpy().tobytes()).decode()
                    for name, value in changed.items()
                },
            }
        data = {
            "versions": {"torch": torch.__version__, "lycoris-lora": "3.2.0", "peft": peft.__version__},
            "sha256": {
                "unet/diffusion_pytorch_model.safetensors": hashlib.sha256(
                    (folder / "unet/diffusion_pytorch_model.safetensors").read_bytes()
                ).hexdigest()
            },
            "runs": runs,
        }
    (TARGET / "merged-lycoris.json.gz").write_bytes(gzip.compress(json.dumps(data).encode(), 9, mtime=0))
