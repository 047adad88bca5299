"""The same work as unet.ts with diffusers in float32, for the ratio of the two on one machine.

    python scripts/bench/unet-diffusers.py --checkpoint models/sdxl-base [--side 256] [--steps 3] [--noise noise.f32]

--noise names what unet.ts has written; the largest difference to it is printed, relative to the largest value.
"""

import argparse
import resource
import time

import numpy as np
import torch
from diffusers import UNet2DConditionModel


def numbers(shape, salt):
    index = np.arange(int(np.prod(shape)), dtype=np.uint64) + np.uint64(salt * 7919)
    values = ((index * np.uint64(2654435761)) % np.uint64(2**32)).astype(np.float64) / 2**31 - 1
    return torch.from_numpy((values * 1.7).astype(np.float32).reshape(shape))


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return f"CPU so far: user {usage.ru_utime:.1f} s, system {usage.ru_stime:.1f} s"


@torch.inference_mode()
def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--noise")
    arguments = parser.parse_args()

    start = time.perf_counter()
    unet = UNet2DConditionModel.from_pretrained(f"{arguments.checkpoint}/unet", torch_dtype=torch.float32).eval()
    print(f"load {time.perf_counter() - start:.2f} s; {cpu_seconds()}")

    config = unet.config
    pooled = 1280
    ids = (config.projection_class_embeddings_input_dim - pooled) // config.addition_time_embed_dim
    side = arguments.side // 8
    sample = numbers((2, config.in_channels, side, side), 1)
    context = numbers((2, 77, config.cross_attention_dim), 2)
    whole = float(arguments.side)
    time_ids = [whole, whole, 0, 0, 6] if ids == 5 else [whole, whole, 0, 0, whole, whole]
    conditions = {"text_embeds": numbers((2, pooled), 3), "time_ids": torch.tensor([time_ids] * 2)}
    for step in range(1, arguments.steps + 1):
        start = time.perf_counter()
        noise = unet(sample, torch.tensor(500.0), context, added_cond_kwargs=conditions).sample
        print(f"step {step}, {arguments.side} x {arguments.side}: {time.perf_counter() - start:.2f} s; {cpu_seconds()}")
    if arguments.noise:
        ours = torch.from_numpy(np.fromfile(arguments.noise, dtype="<f4").reshape(noise.shape))
        print(f"relative difference {((ours - noise).abs().max() / noise.abs().max()).item():.2e}")
    print(next(line.strip() for line in open("/proc/self/status") if line.startswith("VmHWM")))


main()
