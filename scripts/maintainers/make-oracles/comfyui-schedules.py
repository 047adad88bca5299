"""Asks ComfyUI's own functions for the noise levels of its schedules on SDXL's table and writes them to
src/schedulers/schedules/oracles/comfyui-sigmas.json.

    python scripts/maintainers/make-oracles/comfyui-schedules.py --comfyui CHECKOUT

Wants a checkout of comfyanonymous/ComfyUI (comfy/samplers.py and comfy_extras/nodes_align_your_steps.py are
read), and torch, scipy and numpy.
"""

import argparse
import ast
import importlib.metadata
import json
import math
import pathlib
import types

import numpy
import scipy.stats
import torch

STEPS = [1, 2, 3, 4, 6, 7, 8, 10, 13, 20, 25, 30, 50]


class ModelSampling:
    """What the functions read of ModelSamplingDiscrete, over the table of diffusers' SDXL config."""

    def __init__(self):
        betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
        alphas = torch.cumprod(1 - betas, 0)
        self.sigmas = ((1 - alphas) / alphas) ** 0.5
        self.log_sigmas = self.sigmas.log()
        self.sigma_min, self.sigma_max = self.sigmas[0], self.sigmas[-1]

    def timestep(self, sigma):
        return (sigma.log() - self.log_sigmas).abs().argmin()

    def sigma(self, timestep):
        low, high, weight = timestep.floor().long(), timestep.ceil().long(), timestep.frac()
        return ((1 - weight) * self.log_sigmas[low] + weight * self.log_sigmas[high]).exp()


def definitions(path):
    """The functions, classes and constants of a file, without its imports."""
    kinds = (ast.FunctionDef, ast.ClassDef, ast.Assign)
    tree = ast.parse(path.read_text())
    wanted = [
        node for node in tree.body if isinstance(node, kinds) and not getattr(node, "decorator_list", None)
    ]
    found = {"math": math, "numpy": numpy, "np": numpy, "scipy": scipy, "torch": torch}
    for node in wanted:
        try:
            exec(compile(ast.Module([node], []), str(path), "exec"), found)
        except NameError:
            pass  # A class over what was not imported.
    return types.SimpleNamespace(**found)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comfyui", type=pathlib.Path, required=True)
    checkout = parser.parse_args().comfyui
    samplers = definitions(checkout / "comfy/samplers.py")
    aligned = definitions(checkout / "comfy_extras/nodes_align_your_steps.py").AlignYourStepsScheduler()
    model = ModelSampling()
    schedules = {
        "sgm_uniform": lambda n: samplers.normal_scheduler(model, n, sgm=True),
        "simple": lambda n: samplers.simple_scheduler(model, n),
        "ddim_uniform": lambda n: samplers.ddim_scheduler(model, n),
        "beta": lambda n: samplers.beta_scheduler(model, n),
        "linear_quadratic": lambda n: samplers.linear_quadratic_schedule(model, n),
        "kl_optimal": lambda n: samplers.kl_optimal_scheduler(n, model.sigma_min.item(), model.sigma_max.item()),
        "align_your_steps": lambda n: aligned.get_sigmas("SDXL", n, 1.0)[0],
    }
    data = {
        "source": {
            "ComfyUI": "comfyanonymous/ComfyUI 02159d814dee609acc27994c1bf25fc5b40e2aaa",
            **{name: importlib.metadata.version(name) for name in ("torch", "scipy", "numpy")},
        },
        "schedules": {
            name: {n: [None if math.isnan(x) else x for x in sigmas(n).tolist()] for n in STEPS}
            for name, sigmas in schedules.items()
        },
    }
    target = pathlib.Path(__file__).parents[3] / "src/schedulers/schedules/oracles/comfyui-sigmas.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(data) + "\n")
    print(f"{target}: {target.stat().st_size} bytes")


main()
