"""Whole runs of diffusers' SDXL pipelines on the tiny checkpoints, in float32 on the CPU.

    python scripts/maintainers/make-oracles/pipelines.py        (node 24 on the PATH; needs torch, diffusers,
    transformers)

Fills src/pipelines/oracles/pipelines.json.gz. Arrays are base64: little-endian float32 unless a field says
uint8.

versions            of the libraries sha256              weight file -> digest; the numbers hold for these
bytes only embeddings          by checkpoint ("base", "refiner"), then by prompt text: hiddenStates [77,
width], pooled [24].
                    The base's empty prompt is zeros (force_zeros_for_empty_prompt), the refiner's is encoded.
inputPixels         uint8 [height, width, 3], the picture of every image-to-image run
textToImage         one entry per run:
  scheduler, steps, guidanceScale, height, width, prompt, negativePrompt highNoiseFraction null where the base
  runs alone, otherwise diffusers' denoising_end and denoising_start seed, noise       [4, height / 8, width /
  8] standard normals: what torch's CPU generator gives for the seed baseTimesteps, refinerTimesteps     what
  the UNets were told, call by call baseTimeIds, refinerTimeIds         rows of the time ids of the batch,
  negative first (one row without guidance) handOffLatents    what the base handed over, in diffusers' own
  space: latents = clean + sigma * noise for Euler,
                    sqrt(alpha_bar) * clean + sqrt(1 - alpha_bar) * noise for DDIM and UniPC; null without a
                    refiner
  latents           the final ones, [4, height / 8, width / 8], before the division by scaling_factor
  image             uint8 [height, width, 3], or null
imageToImage        one entry per run of StableDiffusionXLImg2ImgPipeline on the base checkpoint:
  scheduler, steps, strength, guidanceScale, height, width, prompt, negativePrompt, seed
  posteriorNoise, addedNoise          the generator's first and second draw, shaped as the latents
  moments           the VAE's [8, height / 8, width / 8]: mean, then log variance
  entryLatents      after adding noise, in diffusers' own space as above
  timesteps, timeIds, latents, image  as above
"""

import base64
import gzip
import hashlib
import json
import tempfile
from pathlib import Path

import diffusers
import numpy as np
import PIL.Image
import torch
import transformers

from networks import ROOT, packed, write_checkpoint

OUTPUT = ROOT / "src/pipelines/oracles/pipelines.json.gz"
HEIGHT, WIDTH = 128, 192
SCHEDULERS = {
    "Euler": diffusers.EulerDiscreteScheduler,
    "DDIM": diffusers.DDIMScheduler,
    "UniPC": diffusers.UniPCMultistepScheduler,
}
PROMPT = "the quick brown fox jumps over the lazy dog"
NEGATIVE = "a photo of a cat"
END_OF_TEXT = 49407


def token_ids(text):
    """From the tokenizer oracles, so that no vocabulary is needed here."""
    cases = json.loads((ROOT / "src/text/oracles/tokens.json").read_text())["cases"]
    return next(case["ids"] for case in cases if case["text"] == text)


def embed(encoders, text):
    parts = []
    for index, encoder in enumerate(encoders):
        ids = [49406, *token_ids(text), END_OF_TEXT]
        pad = 0 if index == len(encoders) - 1 else END_OF_TEXT
        output = encoder(torch.tensor([ids + [pad] * (77 - len(ids))]), output_hidden_states=True)
        parts.append(output.hidden_states[-2])
    return {"hiddenStates": torch.cat(parts, dim=-1), "pooled": output.text_embeds}


def embeddings(pipeline):
    encoders = [
        encoder for encoder in (pipeline.text_encoder, pipeline.text_encoder_2) if encoder is not None
    ]
    result = {text: embed(encoders, text) for text in (PROMPT, NEGATIVE, "")}
    if pipeline.config.force_zeros_for_empty_prompt:
        result[""] = {name: torch.zeros_like(values) for name, values in result[""].items()}
    return result


def conditioning(embeds, prompt, negative):
    return {
        "prompt_embeds": embeds[prompt]["hiddenStates"],
        "pooled_prompt_embeds": embeds[prompt]["pooled"],
        "negative_prompt_embeds": embeds[negative]["hiddenStates"],
        "negative_pooled_prompt_embeds": embeds[negative]["pooled"],
    }


def observed(pipeline, **arguments):
    """Runs a pipeline to latents; with them the UNet's timesteps and time ids."""
    timesteps, time_ids = [], []

    def hook(_, args, kwargs):
        timesteps.append(float(args[1]))
        time_ids[:] = kwargs["added_cond_kwargs"]["time_ids"].tolist()

    handle = pipeline.unet.register_forward_pre_hook(hook, with_kwargs=True)
    latents = pipeline(output_type="latent", **arguments).images
    handle.remove()
    return latents, timesteps, time_ids


def image_of(pipeline, latents):
    pixels = pipeline.vae.decode(latents / pipeline.vae.config.scaling_factor).sample
    (image,) = pipeline.image_processor.postprocess(pixels, output_type="pil")
    return base64.b64encode(np.asarray(image).tobytes()).decode()


def latent_noise(generator):
    return torch.randn((1, 4, HEIGHT // 8, WIDTH // 8), generator=generator)


def text_to_image(base, refiner, embeds, scheduler, steps, fraction, guidance, negative, seed, with_image):
    for pipeline in (base, refiner):
        pipeline.scheduler = SCHEDULERS[scheduler].from_config(pipeline.scheduler.config)
    common = {"num_inference_steps": steps, "guidance_scale": guidance}
    last, refiner_timesteps, refiner_ids, hand_off = base, [], [], None
    latents, base_timesteps, base_ids = observed(
        base,
        height=HEIGHT,
        width=WIDTH,
        generator=torch.Generator().manual_seed(seed),
        denoising_end=fraction,
        **common,
        **conditioning(embeds["base"], PROMPT, negative),
    )
    if fraction is not None:
        last, hand_off = refiner, latents
        latents, refiner_timesteps, refiner_ids = observed(
            refiner,
            image=latents,
            denoising_start=fraction,
            **common,
            **conditioning(embeds["refiner"], PROMPT, negative),
        )
        assert len(base_timesteps) + len(refiner_timesteps) == steps
    return {
        "scheduler": scheduler,
        "steps": steps,
        "guidanceScale": guidance,
        "highNoiseFraction": fraction,
        "height": HEIGHT,
        "width": WIDTH,
        "prompt": PROMPT,
        "negativePrompt": negative,
        "seed": seed,
        "noise": packed(latent_noise(torch.Generator().manual_seed(seed))),
        "baseTimesteps": base_timesteps,
        "refinerTimesteps": refiner_timesteps,
        "baseTimeIds": base_ids,
        "refinerTimeIds": refiner_ids,
        "handOffLatents": None if hand_off is None else packed(hand_off),
        "latents": packed(latents),
        "image": image_of(last, latents) if with_image else None,
    }


def input_pixels():
    y, x, channel = np.indices((HEIGHT, WIDTH, 3))
    return ((x * (channel + 1) + 2 * y + (x * y) // 64) % 256).astype(np.uint8)


def image_to_image(pipeline, embeds, scheduler, negative, seed, with_image):
    steps, strength, guidance = 30, 0.65, 6.5
    pipeline.scheduler = SCHEDULERS[scheduler].from_config(pipeline.scheduler.config)
    entry = []
    add_noise = pipeline.scheduler.add_noise
    pipeline.scheduler.add_noise = lambda *arguments: entry.append(add_noise(*arguments)) or entry[-1]
    picture = PIL.Image.fromarray(input_pixels())
    latents, timesteps, time_ids = observed(
        pipeline,
        image=picture,
        strength=strength,
        num_inference_steps=steps,
        guidance_scale=guidance,
        generator=torch.Generator().manual_seed(seed),
        **conditioning(embeds["base"], PROMPT, negative),
    )
    generator = torch.Generator().manual_seed(seed)
    moments = pipeline.vae.encode(pipeline.image_processor.preprocess(picture)).latent_dist.parameters
    return {
        "scheduler": scheduler,
        "steps": steps,
        "strength": strength,
        "guidanceScale": guidance,
        "height": HEIGHT,
        "width": WIDTH,
        "prompt": PROMPT,
        "negativePrompt": negative,
        "seed": seed,
        "posteriorNoise": packed(latent_noise(generator)),
        "addedNoise": packed(latent_noise(generator)),
        "moments": packed(moments),
        "entryLatents": packed(entry[0]),
        "timesteps": timesteps,
        "timeIds": time_ids,
        "latents": packed(latents),
        "image": image_of(pipeline, latents) if with_image else None,
    }


def load(pipeline_class, folder):
    pipeline = pipeline_class.from_pretrained(folder, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@torch.no_grad()
def main():
    with tempfile.TemporaryDirectory() as directory:
        write_checkpoint({}, directory)
        base = load(diffusers.StableDiffusionXLPipeline, f"{directory}/tiny-base")
        refiner = load(diffusers.StableDiffusionXLImg2ImgPipeline, f"{directory}/tiny-refiner")
        hashes = {
            str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(Path(directory).glob("*/*/*.safetensors"))
        }
    embeds = {"base": embeddings(base), "refiner": embeddings(refiner)}
    from_image = diffusers.StableDiffusionXLImg2ImgPipeline(
        **base.components, requires_aesthetics_score=False
    )
    from_image.set_progress_bar_config(disable=True)
    parts = (base, refiner, embeds)
    document = {
        "versions": {module.__name__: module.__version__ for module in (torch, diffusers, transformers)},
        "sha256": hashes,
        "embeddings": {
            name: {
                text: {key: packed(values) for key, values in pair.items()} for text, pair in by_text.items()
            }
            for name, by_text in embeds.items()
        },
        "inputPixels": base64.b64encode(input_pixels().tobytes()).decode(),
        "textToImage": [
            text_to_image(*parts, "Euler", 25, 0.8, 7.5, "", 11, with_image=True),
            text_to_image(*parts, "DDIM", 25, 0.8, 7.5, "", 12, with_image=False),
            text_to_image(*parts, "UniPC", 25, 0.8, 7.5, "", 13, with_image=False),
            text_to_image(*parts, "UniPC", 20, 0.55, 9.0, NEGATIVE, 14, with_image=False),
            text_to_image(*parts, "Euler", 20, None, 7.5, NEGATIVE, 15, with_image=False),
            text_to_image(*parts, "DDIM", 20, 0.8, 1.0, "", 16, with_image=False),
        ],
        "imageToImage": [
            image_to_image(from_image, embeds, "Euler", "", 21, with_image=False),
            image_to_image(from_image, embeds, "DDIM", "", 22, with_image=False),
            image_to_image(from_image, embeds, "UniPC", NEGATIVE, 23, with_image=True),
        ],
    }
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_bytes(gzip.compress(json.dumps(document).encode(), mtime=0))
    print(OUTPUT.name, OUTPUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
