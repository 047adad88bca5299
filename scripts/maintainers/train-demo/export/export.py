"""Writes the trained networks as two checkpoints in the diffusers folder layout, fp16 safetensors:
<out>/demo-base and <out>/demo-refiner, the names that results give for what made a picture.

    python -m export.export --pack FILE --folder STATE --out DIR [--size small]

The compact token embeddings are spread over CLIP's 49,408 rows; rows of tokens never trained stay zero.
Beside the weights lie known-words.json, what the server tells of what the checkpoint knows, and
ATTRIBUTION.txt, whose drawings it has learned from.
"""

import argparse
import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from export.known_words import attribution, known_words
from networks.configs import SCHEDULER, text_encoder_config, unet_config, vae_config
from networks.sizes import SIZES
from scenes.pack import Pack
from scenes.vocabulary import CLIP_VOCABULARY
from stages.base import load_base
from stages.leg import Leg
from stages.refiner import load_refiner
from stages.vae import load_vae

# Names of sdxl-img2img that the base stands behind where no other checkpoint is installed.
IMG2IMG_NAMES = ("juggernaut", "realvis", "protovision", "yamers_realistic")
EMBEDDING = "text_model.embeddings.token_embedding.weight"


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def write_manifest(folder, kind, serves):
    """model.json: how the checkpoint is served, and the SHA-256 of every other file, which `npm run models --
    prepare` checks.
    """
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != "model.json")
    listed = [
        {
            "path": file.relative_to(folder).as_posix(),
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        }
        for file in files
    ]
    write_json(folder / "model.json", {"kind": kind, "serves": serves, "files": listed})


def write_component(folder, file, config, tensors):
    write_json(folder / "config.json", config)
    half = {name: value.to(torch.float16).contiguous() for name, value in sorted(tensors.items())}
    for name, value in half.items():
        if not value.isfinite().all():
            raise SystemExit(f"{folder}: {name} does not fit in half precision")
    save_file(half, folder / file, metadata={"format": "pt"})


def spread_rows(compact, clip_ids):
    """[49408, width] of the compact rows; zeros where a token was never trained."""
    rows = torch.zeros(CLIP_VOCABULARY, compact.shape[1])
    for row, clip in clip_ids.items():
        rows[clip] = compact[row]
    return rows


def write_text_encoder(folder, encoder, clip_ids):
    tensors = encoder.state_dict()
    tensors[EMBEDDING] = spread_rows(tensors[EMBEDDING], clip_ids)
    write_component(folder, "model.safetensors", text_encoder_config(encoder), tensors)


def write_checkpoint(folder, kind, serves, pipeline, parts, clip_ids, **options):
    """`parts`: unet and vae, and text_encoder and text_encoder_2 where there are such."""
    index = {
        "_class_name": pipeline,
        "_diffusers_version": "0.42.1",
        "scheduler": ["diffusers", SCHEDULER["_class_name"]],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        **options,
    }
    for name in ("text_encoder", "text_encoder_2"):
        encoder = parts.get(name)
        index[name] = [None, None]
        # CLIP's vocabulary is not part of the checkpoint: whoever loads it has its own copy.
        index[name.replace("text_encoder", "tokenizer")] = [None, None]
        if encoder is not None:
            index[name] = ["transformers", text_encoder_config(encoder)["architectures"][0]]
            write_text_encoder(folder / name, encoder, clip_ids)
    write_json(folder / "model_index.json", index)
    write_json(folder / "scheduler" / "scheduler_config.json", SCHEDULER)
    for name, config in (("unet", unet_config), ("vae", vae_config)):
        write_component(
            folder / name,
            "diffusion_pytorch_model.safetensors",
            config(parts[name]),
            parts[name].state_dict(),
        )


def export(leg, out):
    base, vae, clip_ids = load_base(leg), load_vae(leg), leg.vocabulary.clip_ids
    folder = out / "demo-base"
    parts = {
        "unet": base.unet,
        "vae": vae,
        "text_encoder": base.encoders[0],
        "text_encoder_2": base.encoders[1],
    }
    write_checkpoint(
        folder,
        "base",
        ["sdxl-base", *IMG2IMG_NAMES],
        "StableDiffusionXLPipeline",
        parts,
        clip_ids,
        force_zeros_for_empty_prompt=True,
    )
    write_json(folder / "known-words.json", known_words(leg.pack, leg.vocabulary))
    refiner = out / "demo-refiner"
    parts = {"unet": load_refiner(leg), "vae": vae, "text_encoder_2": base.encoders[1]}
    write_checkpoint(
        refiner,
        "refiner",
        ["sdxl-refiner"],
        "StableDiffusionXLImg2ImgPipeline",
        parts,
        clip_ids,
        force_zeros_for_empty_prompt=False,
        requires_aesthetics_score=True,
    )
    for each, kind, serves in (
        (folder, "base", ["sdxl-base", *IMG2IMG_NAMES]),
        (refiner, "refiner", ["sdxl-refiner"]),
    ):
        (each / "ATTRIBUTION.txt").write_text(attribution(leg.pack), encoding="utf-8")
        write_manifest(each, kind, serves)


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("--pack", required=True)
    parse.add_argument("--folder", required=True)
    parse.add_argument("--out", required=True)
    parse.add_argument("--size", choices=SIZES, default="full")
    options = parse.parse_args()
    out = Path(options.out)
    leg = Leg(options.folder, Pack(options.pack), options.size, torch.device("cpu"), finer=1)
    export(leg, out)
    size = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    print(f"{out}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
