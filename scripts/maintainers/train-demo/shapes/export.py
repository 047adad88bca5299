"""Writes the trained networks as two checkpoints in the diffusers folder layout, fp16 safetensors:
<out>/demo-base and <out>/demo-refiner, the names that results give for what made a picture.

    python export.py --folder <state> --out models/demo --vocab <CLIP's vocab.json> [--refiners a.pt b.pt]

Of several refiners (states kept after each leg of the training) the mean of the weights is written.

The compact token embeddings are spread over CLIP's 49,408 rows; rows of tokens never trained stay zero.
"""

import argparse
import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

import networks
import vocabulary
from sample import load_base, load_vae

SCHEDULER = {
    "_class_name": "EulerDiscreteScheduler",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "interpolation_type": "linear",
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "sample_max_value": 1.0,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "timestep_spacing": "leading",
    "trained_betas": None,
    "use_karras_sigmas": False,
}

# Names of sdxl-img2img that the base stands behind where no other checkpoint is installed.
IMG2IMG_NAMES = ("juggernaut", "realvis", "protovision", "yamers_realistic")


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def write_manifest(folder, kind, serves):
    """model.json: how the checkpoint is served, and the SHA-256 of every other file, which `npm run models --
    prepare` checks.
    """
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != "model.json")
    write_json(
        folder / "model.json",
        {
            "kind": kind,
            "serves": serves,
            "files": [
                {
                    "path": file.relative_to(folder).as_posix(),
                    "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
                }
                for file in files
            ],
        },
    )


def write_component(folder, file, config, tensors):
    write_json(folder / "config.json", config)
    half = {name: value.to(torch.float16).contiguous() for name, value in sorted(tensors.items())}
    for name, value in half.items():
        if not value.isfinite().all():
            raise SystemExit(f"{folder}: {name} does not fit in half precision")
    save_file(half, folder / file, metadata={"format": "pt"})


def diffusers_config(network):
    return {
        "_class_name": type(network).__name__,
        **{key: value for key, value in network.config.items() if not key.startswith("_")},
    }


def write_text_encoder(folder, encoder, rows):
    config = encoder.config.to_dict()
    config = {
        key: config[key]
        for key in (
            "attention_dropout",
            "hidden_act",
            "hidden_size",
            "initializer_factor",
            "initializer_range",
            "intermediate_size",
            "layer_norm_eps",
            "max_position_embeddings",
            "num_attention_heads",
            "num_hidden_layers",
            "projection_dim",
        )
    }
    config |= {
        "architectures": [type(encoder).__name__],
        "model_type": "clip_text_model",
        "torch_dtype": "float16",
        "vocab_size": vocabulary.CLIP_VOCABULARY,
        "bos_token_id": vocabulary.CLIP_BEGIN,
        "eos_token_id": vocabulary.CLIP_END,
        "pad_token_id": 1,
    }
    tensors = {}
    for name, value in encoder.state_dict().items():
        name = name if name.startswith(("text_model.", "text_projection.")) else f"text_model.{name}"
        if name.endswith("position_ids"):
            continue
        if name == "text_model.embeddings.token_embedding.weight":
            spread = torch.zeros(vocabulary.CLIP_VOCABULARY, value.shape[1])
            for compact, row in rows.items():
                spread[row] = value[compact]
            value = spread
        tensors[name] = value
    write_component(folder, "model.safetensors", config, tensors)


def write_checkpoint(folder, kind, serves, pipeline, unet, vae, encoders, rows, **options):
    index = {
        "_class_name": pipeline,
        "_diffusers_version": "0.42.1",
        "scheduler": ["diffusers", SCHEDULER["_class_name"]],
        "unet": ["diffusers", type(unet).__name__],
        "vae": ["diffusers", type(vae).__name__],
        **options,
    }
    for name in ("text_encoder", "text_encoder_2"):
        encoder = encoders.get(name)
        index[name] = ["transformers", type(encoder).__name__] if encoder is not None else [None, None]
        # CLIP's vocabulary is not part of the checkpoint: whoever loads it has its own copy.
        index[name.replace("text_encoder", "tokenizer")] = [None, None]
        if encoder is not None:
            write_text_encoder(folder / name, encoder, rows)
    write_json(folder / "model_index.json", index)
    write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    for name, network in (("unet", unet), ("vae", vae)):
        write_component(
            folder / name,
            "diffusion_pytorch_model.safetensors",
            diffusers_config(network),
            network.state_dict(),
        )
    write_manifest(folder, kind, serves)


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("--folder", required=True)
    parse.add_argument("--out", required=True)
    parse.add_argument("--vocab", required=True)
    parse.add_argument("--refiners", nargs="+", help="default: <state>/refiner.pt")
    options = parse.parse_args()
    out, rows = Path(options.out), vocabulary.clip_rows(options.vocab)
    base, vae = load_base(options.folder), load_vae(options.folder)
    write_checkpoint(
        out / "demo-base",
        "base",
        ["sdxl-base", *IMG2IMG_NAMES],
        "StableDiffusionXLPipeline",
        base.unet,
        vae,
        {"text_encoder": base.encoders[0], "text_encoder_2": base.encoders[1]},
        rows,
        force_zeros_for_empty_prompt=True,
    )
    refined = [
        torch.load(file, map_location="cpu") for file in options.refiners or [f"{options.folder}/refiner.pt"]
    ]
    unet = networks.unet(networks.REFINER_LEVELS, networks.WIDTHS[1], 5)
    unet.load_state_dict(
        {name: sum(each["average"][name] for each in refined) / len(refined) for name in unet.state_dict()}
    )
    encoder = networks.text_encoders()[1]
    encoder.load_state_dict(refined[0]["encoder"])
    write_checkpoint(
        out / "demo-refiner",
        "refiner",
        ["sdxl-refiner"],
        "StableDiffusionXLImg2ImgPipeline",
        unet,
        vae,
        {"text_encoder_2": encoder},
        rows,
        force_zeros_for_empty_prompt=False,
        requires_aesthetics_score=True,
    )
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    print(f"{out}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
