"""Runs the reference samplers behind the image-to-image names on a small fixed network and writes every
network call and the result of each run to src/schedulers/oracles/k-diffusion-trajectories.json.gz.

    python scripts/maintainers/make-oracles/k-diffusion.py --k-diffusion CHECKOUT --webui CHECKOUT

Wants checkouts of crowsonkb/k-diffusion and AUTOMATIC1111/stable-diffusion-webui
(modules/sd_samplers_extra.py and modules/sd_samplers_timesteps_impl.py are read), and torch, torchsde,
diffusers and scipy.
"""

import argparse
import base64
import gzip
import importlib
import importlib.metadata
import json
import math
import pathlib
import sys
import types
import warnings

import numpy as np
import torch
from diffusers import UniPCMultistepScheduler

SHAPE = (1, 4, 2, 2)
SEED = 1234567890123
STEPS, IMG2IMG_STEPS, STRENGTH = 25, 30, 0.65
# Where the number of steps changes the path: two restarts from 36 steps on, the orders of DPM fast by the
# rest of a division by three, and a stride that does not divide 1000.
FURTHER = [("Restart", 40), ("DPM fast", 20), ("DPM fast", 30), ("DDIM", 60), ("PLMS", 30)]

# name: (k-diffusion sampler, schedule, discard the penultimate sigma, further arguments), as
# modules/sd_samplers_kdiffusion.py of webui 1.6 to 1.8 lists them.
NAMES = {
    "Euler": ("euler", None, False, {}),
    "Euler a": ("euler_ancestral", None, False, {}),
    "LMS": ("lms", None, False, {}),
    "LMS Karras": ("lms", "karras", False, {}),
    "Heun": ("heun", None, False, {}),
    "DPM2": ("dpm_2", None, True, {}),
    "DPM2 Karras": ("dpm_2", "karras", True, {}),
    "DPM2 a": ("dpm_2_ancestral", None, True, {}),
    "DPM2 a Karras": ("dpm_2_ancestral", "karras", True, {}),
    "DPM++ 2S a": ("dpmpp_2s_ancestral", None, False, {}),
    "DPM++ 2S a Karras": ("dpmpp_2s_ancestral", "karras", False, {}),
    "DPM++ 2M": ("dpmpp_2m", None, False, {}),
    "DPM++ 2M Karras": ("dpmpp_2m", "karras", False, {}),
    "DPM++ SDE": ("dpmpp_sde", None, False, {}),
    "DPM++ SDE Karras": ("dpmpp_sde", "karras", False, {}),
    "DPM++ 2M SDE": ("dpmpp_2m_sde", None, False, {}),
    "DPM++ 2M SDE Karras": ("dpmpp_2m_sde", "karras", False, {}),
    "DPM++ 2M SDE Exponential": ("dpmpp_2m_sde", "exponential", False, {}),
    "DPM++ 2M SDE Heun": ("dpmpp_2m_sde", None, False, {"solver_type": "heun"}),
    "DPM++ 2M SDE Heun Karras": ("dpmpp_2m_sde", "karras", False, {"solver_type": "heun"}),
    "DPM++ 2M SDE Heun Exponential": ("dpmpp_2m_sde", "exponential", False, {"solver_type": "heun"}),
    "DPM++ 3M SDE": ("dpmpp_3m_sde", None, True, {}),
    "DPM++ 3M SDE Karras": ("dpmpp_3m_sde", "karras", True, {}),
    "DPM++ 3M SDE Exponential": ("dpmpp_3m_sde", "exponential", True, {}),
    "DPM fast": ("dpm_fast", None, False, {"eta": 1.0}),
    "DPM adaptive": ("dpm_adaptive", None, False, {"eta": 1.0}),
    "Restart": ("restart", "karras", False, {}),
}


def load(arguments):
    """Imports k_diffusion's sampling and external modules and the webui's samplers without other needs."""
    for name in ("torchdiffeq", "torchvision", "torchvision.transforms", "torchvision.transforms.functional"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules["torchdiffeq"].odeint = None
    sys.modules["torchvision.transforms"].functional = sys.modules["torchvision.transforms.functional"]
    package("k_diffusion", arguments.k_diffusion / "k_diffusion")
    package("modules", arguments.webui / "modules")
    sys.modules["modules.shared"] = sys.modules["modules"].shared = types.ModuleType("modules.shared")
    for name in ("modules.models", "modules.models.diffusion"):
        package(name, None)
    # The webui's UniPC is not run: the API's UniPC is the one of diffusers.
    unipc = package("modules.models.diffusion.uni_pc", None)
    unipc.uni_pc = types.SimpleNamespace(UniPC=object)
    return tuple(
        importlib.import_module(name)
        for name in (
            "k_diffusion.sampling",
            "k_diffusion.external",
            "modules.sd_samplers_extra",
            "modules.sd_samplers_timesteps_impl",
        )
    )


def package(name, path):
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = [] if path is None else [str(path)]
    return module


def round_correctly():
    """Makes torch round log, exp, sqrt and pow of float32 correctly. Its vector library is a last bit off on
    some machines, and not the same on all; a Brownian path asked at a sigma one bit away shows it a
    thousandfold.
    """
    for name in ("log", "exp", "sqrt", "__pow__"):
        original = getattr(torch.Tensor, name)

        def rounded(self, *arguments, original=original):
            return original(self.double(), *arguments).to(self.dtype)

        setattr(torch.Tensor, name, rounded)


def alphas_cumprod(dtype):
    """SDXL's table: with float32 betas as in diffusers, with float64 betas as in the webui (sgm)."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=dtype) ** 2
    return torch.cumprod(1 - betas, 0).float()


class Network:
    """noise(x, t) = x t / (t + 30) + 0.1 sin(2 x + 0.3 i), in float64 and rounded; keeps what it is asked."""

    def __init__(self, dtype=torch.float32):
        self.alphas_cumprod = alphas_cumprod(dtype)
        self.calls = []

    def apply_model(self, x, t):
        x64, t64 = x.double(), float(t.reshape(-1)[0])
        self.calls.append((t64, x.clone()))
        index = torch.arange(x.numel(), dtype=torch.float64).reshape(x.shape)
        return (x64 * (t64 / (t64 + 30)) + 0.1 * torch.sin(2 * x64 + 0.3 * index)).float()


class TorchWithNoise:
    """torch for k_diffusion.sampling with randn_like from the image's own generator, as the webui replaces
    it.
    """

    def __init__(self, generator):
        self.generator = generator

    def __getattr__(self, name):
        return getattr(torch, name)

    def randn_like(self, x):
        return torch.randn(x.shape, generator=self.generator)


def picture():
    """Latents of the input picture."""
    return torch.cos(torch.arange(math.prod(SHAPE), dtype=torch.float64)).float().reshape(SHAPE)


def sigmas_for(sampling, model, steps, schedule, discard):
    steps += discard
    low, high = model.sigmas[0].item(), model.sigmas[-1].item()
    if schedule == "karras":
        sigmas = sampling.get_sigmas_karras(n=steps, sigma_min=low, sigma_max=high)
    elif schedule == "exponential":
        sigmas = sampling.get_sigmas_exponential(n=steps, sigma_min=low, sigma_max=high)
    else:
        sigmas = model.get_sigmas(steps)
    return torch.cat([sigmas[:-2], sigmas[-1:]]) if discard else sigmas


def run_sigmas(modules, name, steps, remaining, dtype=torch.float32):
    """A k-diffusion name; `remaining` steps of the schedule from the picture, or all from noise: None."""
    sampling, external, extra, _ = modules
    sampler, schedule, discard, options = NAMES[name]
    network = Network(dtype)
    model = external.CompVisDenoiser(network)
    sigmas = sigmas_for(sampling, model, steps, schedule, discard)
    generator = torch.Generator().manual_seed(SEED)
    noise = torch.randn(SHAPE, generator=generator)
    part = sigmas if remaining is None else sigmas[len(sigmas) - 1 - remaining :]
    x = noise * part[0] if remaining is None else picture() + noise * part[0]
    function = extra.restart_sampler if sampler == "restart" else getattr(sampling, f"sample_{sampler}")
    arguments = {**options, "disable": True}
    if sampler.endswith("_sde") or sampler == "dpmpp_sde":
        positive = sigmas[sigmas > 0]
        arguments["noise_sampler"] = sampling.BrownianTreeNoiseSampler(
            x, positive.min(), sigmas.max(), seed=[SEED]
        )
    if sampler in ("dpm_fast", "dpm_adaptive"):
        arguments |= {"sigma_min": part[-2].item(), "sigma_max": part[0].item()}
        if sampler == "dpm_fast":
            arguments["n"] = len(part) - 1
    else:
        arguments["sigmas"] = part
    sampling.torch = TorchWithNoise(generator)
    result = function(model, x, **arguments)
    sampling.torch = torch
    return network.calls, result


def run_timesteps(modules, name, steps, remaining, start=None):
    """DDIM or PLMS of the webui; `start` is the index of the noise the picture gets, where not that of the
    part.
    """
    sampling, _, _, implementation = modules
    network = Network()
    timesteps = torch.clip(torch.asarray(list(range(0, 1000, 1000 // steps))) + 1, 0, 999)
    part = timesteps if remaining is None else timesteps[: remaining + 1]
    generator = torch.Generator().manual_seed(SEED)
    x = torch.randn(SHAPE, generator=generator)
    if remaining is not None:
        alpha = network.alphas_cumprod[part[-1] if start is None else timesteps[start]]
        x = picture() * torch.sqrt(alpha) + x * torch.sqrt(1 - alpha)
    model = types.SimpleNamespace(inner_model=types.SimpleNamespace(inner_model=network))
    call = lambda x, t: network.apply_model(x, t)
    wrapped = type(
        "Model", (), {"inner_model": model.inner_model, "__call__": lambda self, x, t: call(x, t)}
    )()
    sampling.torch = TorchWithNoise(generator)
    result = getattr(implementation, name.lower())(wrapped, x, part, disable=True)
    sampling.torch = torch
    return network.calls, result


def run_unipc(steps, remaining):
    """diffusers' UniPC with SDXL's scheduler_config.json."""
    scheduler = UniPCMultistepScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="epsilon",
        timestep_spacing="leading",
        steps_offset=1,
    )
    scheduler.set_timesteps(steps)
    begin = 0 if remaining is None else steps - remaining
    scheduler.set_begin_index(begin)
    noise = torch.randn(SHAPE, generator=torch.Generator().manual_seed(SEED))
    x = noise
    if remaining is not None:
        x = scheduler.add_noise(picture(), noise, scheduler.timesteps[begin : begin + 1])
    network = Network()
    for t in scheduler.timesteps[begin:]:
        x = scheduler.step(network.apply_model(x, t), t, x).prev_sample
    return network.calls, x


def packed(calls, result):
    encode = lambda values: base64.b64encode(np.asarray(values, "<f4").tobytes()).decode()
    return {
        "timesteps": encode([t for t, _ in calls]),
        "inputs": encode(np.concatenate([x.numpy().ravel() for _, x in calls])),
        "latents": encode(result.numpy().ravel()),
    }


def main():
    # torchsde warns of queries clamped into its rounded interval, which is what we want to reproduce.
    warnings.filterwarnings("ignore", message="Should have")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--k-diffusion", type=pathlib.Path, required=True)
    parser.add_argument("--webui", type=pathlib.Path, required=True)
    modules = load(parser.parse_args())
    round_correctly()
    remaining = math.floor(IMG2IMG_STEPS * STRENGTH)

    runs = {name: lambda *part, name=name: run_sigmas(modules, name, *part) for name in NAMES}
    runs |= {name: lambda *part, name=name: run_timesteps(modules, name, *part) for name in ("DDIM", "PLMS")}
    runs["UniPC"] = run_unipc
    data = {
        "source": {
            "k-diffusion": "crowsonkb/k-diffusion 4601bf085320592473f681a62808ed873d17fad5",
            "webui": "AUTOMATIC1111/stable-diffusion-webui 1.6 to 1.8, "
            "modules/sd_samplers_{kdiffusion,extra,timesteps_impl}.py",
            **{
                name: importlib.metadata.version(name)
                for name in ("torch", "torchsde", "diffusers", "scipy", "numpy")
            },
        },
        "seed": SEED,
        "length": math.prod(SHAPE),
        "steps": STEPS,
        "img2img": {"steps": IMG2IMG_STEPS, "strength": STRENGTH},
        "whole": {name: packed(*run(STEPS, None)) for name, run in runs.items()},
        "part": {name: packed(*run(IMG2IMG_STEPS, remaining)) for name, run in runs.items()},
        "further": [
            {"name": name, "steps": steps, **packed(*runs[name](steps, None))} for name, steps in FURTHER
        ],
        # What the webui itself does for this strength: one step more on the sigma schedules; DDIM and PLMS
        # add the noise of the timestep above the first they solve; its betas are float64, which moves the
        # sigmas by 3e-7 and a Brownian path is rough.
        "webui": {
            "DPM++ 2M SDE": packed(
                *run_sigmas(modules, "DPM++ 2M SDE", IMG2IMG_STEPS, remaining, torch.float64)
            ),
            "Euler": packed(*run_sigmas(modules, "Euler", IMG2IMG_STEPS, remaining + 1)),
            "DDIM": packed(*run_timesteps(modules, "DDIM", IMG2IMG_STEPS, remaining - 1, start=remaining)),
            "PLMS": packed(*run_timesteps(modules, "PLMS", IMG2IMG_STEPS, remaining - 1, start=remaining)),
        },
    }
    target = pathlib.Path(__file__).parents[3] / "src/schedulers/oracles/k-diffusion-trajectories.json.gz"
    target.write_bytes(gzip.compress(json.dumps(data).encode(), 9, mtime=0))
    print(f"{target}: {target.stat().st_size} bytes")


main()
