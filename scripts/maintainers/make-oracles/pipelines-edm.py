"""Runs of diffusers' SDXL pipelines with EDM schedulers on the tiny checkpoint, in float32 on the CPU.

    python scripts/maintainers/make-oracles/pipelines-edm.py    (node 24 on the PATH; needs torch, diffusers,
    transformers)

Fills src/pipelines/oracles/pipelines-edm.json.gz; arrays are base64 of little-endian float32.

sha256       weight file -> digest; the numbers hold for these bytes only
inputPixels  as in pipelines.py
runs         one entry per run; beside the fields of pipelines.py:
  title
  scheduler            the API's name of the method
  schedulerConfig      scheduler_config.json
  vaeConfig            keys that replace those of the tiny VAE's config.json
  strength             null for text to image
  timesteps            what the UNet was told
  latents              the final ones, as the UNet sees them
  unscaled             as the VAE's decoder sees them
"""

import base64
import gzip
import hashlib
import json
import tempfile
from pathlib import Path

import diffusers
import PIL.Image
import torch

from networks import ROOT, packed, write_checkpoint
from pipelines import HEIGHT, NEGATIVE, PROMPT, WIDTH, conditioning, embeddings, input_pixels, load, observed

OUTPUT = ROOT / "src/pipelines/oracles/pipelines-edm.json.gz"
# playgroundai/playground-v2.5-1024px-aesthetic: scheduler/scheduler_config.json and vae/config.json.
PLAYGROUND = {
    "_class_name": "EDMDPMSolverMultistepScheduler",
    "algorithm_type": "dpmsolver++",
    "dynamic_thresholding_ratio": 0.995,
    "euler_at_final": False,
    "final_sigmas_type": "zero",
    "lower_order_final": True,
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "rho": 7.0,
    "sample_max_value": 1.0,
    "sigma_data": 0.5,
    "sigma_max": 80.0,
    "sigma_min": 0.002,
    "solver_order": 2,
    "solver_type": "midpoint",
    "thresholding": False,
}
PLAYGROUND_VAE = {
    "scaling_factor": 0.5,
    "latents_mean": [-1.6574, 1.886, -1.383, 2.5155],
    "latents_std": [8.4927, 5.9022, 6.5498, 5.2299],
}
EULER = {"_class_name": "EDMEulerScheduler", "prediction_type": "epsilon"}
COSXL = {
    "_class_name": "EDMEulerScheduler",
    "prediction_type": "v_prediction",
    "sigma_data": 1.0,
    "sigma_max": 120.0,
    "sigma_min": 0.002,
    "sigma_schedule": "exponential",
}


def run(base, embeds, title, name, config, vae, steps, strength, seed):
    components = dict(base.components)
    components["scheduler"] = getattr(diffusers, config["_class_name"]).from_config(config)
    # from_config drops keys that an earlier config left to their defaults.
    known = {key: value for key, value in base.vae.config.items() if key != "_use_default_values"}
    components["vae"] = diffusers.AutoencoderKL.from_config({**known, **vae})
    assert all(list(components["vae"].config[key]) == vae[key] for key in vae if key.startswith("latents"))
    components["vae"].load_state_dict(base.vae.state_dict())
    text = strength is None
    kind = diffusers.StableDiffusionXLPipeline if text else diffusers.StableDiffusionXLImg2ImgPipeline
    pipeline = kind(**components)
    pipeline.set_progress_bar_config(disable=True)
    arguments = (
        {"height": HEIGHT, "width": WIDTH}
        if text
        else {"image": PIL.Image.fromarray(input_pixels()), "strength": strength}
    )
    latents, timesteps, _ = observed(
        pipeline,
        num_inference_steps=steps,
        guidance_scale=5.0,
        generator=torch.Generator().manual_seed(seed),
        **arguments,
        **conditioning(embeds, PROMPT, NEGATIVE),
    )
    unscaled = latents / pipeline.vae.config.scaling_factor
    if "latents_mean" in vae:
        mean, std = (torch.tensor(vae[key]).view(1, 4, 1, 1) for key in ("latents_mean", "latents_std"))
        unscaled = latents * std / pipeline.vae.config.scaling_factor + mean
    return {
        "title": title,
        "scheduler": name,
        "schedulerConfig": config,
        "vaeConfig": vae,
        "steps": steps,
        "strength": strength,
        "guidanceScale": 5.0,
        "height": HEIGHT,
        "width": WIDTH,
        "prompt": PROMPT,
        "negativePrompt": NEGATIVE,
        "seed": seed,
        "timesteps": timesteps,
        "latents": packed(latents),
        "unscaled": packed(unscaled),
    }


@torch.no_grad()
def main():
    with tempfile.TemporaryDirectory() as directory:
        write_checkpoint({}, directory)
        base = load(diffusers.StableDiffusionXLPipeline, f"{directory}/tiny-base")
        hashes = {
            str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(Path(directory).glob("tiny-base/*/*.safetensors"))
        }
    embeds = embeddings(base)
    runs = [
        ("Playground 2.5 as published", "DPM Multi", PLAYGROUND, PLAYGROUND_VAE, 25, None, 31),
        ("a short run", "DPM Multi", PLAYGROUND, PLAYGROUND_VAE, 12, None, 32),
        (
            "an exponential schedule",
            "DPM Multi",
            {**PLAYGROUND, "sigma_schedule": "exponential"},
            {},
            25,
            None,
            33,
        ),
        ("EDM Euler by its defaults", "Euler", EULER, {}, 25, None, 34),
        (
            "another range, exponent and spread",
            "Euler",
            {**EULER, "sigma_min": 0.01, "sigma_max": 40.0, "rho": 5.0, "sigma_data": 0.8},
            {},
            20,
            None,
            35,
        ),
        ("CosXL", "Euler", COSXL, {}, 25, None, 36),
        ("an end at the least noise", "Euler", {**EULER, "final_sigmas_type": "sigma_min"}, {}, 20, None, 37),
        ("image to image", "DPM Multi", PLAYGROUND, PLAYGROUND_VAE, 30, 0.65, 38),
        ("image to image with Euler", "Euler", EULER, {}, 30, 0.4, 39),
    ]
    document = {
        "versions": {module.__name__: module.__version__ for module in (torch, diffusers)},
        "sha256": hashes,
        "inputPixels": base64.b64encode(input_pixels().tobytes()).decode(),
        "runs": [run(base, embeds, *parts) for parts in runs],
    }
    OUTPUT.write_bytes(gzip.compress(json.dumps(document).encode(), mtime=0))
    print(OUTPUT.name, OUTPUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
