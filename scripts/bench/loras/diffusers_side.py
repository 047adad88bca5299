"""The side of diffusers for loras.ts: load_lora_weights and fuse_lora on a float16 UNet on the CPU, of
one LoRA and then, after unfuse_lora and unload_lora_weights, of another. Prints what each part cost as
one line of JSON.
"""

import json
import sys
import time
import warnings

import torch
from diffusers import StableDiffusionXLPipeline
from diffusers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
warnings.simplefilter("ignore")

folder, first, following = sys.argv[1:]
without = {"vae": None, "text_encoder": None, "text_encoder_2": None}
without |= {"tokenizer": None, "tokenizer_2": None}
pipe = StableDiffusionXLPipeline.from_pretrained(folder, torch_dtype=torch.float16, **without)
costs = {}


def timed(name, *steps):
    start, cpu = time.perf_counter(), time.process_time()
    for step in steps:
        step()
    costs[name] = {
        "seconds": time.perf_counter() - start,
        "cpuSeconds": time.process_time() - cpu,
    }


def load(file):
    return lambda: pipe.load_lora_weights(file, adapter_name=file.rpartition("/")[2].partition(".")[0])


def fuse():
    pipe.fuse_lora(components=["unet"], lora_scale=0.8)


def take_out():
    pipe.unfuse_lora(components=["unet"])
    pipe.unload_lora_weights()


with torch.no_grad():
    timed("first: load", load(first))
    timed("first: fuse", fuse)
    parts = [costs["first: load"], costs["first: fuse"]]
    costs["first: all"] = {key: sum(part[key] for part in parts) for key in parts[0]}
    timed("next: all", take_out, load(following), fuse)
print(json.dumps(costs))
