"""Models of few steps: diffusers' SDXL pipeline with the schedulers of published cards, on the tiny base
checkpoint, in float32 on the CPU.

    python scripts/maintainers/make-oracles/few-steps.py        (node 24 on the PATH; needs torch, diffusers,
    transformers)

Fills src/pipelines/oracles/few-steps.json.gz: versions, the SHA-256 of the weight files, condProj (the weight
[16, 8] of time_embedding.cond_proj that makes the UNet one of LCM's) and runs: kind (as few_step of
model.json), steps, guidanceScale, isTold (whether the UNet has condProj), eta, seed, the timesteps that the
UNet was told and the final latents [4, height / 8, width / 8].
"""

import gzip
import hashlib
import json
import tempfile
from pathlib import Path

import diffusers
import torch
import transformers

from networks import ROOT, packed, write_checkpoint
from pipelines import PROMPT, embeddings, load

OUTPUT = ROOT / "src/pipelines/oracles/few-steps.json.gz"
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


def run(pipe, config, embeds, kind, steps, seed, guidance=None, timesteps=None):
    scheduler, keys, usual, eta = CARDS["lcm" if kind == "dmd2" else kind]
    if kind == "lightning" and steps == 1:
        keys = {**keys, "prediction_type": "sample"}
    pipe.scheduler = scheduler.from_config(config, **keys)
    told = []
    handle = pipe.unet.register_forward_pre_hook(lambda _, args: told.append(float(args[1])))
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
    runs = [
        run(pipe, config, embeds, kind, steps, 30 + steps) for kind in CARDS for steps in STEPS
    ]
    runs.append(run(pipe, config, embeds, "dmd2", 4, 41, guidance=0, timesteps=[999, 749, 499, 249]))
    pipe.unet = told_unet(pipe.unet)
    runs += [run(pipe, config, embeds, "lcm", steps, 50 + steps, guidance=8) for steps in STEPS]
    document = {
        "versions": {module.__name__: module.__version__ for module in (torch, diffusers, transformers)},
        "sha256": hashes,
        "condProj": packed(pipe.unet.time_embedding.cond_proj.weight),
        "runs": runs,
    }
    with gzip.GzipFile(OUTPUT, "wb", mtime=0) as file:
        file.write(json.dumps(document).encode())
    for each in runs:
        print(each["kind"], each["steps"], each["isTold"], each["timesteps"])


if __name__ == "__main__":
    main()
