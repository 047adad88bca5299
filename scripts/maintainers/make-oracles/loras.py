"""LoRA files in the styles of kohya and of diffusers, and what diffusers makes of a tiny checkpoint with
them.

    python scripts/maintainers/make-oracles/loras.py        (node 24 on the PATH; needs torch, diffusers,
    transformers, peft)

Writes src/checkpoints/loras/oracles: kohya.safetensors (diffusers block names), kohya-original.safetensors
(original block names, as kohya's trainer writes them for SDXL) and diffusers.safetensors
(StableDiffusionXLPipeline.save_lora_weights after peft, with its metadata), and merged.json.gz: library
versions, the SHA-256 of the checkpoint's weight files and, per run, the LoRAs with their weights and every
changed tensor in float32, as base64. UNets are those of load_lora_weights and fuse_lora. Text encoders follow
the rule W + weight * alpha / rank * B A in float64, because diffusers 0.42.1 does not get LoRAs into those of
transformers 5 (it reports their weights missing and leaves the encoder as it was).
"""

import base64
import gzip
import hashlib
import json
import subprocess
import tempfile
from pathlib import Path

import diffusers
import peft
import torch
import transformers
from peft import LoraConfig
from safetensors.torch import load_file, save_file

ROOT = Path(__file__).resolve().parents[3]
TARGET = ROOT / "src/checkpoints/loras/oracles"
RUNS = {
    "kohya": [("kohya.safetensors", 0.8)],
    "kohya-original": [("kohya-original.safetensors", -0.5)],
    "diffusers": [("diffusers.safetensors", 1.25)],
    "two": [("kohya.safetensors", 0.6), ("diffusers.safetensors", 0.4)],
}

# Module in kohya's spelling -> rank, alpha (None: absent).
KOHYA = {
    "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q": (2, 1.0),
    "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k": (3, 3.0),
    "lora_unet_up_blocks_0_attentions_1_transformer_blocks_1_attn2_to_out_0": (2, 0.5),
    "lora_unet_down_blocks_1_attentions_1_transformer_blocks_0_ff_net_2": (2, 1.0),
    "lora_unet_mid_block_attentions_0_proj_in": (2, 2.0),
    "lora_te1_text_model_encoder_layers_0_self_attn_out_proj": (2, 1.0),
    "lora_te1_text_model_encoder_layers_2_mlp_fc1": (2, 1.0),
    "lora_te2_text_model_encoder_layers_1_self_attn_out_proj": (2, 1.0),
    "lora_te2_text_model_encoder_layers_3_mlp_fc2": (2, 1.0),
}
# The same UNet modules as published names, then modules that only the original names' converter takes.
KOHYA_ORIGINAL = {
    "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q": (2, 1.0),
    "lora_unet_output_blocks_1_1_transformer_blocks_1_attn2_to_out_0": (2, 4.0),
    "lora_unet_middle_block_1_proj_out": (2, 1.0),
    "lora_unet_input_blocks_4_0_in_layers_2": (2, 1.0),
    "lora_unet_input_blocks_4_0_emb_layers_1": (2, 1.0),
    "lora_unet_input_blocks_4_0_skip_connection": (2, 1.0),
    "lora_unet_input_blocks_1_0_out_layers_3": (3, 1.5),
    "lora_unet_output_blocks_5_2_conv": (2, 1.0),
}


def write_checkpoint(directory):
    script = (
        "import { writeTinyCheckpoints } from './src/checkpoints/synthetic/tiny-checkpoint.ts';"
        "await writeTinyCheckpoints(process.argv[1], { dtype: 'F32' });"
    )
    subprocess.run(["node", "--input-type=module", "-e", script, directory], cwd=ROOT, check=True)
    return Path(directory) / "tiny-base"


def pipeline(folder):
    return diffusers.StableDiffusionXLPipeline.from_pretrained(folder, torch_dtype=torch.float32)


def modules_by_kohya_name(pipe):
    found = {}
    for prefix, network in (("unet", pipe.unet), ("te1", pipe.text_encoder), ("te2", pipe.text_encoder_2)):
        for name, module in network.named_modules():
            if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
                if prefix != "unet" and not name.startswith("text_model."):
                    name = f"text_model.{name}"
                found[f"lora_{prefix}_{name.replace('.', '_')}"] = module
    return found


def original_modules(pipe):
    unet = pipe.unet
    block = unet.up_blocks[0].attentions[1].transformer_blocks[1]
    return {
        "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q": unet.down_blocks[1]
        .attentions[0]
        .transformer_blocks[0]
        .attn1.to_q,
        "lora_unet_output_blocks_1_1_transformer_blocks_1_attn2_to_out_0": block.attn2.to_out[0],
        "lora_unet_middle_block_1_proj_out": unet.mid_block.attentions[0].proj_out,
        "lora_unet_input_blocks_4_0_in_layers_2": unet.down_blocks[1].resnets[0].conv1,
        "lora_unet_input_blocks_4_0_emb_layers_1": unet.down_blocks[1].resnets[0].time_emb_proj,
        "lora_unet_input_blocks_4_0_skip_connection": unet.down_blocks[1].resnets[0].conv_shortcut,
        "lora_unet_input_blocks_1_0_out_layers_3": unet.down_blocks[0].resnets[0].conv2,
        "lora_unet_output_blocks_5_2_conv": unet.up_blocks[1].upsamplers[0].conv,
    }


def kohya_file(name, entries, modules, generator):
    tensors = {}
    for key, (rank, alpha) in entries.items():
        weight = modules[key].weight
        kernel = list(weight.shape[2:])
        tensors[f"{key}.lora_down.weight"] = torch.randn(rank, *weight.shape[1:], generator=generator) * 0.3
        tensors[f"{key}.lora_up.weight"] = (
            torch.randn(weight.shape[0], rank, *[1] * len(kernel), generator=generator) * 0.3
        )
        tensors[f"{key}.alpha"] = torch.tensor(alpha)
    save_file(tensors, TARGET / name, metadata={"ss_network_module": "networks.lora"})


def metadata_of(network):
    """What a training script hands to save_lora_weights."""
    config = network.peft_config["default"].to_dict()
    keys = (
        "r",
        "lora_alpha",
        "rank_pattern",
        "alpha_pattern",
        "target_modules",
        "lora_bias",
        "use_dora",
        "use_rslora",
    )
    return {key: sorted(config[key]) if isinstance(config[key], set) else config[key] for key in keys}


def diffusers_file(pipe, generator):
    unet = LoraConfig(
        r=2,
        lora_alpha=3,
        rank_pattern={"down_blocks.2.attentions.0.proj_in": 4},
        alpha_pattern={"down_blocks.2.attentions.0.proj_in": 1},
        target_modules=[
            "down_blocks.2.attentions.0.proj_in",
            "mid_block.attentions.0.transformer_blocks.1.attn1.to_v",
            "down_blocks.0.resnets.1.conv2",
        ],
    )
    text = LoraConfig(
        r=2, lora_alpha=2, target_modules=["layers.1.self_attn.v_proj", "layers.1.self_attn.out_proj"]
    )
    text2 = LoraConfig(r=2, lora_alpha=1, target_modules=["layers.2.self_attn.out_proj"])
    networks = {
        "unet": (pipe.unet, unet),
        "text_encoder": (pipe.text_encoder, text),
        "text_encoder_2": (pipe.text_encoder_2, text2),
    }
    for network, config in networks.values():
        network.add_adapter(config)
        for name, parameter in network.named_parameters():
            if "lora_" in name:
                parameter.data = torch.randn(parameter.shape, generator=generator) * 0.3
    layers = {
        f"{name}_lora_layers": peft.get_peft_model_state_dict(network)
        for name, (network, _) in networks.items()
    }
    diffusers.StableDiffusionXLPipeline.save_lora_weights(
        TARGET,
        **layers,
        weight_name="diffusers.safetensors",
        **{f"{name}_lora_adapter_metadata": metadata_of(network) for name, (network, _) in networks.items()},
    )


def unet_state(pipe):
    return {
        f"unet/{name.replace('.base_layer.', '.')}": value for name, value in pipe.unet.state_dict().items()
    }


def text_encoder_changes(pipe, loras):
    """Tensor -> merged values of both text encoders."""
    states = {}
    for component in ("text_encoder", "text_encoder_2"):
        for name, value in getattr(pipe, component).state_dict().items():
            bare = not name.startswith(("text_model.", "text_projection."))
            states[f"{component}/text_model.{name}" if bare else f"{component}/{name}"] = value.double()
    by_kohya = {
        name.removesuffix(".weight")
        .replace("text_encoder_2/", "lora_te2_")
        .replace("text_encoder/", "lora_te1_")
        .replace(".", "_"): name
        for name in states
    }
    changes = {}
    for file, weight in loras:
        tensors = load_file(TARGET / file)
        for key, down in tensors.items():
            if key.startswith("lora_te") and key.endswith(".lora_down.weight"):
                module = key.removesuffix(".lora_down.weight")
                name, up, alpha = (
                    by_kohya[module],
                    tensors[f"{module}.lora_up.weight"],
                    tensors[f"{module}.alpha"].item(),
                )
            elif key.startswith("text_encoder") and key.endswith(".lora_A.weight"):
                component, module = key.removesuffix(".lora_A.weight").split(".", 1)
                name = f"{component}/text_model.{module.removeprefix('text_model.')}.weight"
                up, alpha = (
                    tensors[key.replace("lora_A", "lora_B")],
                    {"text_encoder": 2, "text_encoder_2": 1}[component],
                )
            else:
                continue
            delta = weight * alpha / down.shape[0] * (up.double() @ down.double())
            changes[name] = changes.get(name, states[name]) + delta
    return {name: value.float() for name, value in changes.items()}


if __name__ == "__main__":
    TARGET.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(20)
    with tempfile.TemporaryDirectory() as directory:
        folder = write_checkpoint(directory)
        pipe = pipeline(folder)
        kohya_file("kohya.safetensors", KOHYA, modules_by_kohya_name(pipe), generator)
        kohya_file("kohya-original.safetensors", KOHYA_ORIGINAL, original_modules(pipe), generator)
        diffusers_file(pipeline(folder), generator)
        runs = {}
        for run, loras in RUNS.items():
            pipe = pipeline(folder)
            before = {name: value.clone() for name, value in unet_state(pipe).items()}
            changed = text_encoder_changes(pipe, loras)
            names = []
            for index, (file, _) in enumerate(loras):
                names.append(f"lora{index}")
                pipe.load_lora_weights(TARGET, weight_name=file, adapter_name=names[-1])
            pipe.set_adapters(names, [weight for _, weight in loras])
            pipe.fuse_lora(components=["unet"], adapter_names=names)
            merged = {name: value for name, value in unet_state(pipe).items() if name in before}
            assert merged.keys() == before.keys(), sorted(before.keys() - merged.keys())[:3]
            changed.update(
                {name: value for name, value in merged.items() if not torch.equal(value, before[name])}
            )
            print(run, len(changed), "tensors changed:", *changed)
            runs[run] = {
                "loras": [{"file": file, "weight": weight} for file, weight in loras],
                "tensors": {
                    name: base64.b64encode(value.contiguous().numpy().astype("<f4").tobytes()).decode()
                    for name, value in changed.items()
                },
            }
        data = {
            "versions": {
                "torch": torch.__version__,
                "diffusers": diffusers.__version__,
                "transformers": transformers.__version__,
                "peft": peft.__version__,
            },
            "sha256": {
                str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
                for file in sorted(folder.glob("*/*.safetensors"))
                if file.parent.name != "vae"
            },
            "runs": runs,
        }
    (TARGET / "merged.json.gz").write_bytes(gzip.compress(json.dumps(data).encode(), 9, mtime=0))
