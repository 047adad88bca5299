"""Runs the diffusers schedulers behind the text-to-image names on a small fixed network and writes every
network call and the result of each run, and their schedules and training tables, to
src/schedulers/oracles/diffusers-trajectories.json.gz.

    python scripts/maintainers/make-oracles/diffusers-schedulers.py

Wants diffusers, torch and scipy.
"""

import base64
import gzip
import importlib.metadata
import json
import math
import pathlib

import diffusers
import numpy as np
import torch

SHAPE = (1, 4, 2, 2)
SEED = 1234567890123
STEPS, IMG2IMG_STEPS, STRENGTH, FRACTION = 25, 30, 0.65, 0.8
SCHEDULE_STEPS = (20, 21, 25, 30, 50, 99, 100)

# stabilityai/stable-diffusion-xl-base-1.0, scheduler/scheduler_config.json
SDXL = {
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "interpolation_type": "linear",
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "sample_max_value": 1.0,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "timestep_spacing": "leading",
    "trained_betas": None,
    "use_karras_sigmas": False,
}

NAMES = {
    "DDIM": ("DDIMScheduler", {}),
    "DPM Multi": ("DPMSolverMultistepScheduler", {}),
    "DPM Single": ("DPMSolverSinglestepScheduler", {}),
    "Euler a": ("EulerAncestralDiscreteScheduler", {}),
    "Euler": ("EulerDiscreteScheduler", {}),
    "Heun": ("HeunDiscreteScheduler", {}),
    "DPM2 a Karras": ("KDPM2AncestralDiscreteScheduler", {"use_karras_sigmas": True}),
    "DPM2 Karras": ("KDPM2DiscreteScheduler", {"use_karras_sigmas": True}),
    "LMS": ("LMSDiscreteScheduler", {}),
    "PNDM": ("PNDMScheduler", {}),
    "DDPM": ("DDPMScheduler", {}),
    "UniPC": ("UniPCMultistepScheduler", {}),
}


def scheduler_for(name, steps, **changes):
    """As a service builds it: X.from_config(pipe.scheduler.config, **options)."""
    base = diffusers.EulerDiscreteScheduler.from_config({**SDXL, **changes})
    cls, options = NAMES[name]
    # from_config warns of keys that the class does not know, which is its documented use here.
    scheduler = getattr(diffusers, cls).from_config(base.config, **options)
    scheduler.set_timesteps(steps)
    return scheduler


def network(x, t):
    """x t / (t + 30) + 0.1 sin(2 x + 0.3 i), in float64 and rounded."""
    t = float(t)
    index = torch.arange(x.numel(), dtype=torch.float64).reshape(x.shape)
    return (x.double() * (t / (t + 30)) + 0.1 * torch.sin(2 * x.double() + 0.3 * index)).float()


def picture():
    return torch.cos(torch.arange(math.prod(SHAPE), dtype=torch.float64)).float().reshape(SHAPE)


def walk(scheduler, timesteps, x, generator, calls):
    takes_generator = "generator" in scheduler.step.__code__.co_varnames
    for t in timesteps:
        shown = scheduler.scale_model_input(x, t)
        calls.append((float(t), shown.clone()))
        options = {"generator": generator} if takes_generator else {}
        x = scheduler.step(network(shown, t), t, x, **options).prev_sample
    return x


def starts_of(scheduler):
    """The timesteps at which steps begin."""
    if isinstance(scheduler, diffusers.PNDMScheduler):
        return torch.from_numpy(scheduler._timesteps[::-1].copy())
    return scheduler.timesteps[:: scheduler.order]


def entered(name, scheduler, step, corrected):
    """The timesteps from step `step` on. LMS and PNDM are entered with their own code, but so that they know
    that they have no history: LMS with the sigmas from there on, PNDM with its second timestep listed twice.
    """
    call = step * scheduler.order
    if corrected and name == "LMS":
        scheduler.sigmas, scheduler.timesteps = scheduler.sigmas[step:], scheduler.timesteps[step:]
        scheduler.set_begin_index(0)
        return scheduler.timesteps
    if corrected and name == "PNDM":
        starts = starts_of(scheduler)
        return torch.cat([starts[step : step + 2], starts[step + 1 :]])
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(call)
    return scheduler.timesteps[call:]


def run_whole(name, **changes):
    scheduler, calls, generator = (
        scheduler_for(name, STEPS, **changes),
        [],
        torch.Generator().manual_seed(SEED),
    )
    x = torch.randn(SHAPE, generator=generator) * scheduler.init_noise_sigma
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    return calls, walk(scheduler, scheduler.timesteps, x, generator, calls)


def run_part(name, corrected=True):
    """The image-to-image pipeline's part of the run (get_timesteps), from the picture."""
    scheduler, calls, generator = scheduler_for(name, IMG2IMG_STEPS), [], torch.Generator().manual_seed(SEED)
    step = IMG2IMG_STEPS - int(IMG2IMG_STEPS * STRENGTH)
    timesteps = entered(name, scheduler, step, corrected)
    x = scheduler.add_noise(picture(), torch.randn(SHAPE, generator=generator), timesteps[:1])
    return calls, walk(scheduler, timesteps, x, generator, calls)


def run_hand_off(name, corrected=True):
    """Base with denoising_end, then refiner with denoising_start; corrected: cut between whole steps."""
    base, refiner = scheduler_for(name, STEPS), scheduler_for(name, STEPS)
    calls, generator = [], torch.Generator().manual_seed(SEED)
    cutoff = round(1000 - FRACTION * 1000)
    x = torch.randn(SHAPE, generator=generator) * base.init_noise_sigma
    if hasattr(base, "set_begin_index"):
        base.set_begin_index(0)
    if corrected:
        step = sum(float(t) >= cutoff for t in starts_of(refiner))
        base_calls = step * base.order + (name == "PNDM")
        timesteps = entered(name, refiner, step, True)
    else:
        base_calls = sum(float(t) >= cutoff for t in base.timesteps)
        count = int((refiner.timesteps < cutoff).sum())
        if refiner.order == 2 and count % 2 == 0:
            count += 1
        start = len(refiner.timesteps) - count
        timesteps = refiner.timesteps[start:]
        if hasattr(refiner, "set_begin_index"):
            refiner.set_begin_index(start)
    x = walk(base, base.timesteps[:base_calls], x, generator, calls)
    return calls, walk(refiner, timesteps, x, generator, calls)


def run_trailing(name):
    scheduler = scheduler_for(name, IMG2IMG_STEPS, timestep_spacing="trailing")
    calls, generator = [], torch.Generator().manual_seed(SEED)
    x = torch.randn(SHAPE, generator=generator) * scheduler.init_noise_sigma
    return calls, walk(scheduler, scheduler.timesteps, x, generator, calls)


ZERO_SNR = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}


def encode(values):
    return base64.b64encode(np.asarray(values, "<f4").tobytes()).decode()


def packed(calls, result):
    return {
        "timesteps": encode([t for t, _ in calls]),
        "inputs": encode(np.concatenate([x.numpy().ravel() for _, x in calls])),
        "latents": encode(result.numpy().ravel()),
    }


def schedule(name, steps, **changes):
    scheduler = scheduler_for(name, steps, **changes)
    sigmas = getattr(scheduler, "sigmas", None)
    if sigmas is not None and scheduler.order == 2:
        sigmas = torch.cat([sigmas[:1], sigmas[1::2][:steps]])
    return {
        "timesteps": encode(starts_of(scheduler)),
        "sigmas": None if sigmas is None else encode(sigmas),
        "initialScale": float(scheduler.init_noise_sigma),
    }


def table(**changes):
    return encode(diffusers.EulerDiscreteScheduler.from_config({**SDXL, **changes}).alphas_cumprod)


def main():
    data = {
        "source": {
            "diffusers": f"huggingface/diffusers {diffusers.__version__}",
            **{name: importlib.metadata.version(name) for name in ("torch", "scipy", "numpy")},
        },
        "config": SDXL,
        "seed": SEED,
        "length": math.prod(SHAPE),
        "steps": STEPS,
        "img2img": {"steps": IMG2IMG_STEPS, "strength": STRENGTH},
        "fraction": FRACTION,
        "whole": {name: packed(*run_whole(name)) for name in NAMES},
        "velocity": {name: packed(*run_whole(name, prediction_type="v_prediction")) for name in NAMES},
        # Of the classes that know rescale_betas_zero_snr, these keep the last sigma finite.
        "zeroSnr": {
            name: packed(*run_whole(name, **ZERO_SNR)) for name in ("DPM Multi", "Euler a", "Euler", "UniPC")
        },
        "part": {name: packed(*run_part(name)) for name in NAMES},
        "handOff": {name: packed(*run_hand_off(name)) for name in NAMES},
        # What diffusers itself does where the above enters or leaves it at a better place.
        "diverging": {
            "part": {name: packed(*run_part(name, corrected=False)) for name in ("LMS", "PNDM")},
            "handOff": {
                name: packed(*run_hand_off(name, corrected=False))
                for name in ("LMS", "PNDM", "Heun", "DPM2 Karras", "DPM2 a Karras")
            },
            "trailing": {name: packed(*run_trailing(name)) for name in ("DDIM", "PNDM")},
            "zeroSnr": {name: packed(*run_whole(name, **ZERO_SNR)) for name in ("DDIM", "DDPM")},
        },
        "schedules": {
            name: {
                **{f"leading {steps}": schedule(name, steps) for steps in SCHEDULE_STEPS},
                **{
                    f"{spacing} {steps}": schedule(name, steps, timestep_spacing=spacing)
                    for spacing in ("trailing", "linspace")
                    for steps in (25, 30)
                },
            }
            for name in NAMES
        },
        # alphas_cumprod
        "tables": {
            "sdxl": table(),
            "zero terminal snr": table(rescale_betas_zero_snr=True),
            "cosine": table(beta_schedule="squaredcos_cap_v2"),
            "linear": table(beta_schedule="linear"),
        },
    }
    target = pathlib.Path(__file__).parents[3] / "src/schedulers/oracles/diffusers-trajectories.json.gz"
    target.write_bytes(gzip.compress(json.dumps(data).encode(), 9, mtime=0))
    print(f"{target}: {target.stat().st_size} bytes")


main()
