"""The side of diffusers for cuda.ts: peers/diffusers_side.py, its UNets compiled where the work says
"compile".

Eager is what diffusers does by default in float16: scaled_dot_product_attention, contiguous memory. Compiled
is what its documentation recommends for speed: channels last, torch.compile with mode max-autotune and the
full graph.
"""

import json
import pathlib
import runpy
import sys

import diffusers
import torch


def compile_unets():
    original = diffusers.UNet2DConditionModel.from_pretrained

    def from_pretrained(*arguments, **options):
        unet = original(*arguments, **options).to(memory_format=torch.channels_last)
        unet.forward = torch.compile(unet.forward, mode="max-autotune", fullgraph=True)
        return unet

    diffusers.UNet2DConditionModel.from_pretrained = from_pretrained


if json.loads(sys.argv[1]).get("compile"):
    compile_unets()
runpy.run_path(str(pathlib.Path(__file__).parent / "peers" / "diffusers_side.py"), run_name="__main__")
