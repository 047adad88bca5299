"""Runs the references of the samplers and schedules that a request may name apart: the schedules of ComfyUI
on SDXL's table, written to src/schedulers/schedules/oracles/comfyui-sigmas.json, and the samplers of ComfyUI,
diff-sampler, ER-SDE-Solver and diffusers on a small fixed network, written to
src/schedulers/solvers/oracles/sampler-runs.json.

    python samplers.py --comfyui CHECKOUT --diff-sampler CHECKOUT --er-sde CHECKOUT

Wants checkouts of comfyanonymous/ComfyUI (comfy/samplers.py, comfy/k_diffusion/sampling.py and sa_solver.py,
comfy_extras/nodes_align_your_steps.py are read), zju-pi/diff-sampler (diff-solvers-main/solvers.py) and
QinpengCui/ER-SDE-Solver (er_sde_solver.py), and torch, diffusers, scipy and numpy.
"""

import argparse
import ast
import base64
import contextlib
import functools
import importlib.metadata
import json
import math
import pathlib
import types
from collections.abc import Callable
from typing import Union

import diffusers
import numpy
import scipy.stats
import torch

STEPS = [1, 2, 3, 4, 6, 7, 8, 10, 13, 20, 25, 30, 50]
SHAPE = (1, 4, 2, 2)
SEED = 1234567890123
RUN_STEPS = [1, 2, 5, 14]
# Steps of a run and how many of them image to image solves.
PART = (12, 7)
LAMBDA = 0.6
ROOT = pathlib.Path(__file__).parents[3]


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

    def percent_to_sigma(self, percent):
        return self.sigma(torch.tensor((1 - percent) * 999.0)).item()

    def fractional_timestep(self, sigma):
        """k-diffusion's sigma_to_t, in float64."""
        log_sigma, table = math.log(sigma), self.log_sigmas.double()
        low = min(max(int((table <= log_sigma).sum()) - 1, 0), 998)
        weight = (log_sigma - table[low]) / (table[low + 1] - table[low])
        return low + min(max(weight.item(), 0), 1)


def definitions(path, **found):
    """The functions, classes and constants of a file, without its imports and decorators."""
    names = {
        "math": math,
        "numpy": numpy,
        "np": numpy,
        "scipy": scipy,
        "torch": torch,
        "partial": functools.partial,
    }
    found |= names | {"Union": Union, "Callable": Callable}
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Assign)):
            node.decorator_list = []
            # A class over what was not imported is left out.
            with contextlib.suppress(NameError):
                exec(compile(ast.Module([node], []), str(path), "exec"), found)
    return types.SimpleNamespace(**found)


def schedules(checkout):
    samplers = definitions(checkout / "comfy/samplers.py")
    aligned = definitions(checkout / "comfy_extras/nodes_align_your_steps.py").AlignYourStepsScheduler()
    model = ModelSampling()
    named = {
        "sgm_uniform": lambda n: samplers.normal_scheduler(model, n, sgm=True),
        "simple": lambda n: samplers.simple_scheduler(model, n),
        "ddim_uniform": lambda n: samplers.ddim_scheduler(model, n),
        "beta": lambda n: samplers.beta_scheduler(model, n),
        "linear_quadratic": lambda n: samplers.linear_quadratic_schedule(model, n),
        "kl_optimal": lambda n: samplers.kl_optimal_scheduler(
            n, model.sigma_min.item(), model.sigma_max.item()
        ),
        "align_your_steps": lambda n: aligned.get_sigmas("SDXL", n, 1.0)[0],
    }
    return {
        name: {n: [None if math.isnan(x) else x for x in sigmas(n).tolist()] for n in STEPS}
        for name, sigmas in named.items()
    }


class Network:
    """x t / (t + 30) + 0.1 sin(2 x + 0.3 i), in float64, of latents of unit variance; as noise or denoiser.
    The unguided prediction has 0.2 cos(x) more.
    """

    def __init__(self):
        self.calls = 0
        self.sampling = ModelSampling()
        patcher = types.SimpleNamespace(get_model_object=lambda name: self.sampling)
        self.inner_model = types.SimpleNamespace(model_patcher=patcher)

    def noise(self, x, t):
        self.calls += 1
        x, t = x.double(), float(t)
        index = torch.arange(x.numel(), dtype=torch.float64).reshape(x.shape)
        return x * (t / (t + 30)) + 0.1 * torch.sin(2 * x + 0.3 * index)

    def __call__(self, x, sigma, model_options=None, **_):
        sigma = float(sigma.reshape(-1)[0])
        scaled = x.double() / math.sqrt(sigma**2 + 1)
        noise = self.noise(scaled, self.sampling.fractional_timestep(sigma))
        denoised = (x.double() - sigma * noise).to(x.dtype)
        if not model_options:
            return denoised
        unguided = (x.double() - sigma * (noise + 0.2 * torch.cos(scaled))).to(x.dtype)
        args = {"denoised": unguided + LAMBDA * (denoised - unguided), "uncond_denoised": unguided}
        return model_options["post_cfg"](args)


def generator():
    return torch.Generator().manual_seed(SEED)


def picture():
    return torch.cos(torch.arange(math.prod(SHAPE), dtype=torch.float64)).float().reshape(SHAPE)


def karras(n):
    """Karras levels over the whole table as float32, and no noise."""
    low, high = 0.0291675329208374 ** (1 / 7), 14.614646911621094 ** (1 / 7)
    ramp = numpy.linspace(0, 1, n)
    return torch.tensor([*((high + ramp * (low - high)) ** 7), 0.0]).float()


def over_sigmas(function, sigmas, remaining=None, **options):
    """A run in latents = clean + sigma noise; `remaining` steps of it from the picture, or all from noise."""
    network, source = Network(), generator()
    noise = torch.randn(SHAPE, generator=source)
    part = sigmas if remaining is None else sigmas[len(sigmas) - 1 - remaining :]
    x = noise * part[0] if remaining is None else picture() + noise * part[0]
    draw = lambda *_: torch.randn(SHAPE, generator=source)
    return packed(network, function(network, x, part, draw, **options))


def packed(network, latents):
    data = base64.b64encode(latents.float().numpy().astype("<f4").tobytes()).decode()
    return {"calls": network.calls, "latents": data}


def comfyui(checkout):
    folder = checkout / "comfy/k_diffusion"
    comfy = types.SimpleNamespace(
        model_sampling=types.SimpleNamespace(CONST=type("CONST", (), {})),
        model_patcher=types.SimpleNamespace(
            set_model_options_post_cfg_function=lambda options, function, **_: {"post_cfg": function}
        ),
    )
    sampling = definitions(
        folder / "sampling.py",
        comfy=comfy,
        sa_solver=definitions(folder / "sa_solver.py"),
        trange=lambda n, **_: range(n),
        utils=types.SimpleNamespace(append_dims=lambda x, _: x),
    )
    plain = lambda name: lambda model, x, sigmas, _: getattr(sampling, name)(model, x, sigmas)
    noisy = lambda name: (
        lambda model, x, sigmas, draw: getattr(sampling, name)(model, x, sigmas, noise_sampler=draw)
    )
    samplers = {
        name: plain(f"sample_{name}") for name in ("gradient_estimation", "euler_cfg_pp", "dpmpp_2m_cfg_pp")
    }
    samplers |= {name: noisy(f"sample_{name}") for name in ("res_multistep", "er_sde", "sa_solver")}
    return {
        name: {
            "whole": {n: over_sigmas(sampler, karras(n)) for n in RUN_STEPS},
            "part": over_sigmas(sampler, karras(PART[0]), PART[1]),
        }
        for name, sampler in samplers.items()
    }


def diff_sampler(checkout):
    """Its loops end above zero noise."""
    solvers = definitions(
        checkout / "diff-solvers-main/solvers.py", get_denoised=lambda net, x, t, **_: net(x, t)
    )
    sampler = lambda name: (
        lambda model, x, sigmas, _: getattr(solvers, f"{name}_sampler")(model, x / sigmas[0], t_steps=sigmas)
    )
    # Three steps: its weights of order 4 are others than Adams-Bashforth's even there.
    even = torch.linspace(14, 8, 4)
    return {
        "ipndm": over_sigmas(sampler("ipndm"), karras(14)[:-1]),
        "ipndm_v": over_sigmas(sampler("ipndm_v"), karras(14)[:-1]),
        "ipndm_v even": over_sigmas(sampler("ipndm_v"), even),
    }


def er_sde(checkout):
    """Its own sums of 100 points, and the same with 20,000."""

    def run(points):
        def sampler(model, x, sigmas, draw):
            names = types.SimpleNamespace(**{name: getattr(torch, name) for name in dir(torch)})
            names.randn_like = lambda x: draw().double()
            path = checkout / "er_sde_solver.py"
            source = path.read_text().replace("nums_intergrate = 100.0", f"nums_intergrate = {points}.0")
            module = {"torch": names, "math": math, "np": numpy}
            exec(compile("\n".join(source.split("\n")[3:]), str(path), "exec"), module)
            solver = module["ER_SDE_Solver"]("ve", "x_start")
            return solver.ve_3_order_taylor(
                lambda x, t: model(x, t), x.double(), sigmas.double(), sigmas.double()
            )

        return over_sigmas(sampler, karras(14))

    return {"points 100": run(100), "points 20000": run(20000)}


SDXL = {
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "steps_offset": 1,
    "timestep_spacing": "leading",
    "clip_sample": False,
}


def of_diffusers(cls, steps, remaining=None, options=None, **step_options):
    """A run in latents of unit variance; from the picture, the noise of its first level added to that."""
    scheduler = getattr(diffusers, cls).from_config(SDXL, **(options or {}))
    scheduler.set_timesteps(steps)
    timesteps = scheduler.timesteps if remaining is None else scheduler.timesteps[steps - remaining :]
    if remaining is not None:
        scheduler.set_begin_index(steps - remaining)
    network, source = Network(), generator()
    noise = torch.randn(SHAPE, generator=source)
    x = noise if remaining is None else scheduler.add_noise(picture(), noise, timesteps[:1])
    for t in timesteps:
        output = network.noise(x, t).float()
        takes = {"generator": source} if "generator" in scheduler.step.__code__.co_varnames else {}
        result = scheduler.step(output, t, x, **takes, **step_options)
        x = result.prev_sample
    return packed(network, x)


def from_diffusers():
    kinds = {"lcm": ("LCMScheduler", {}), "tcd": ("TCDScheduler", {})}
    runs = {
        name: {
            "whole": {n: of_diffusers(cls, n, **options) for n in [1, 2, 4, 8]},
            "part": of_diffusers(cls, *PART, **options),
        }
        for name, (cls, options) in kinds.items()
    }
    runs["tcd eta"] = {eta: of_diffusers("TCDScheduler", 4, eta=eta) for eta in (0.0, 0.7, 1.0)}
    # To the first training level, as the class ends where its config does not know final_sigmas_type.
    options = {"solver_order": 3, "lower_order_final": False, "timestep_spacing": "linspace"}
    runs["deis"] = {n: of_diffusers("DEISMultistepScheduler", n, options=options) for n in (5, 20)}
    return runs


def written(path, data):
    target = ROOT / path
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(data) + "\n")
    print(f"{target}: {target.stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--comfyui", "--diff-sampler", "--er-sde"):
        parser.add_argument(name, type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    source = {
        "ComfyUI": "comfyanonymous/ComfyUI 02159d814dee609acc27994c1bf25fc5b40e2aaa",
        "diff-sampler": "zju-pi/diff-sampler 68d5ce427f261962b89ce3b0ee8f6b29f0577328",
        "ER-SDE-Solver": "QinpengCui/ER-SDE-Solver 25ca6c2e6b065754a55694dc6941a3259fa0f082",
        **{name: importlib.metadata.version(name) for name in ("torch", "diffusers", "scipy", "numpy")},
    }
    written(
        "src/schedulers/schedules/oracles/comfyui-sigmas.json",
        {"source": source, "schedules": schedules(arguments.comfyui)},
    )
    runs = {
        "comfyui": comfyui(arguments.comfyui),
        "diffSampler": diff_sampler(arguments.diff_sampler),
        "erSde": er_sde(arguments.er_sde),
        "diffusers": from_diffusers(),
    }
    setting = {"seed": SEED, "length": math.prod(SHAPE), "part": PART, "lambda": LAMBDA}
    written("src/schedulers/solvers/oracles/sampler-runs.json", {"source": source, **setting, "runs": runs})


main()
