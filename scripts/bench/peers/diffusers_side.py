"""The side of diffusers: a program for compare.ts, the counterpart of ours.ts.

Float32 on the CPU, float16 on a GPU (the VAE as the checkpoint's force_upcast says), without progress bars
and watermark. Tokenisation (microseconds) is not part of its work: the other side's token ids are given, so
that both encode the same.
"""

import io
import json
import resource
import sys
import time
import warnings

import diffusers
import numpy as np
import torch
from diffusers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
warnings.simplefilter("ignore")

work = json.loads(sys.argv[1])
device = work["device"].replace("webgpu", "cuda")
if "threads" in work:
    torch.set_num_threads(work["threads"])
dtype = torch.float32 if device == "cpu" else torch.float16


def say(**message):
    print(json.dumps(message), flush=True)


def numbers(shape, salt):
    """oracleNumbers of src/networks/testing/oracle-inputs.ts."""
    index = np.arange(int(np.prod(shape)), dtype=np.uint64) + np.uint64(salt * 7919)
    values = ((index * np.uint64(2654435761)) % np.uint64(2**32)).astype(np.float64) / 2**31 - 1
    return torch.from_numpy((values * 1.7).astype(np.float32).reshape(shape)).to(device, dtype)


def unet_step():
    folder = work["checkpoint"]
    unet = (
        diffusers.UNet2DConditionModel.from_pretrained(folder, subfolder="unet", torch_dtype=dtype)
        .eval()
        .to(device)
    )
    with open(f"{folder}/vae/config.json") as file:
        factor = 2 ** (len(json.load(file)["block_out_channels"]) - 1)
    with open(f"{folder}/model_index.json") as file:
        aesthetics = json.load(file).get("requires_aesthetics_score", False)
    config = unet.config
    count = 5 if aesthetics else 6
    pooled = config.projection_class_embeddings_input_dim - count * config.addition_time_embed_dim
    whole = float(work["side"])
    side = work["side"] // factor
    sample = numbers((2, config.in_channels, side, side), 1)
    context = numbers((2, 77, config.cross_attention_dim), 2)
    time_ids = [whole, whole, 0, 0, 6] if aesthetics else [whole, whole, 0, 0, whole, whole]
    added = {"text_embeds": numbers((2, pooled), 3), "time_ids": torch.tensor([time_ids] * 2, device=device)}
    timestep = torch.tensor(500.0, device=device)

    def run():
        noise = unet(sample, timestep, context, added_cond_kwargs=added).sample
        return noise.float().cpu().numpy().astype("<f4").tobytes()

    return run


def embeds_of(pipe, tokens):
    """Prompt and negative prompt as the pipelines' encode_prompt makes them of token ids."""
    encoders = [each for each in (pipe.text_encoder, pipe.text_encoder_2) if each is not None]
    sides = []
    for prompt in (0, 1):
        states = []
        for index, encoder in enumerate(encoders):
            ids = torch.tensor([tokens[2 * index + prompt]], device=device)
            out = encoder(ids, output_hidden_states=True)
            pooled = out[0]
            states.append(out.hidden_states[-2])
        sides.append((torch.cat(states, dim=-1), pooled))
        if prompt == 0 and pipe.config.force_zeros_for_empty_prompt:
            sides.append(tuple(torch.zeros_like(each) for each in sides[0]))
            break
    (positive, pooled), (negative, negative_pooled) = sides
    return {
        "prompt_embeds": positive,
        "pooled_prompt_embeds": pooled,
        "negative_prompt_embeds": negative,
        "negative_pooled_prompt_embeds": negative_pooled,
    }


def image():
    picture = work["picture"]
    base = diffusers.StableDiffusionXLPipeline.from_pretrained(
        work["checkpoint"], tokenizer=None, tokenizer_2=None, torch_dtype=dtype, add_watermarker=False
    ).to(device)
    pipes = [base]
    if "refiner" in work:
        pipes.append(
            diffusers.StableDiffusionXLImg2ImgPipeline.from_pretrained(
                work["refiner"],
                tokenizer=None,
                tokenizer_2=None,
                text_encoder=None,
                torch_dtype=dtype,
                add_watermarker=False,
            ).to(device)
        )
    for pipe in pipes:
        pipe.set_progress_bar_config(disable=True)
        pipe.scheduler = diffusers.EulerDiscreteScheduler.from_config(pipe.scheduler.config)
    common = {"num_inference_steps": picture["steps"], "guidance_scale": picture["guidanceScale"]}
    fraction = picture["highNoiseFraction"]

    def run():
        # The seed's numbers are drawn on the CPU and in float32, as ours are, whatever is computed in.
        generator = torch.Generator("cpu").manual_seed(picture["seed"])
        shape = (1, base.unet.config.in_channels, *[work["side"] // base.vae_scale_factor] * 2)
        noise = torch.randn(shape, generator=generator, dtype=torch.float32).to(device, dtype)
        embeds = embeds_of(base, work["tokens"][0])
        if len(pipes) == 1:
            made = base(height=work["side"], width=work["side"], latents=noise, **common, **embeds).images[0]
        else:
            latents = base(
                height=work["side"],
                width=work["side"],
                latents=noise,
                denoising_end=fraction,
                output_type="latent",
                **common,
                **embeds,
            ).images
            embeds = embeds_of(pipes[1], work["tokens"][1])
            # The pipeline wants an image and, with `latents`, has no use for it.
            made = pipes[1](
                image=torch.zeros(1, 4, 8, 8),
                latents=latents,
                denoising_start=fraction,
                generator=generator,
                **common,
                **embeds,
            ).images[0]
        file = io.BytesIO()
        made.save(file, "JPEG", quality=95, subsampling=0)
        return file.getvalue()

    return run


@torch.inference_mode()
def main():
    start = time.perf_counter()
    run = unet_step() if work["kind"] == "unet-step" else image()
    versions = (
        f"diffusers {diffusers.__version__}, torch {torch.__version__}, {torch.get_num_threads()} threads"
    )
    say(name=versions, loadSeconds=time.perf_counter() - start)
    for _ in sys.stdin:
        start, cpu_start = time.perf_counter(), time.process_time()
        made = run()
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
        say(
            seconds=seconds,
            cpuSeconds=cpu_seconds,
            peakMegabytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )
        with open(work["output"], "wb") as file:
            file.write(made)


main()
