"""Noise levels of diffusers' schedulers whose config asks for Karras or exponential ones.

    python scripts/maintainers/make-oracles/asked-sigmas.py     (needs torch and diffusers)

Fills src/schedulers/oracles/asked-sigmas.json: the version, SDXL's config, and by the API's name of the
scheduler and by key a list of runs with steps, sigmas and timesteps; second evaluations of Heun are left out.
"""

import json
from pathlib import Path

import diffusers

OUTPUT = Path(__file__).resolve().parents[3] / "src/schedulers/oracles/asked-sigmas.json"
SDXL = {
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "steps_offset": 1,
    "timestep_spacing": "leading",
}
CLASSES = {
    "Euler": diffusers.EulerDiscreteScheduler,
    "Heun": diffusers.HeunDiscreteScheduler,
    "LMS": diffusers.LMSDiscreteScheduler,
    "DPM Multi": diffusers.DPMSolverMultistepScheduler,
    "DPM Single": diffusers.DPMSolverSinglestepScheduler,
    "UniPC": diffusers.UniPCMultistepScheduler,
}


def run(scheduler_class, key, steps):
    scheduler = scheduler_class.from_config({**SDXL, key: True})
    scheduler.set_timesteps(steps)
    timesteps, sigmas = scheduler.timesteps.tolist(), scheduler.sigmas.tolist()
    if scheduler.order == 2 and scheduler_class is diffusers.HeunDiscreteScheduler:
        timesteps, sigmas = timesteps[:1] + timesteps[1::2], sigmas[:1] + sigmas[1::2]
        timesteps = timesteps[:1] + timesteps[2:] if len(timesteps) > steps else timesteps
    return {"steps": steps, "sigmas": sigmas, "timesteps": timesteps}


def main():
    document = {"diffusers": diffusers.__version__, "config": SDXL, "runs": {}}
    for name, scheduler_class in CLASSES.items():
        document["runs"][name] = {
            key: [run(scheduler_class, key, steps) for steps in (20, 25)]
            for key in ("use_karras_sigmas", "use_exponential_sigmas")
        }
    OUTPUT.write_text(json.dumps(document, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
