"""Models of few steps: diffusers' SDXL pipeline with the schedulers of published cards, on the tiny base
checkpoint, in float32 on the CPU.

    python scripts/maintainers/make-oracles/few-steps.py        (node 24 on the PATH; needs torch, diffusers,
    transformers, peft)

Fills src/pipelines/oracles/few-steps.json.gz: versions, the SHA-256 of the weight files, condProj (the weight
[16, 8] of time_embedding.cond_proj that makes the UNet one of LCM's) and runs: kind (as few_step of
model.json), steps, guidanceScale, isTold (whether the UNet has condProj), eta, seed, the timesteps that the
UNet was told and the final latents [4, height / 8, width / 8]. In few-step-loras.json.gz are runs of one step
that begin at a firstTimestep below the last, and runs with a LoRA of the UNet, few-step-lora.safetensors.
"""

import copy
import gzip
import hashlib
import json
import tempfile
from pathlib import Path

import diffusers
import peft
import torch
import transformers
from safetensors.torch import save_file

from networks import ROOT, packed, write_checkpoint
from pipelines import PROMPT, embeddings, load

ORACLES = ROOT / "src/pipelines/oracles"
LORA = ORACLES / "few-step-lora.safetensors"
HEIGHT, WIDTH = 64, 96
TRAILING = {"timestep_spacing": "trailing"}
# Class and keys as the cards have them; see src/installation/few-step.ts.
CARDS = {
    "lightning": (diffusers.EulerDiscreteScheduler, TRAILING, 0, None),
    "turbo": (diffusers.EulerAncestralDiscreteScheduler, TRAILING, 0, None),
    "hyper": (diffusers.DDIMScheduler, TRAILING, 0, None),
    "lcm": (diffusers.LCMScheduler, {}, 1, None),
    "tcd": (diffusers.TCDScheduler, {}, 0, 0.3),
}
STEPS = (1, 2, 4, 8)
CONDITION_WIDTH = 8


def told_unet(unet):
    """The same UNet with the projection that LCM's have."""
    told = diffusers.UNet2DConditionModel.from_config({**unet.config, "time_cond_proj_dim": CONDITION_WIDTH})
    told.load_state_dict(unet.state_dict(), strict=False)
    generator = torch.Generator().manual_seed(7)
    weight = told.time_embedding.cond_proj.weight
    weight.data = torch.randn(weight.shape, generator=generator)
    return told.eval()


def write_lora(unet):
    """Rank 2 beside the projections of attention, as large as what they are trained to in a few-step LoRA."""
    generator = torch.Generator().manual_seed(8)
    tensors = {}
    for name, layer in unet.named_modules():
        if not name.endswith(("attn1.to_q", "attn2.to_v", "attn2.to_out.0")):
            continue
        out_width, in_width = layer.weight.shape
        tensors[f"unet.{name}.lora_A.weight"] = torch.randn(2, in_width, generator=generator) / in_width**0.5
        tensors[f"unet.{name}.lora_B.weight"] = torch.randn(out_width, 2, generator=generator) * 0.3
    save_file(tensors, LORA)


def run(pipe, config, embeds, kind, steps, seed, guidance=None, timesteps=None, first=None):
    scheduler, keys, usual, eta = CARDS["lcm" if kind == "dmd2" or first else kind]
    if kind == "lightning" and steps == 1:
        keys = {**keys, "prediction_type": "sample"}
    pipe.scheduler = scheduler.from_config(config, **keys)
    told = []
    handle = pipe.unet.register_forward_pre_hook(lambda _, args: told.append(float(args[1])))
    if first:
        timesteps = [first]
    scale = usual if guidance is None else guidance
    latents = pipe(
        height=HEIGHT,
        width=WIDTH,
        guidance_scale=scale,
        generator=torch.Generator().manual_seed(seed),
        output_type="latent",
        prompt_embeds=embeds[PROMPT]["hiddenStates"],
        pooled_prompt_embeds=embeds[PROMPT]["pooled"],
        negative_prompt_embeds=embeds[""]["hiddenStates"],
        negative_pooled_prompt_embeds=embeds[""]["pooled"],
        **({"timesteps": timesteps} if timesteps else {"num_inference_steps": steps}),
        **({} if eta is None else {"eta": eta}),
    ).images
    handle.remove()
    return {
        **({"firstTimestep": first} if first else {}),
        **({"hasLora": True} if pipe.get_active_adapters() else {}),
        "kind": kind,
        "steps": steps,
        "guidanceScale": scale,
        "isTold": pipe.unet.config.time_cond_proj_dim is not None,
        "eta": eta,
        "seed": seed,
        "height": HEIGHT,
        "width": WIDTH,
        "prompt": PROMPT,
        "timesteps": told,
        "latents": packed(latents[0]),
    }


def write(name, libraries, hashes, content):
    versions = {module.__name__: module.__version__ for module in libraries}
    with gzip.GzipFile(ORACLES / f"{name}.json.gz", "wb", mtime=0) as file:
        file.write(json.dumps({"versions": versions, "sha256": hashes, **content}).encode())


@torch.no_grad()
def main():
    with tempfile.TemporaryDirectory() as directory:
        write_checkpoint({}, directory)
        pipe = load(diffusers.StableDiffusionXLPipeline, f"{directory}/tiny-base")
        hashes = {
            str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(Path(directory).glob("tiny-base/*/*.safetensors"))
        }
    embeds = embeddings(pipe)
    config = pipe.scheduler.config
    runs = [run(pipe, config, embeds, kind, steps, 30 + steps) for kind in CARDS for steps in STEPS]
    runs.append(run(pipe, config, embeds, "dmd2", 4, 41, guidance=0, timesteps=[999, 749, 499, 249]))
    # ByteDance/Hyper-SD's and tianweiy/DMD2's UNets of one step.
    lower = [("hyper", 800), ("dmd2", 399)]
    others = [run(pipe, config, embeds, kind, 1, 42, guidance=0, first=first) for kind, first in lower]
    plain = copy.deepcopy(pipe.unet)
    write_lora(pipe.unet)
    pipe.load_lora_weights(LORA)
    # Merged as the cards merge it, into weights of float16, which is what the checkpoint's are.
    pipe.fuse_lora()
    for weight in pipe.unet.parameters():
        weight.data = weight.data.half().float()
    carded = [("lightning", 1), ("lightning", 4), ("turbo", 1), ("hyper", 2), ("lcm", 4), ("tcd", 4)]
    others += [run(pipe, config, embeds, kind, steps, 60 + steps) for kind, steps in carded]
    others.append(run(pipe, config, embeds, "dmd2", 4, 71, guidance=0, timesteps=[999, 749, 499, 249]))
    others += [run(pipe, config, embeds, kind, 1, 72, guidance=0, first=first) for kind, first in lower]
    pipe.unload_lora_weights()
    pipe.unet = told_unet(plain)
    runs += [run(pipe, config, embeds, "lcm", steps, 50 + steps, guidance=8) for steps in STEPS]
    libraries = (torch, diffusers, transformers)
    cond_proj = {"condProj": packed(pipe.unet.time_embedding.cond_proj.weight)}
    write("few-steps", libraries, hashes, {**cond_proj, "runs": runs})
    write("few-step-loras", (*libraries, peft), hashes, {"runs": others})
    for each in runs + others:
        print(each["kind"], each["steps"], each["isTold"], each.get("hasLora", False), each["timesteps"])


if __name__ == "__main__":
    main()
