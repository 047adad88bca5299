"""Outputs of diffusers and transformers for the networks of tiny checkpoints, in float32 on the CPU.

    python scripts/maintainers/make-oracles/networks.py        (node 24 on the PATH; needs torch, diffusers,
    transformers)

Reads src/networks/oracles/variants.json, has src/checkpoints/synthetic/tiny-checkpoint.ts write each variant
and fills src/networks/oracles/networks.json: library versions and, per variant, the SHA-256 of every weight
file and the outputs as base64 of little-endian float32. Inputs are made from integers by `numbers` below,
which src/networks/testing/oracle-inputs.ts repeats.
"""

import base64
import hashlib
import json
import subprocess
import tempfile
from pathlib import Path

import diffusers
import numpy as np
import torch
import transformers

ROOT = Path(__file__).resolve().parents[3]
ORACLES = ROOT / "src/networks/oracles"
TIMESTEP = 637.25
END_OF_TEXT = 49407


def integers(count, salt):
    """Multiplicative hashing: equal in every language with 32-bit integers."""
    index = np.arange(count, dtype=np.uint64) + np.uint64(salt * 7919)
    return (index * np.uint64(2654435761)) % np.uint64(2**32)


def numbers(shape, salt):
    """Uniform in -1.7 ... 1.7, so of about unit variance."""
    values = (integers(int(np.prod(shape)), salt).astype(np.float64) / 2**31 - 1) * 1.7
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def packed(tensor):
    return base64.b64encode(tensor.detach().contiguous().numpy().astype("<f4").tobytes()).decode()


def write_checkpoint(options, directory):
    script = (
        "import { writeTinyCheckpoints } from './src/checkpoints/synthetic/tiny-checkpoint.ts';"
        "await writeTinyCheckpoints(process.argv[1], JSON.parse(process.argv[2]));"
    )
    command = ["node", "--input-type=module", "-e", script, directory, json.dumps(options)]
    subprocess.run(command, cwd=ROOT, check=True)


def unet(folder, height, width, tokens, time_ids):
    network = diffusers.UNet2DConditionModel.from_pretrained(folder, torch_dtype=torch.float32).eval()
    config = network.config
    pooled = config.projection_class_embeddings_input_dim - time_ids.shape[1] * config.addition_time_embed_dim
    conditions = {"text_embeds": numbers((2, pooled), 3), "time_ids": time_ids}
    sample = numbers((2, config.in_channels, height, width), 1)
    context = numbers((2, tokens, config.cross_attention_dim), 2)
    noise = network(sample, torch.tensor(TIMESTEP), context, added_cond_kwargs=conditions).sample
    return {"noise": packed(noise)}


def text_encoder(folder, model_class):
    network = model_class.from_pretrained(folder, torch_dtype=torch.float32).eval()
    ids = torch.from_numpy((integers(2 * 77, 4) % 49000).astype(np.int64).reshape(2, 77))
    ids[0, 9:] = END_OF_TEXT
    ids[1, 40] = END_OF_TEXT
    ids[1, 41:] = 0
    output = network(ids, output_hidden_states=True)
    result = {"hiddenStates": packed(output.hidden_states[-2])}
    return result | ({"pooled": packed(output.text_embeds)} if "text_embeds" in output else {})


def vae(folder, height, width):
    network = diffusers.AutoencoderKL.from_pretrained(folder, torch_dtype=torch.float32).eval()
    moments = network.encode(numbers((1, 3, height, width), 5)).latent_dist.parameters
    factor = 2 ** (len(network.config.block_out_channels) - 1)
    latents = numbers((1, network.config.latent_channels, height // factor, width // factor), 6)
    return {"moments": packed(moments), "pixels": packed(network.decode(latents).sample)}


def outputs(network, base, refiner):
    name, _, sides = network.partition(" ")
    size = [int(side) for side in sides.split("x")] if sides else []
    if name == "unet":
        return unet(
            base / "unet",
            *size,
            torch.tensor([[768.0, 1344, 0, 64, 1024, 1024], [1024, 1024, 0, 0, 1024, 1024]]),
        )
    if name == "refiner":
        return unet(refiner / "unet", *size, torch.tensor([[1024.0, 1024, 0, 0, 2.5], [1024, 1024, 0, 0, 6]]))
    if name == "vae":
        return vae(base / "vae", *size)
    if name == "textEncoder":
        return text_encoder(base / "text_encoder", transformers.CLIPTextModel)
    return text_encoder(base / "text_encoder_2", transformers.CLIPTextModelWithProjection)


@torch.no_grad()
def main():
    result = {
        "versions": {library.__name__: library.__version__ for library in (torch, diffusers, transformers)},
        "variants": {},
    }
    for name, variant in json.loads((ORACLES / "variants.json").read_text()).items():
        with tempfile.TemporaryDirectory() as directory:
            write_checkpoint(variant["options"], directory)
            base, refiner = Path(directory, "tiny-base"), Path(directory, "tiny-refiner")
            weights = sorted(Path(directory).glob("*/*/*.safetensors"))
            result["variants"][name] = {
                "sha256": {
                    str(file.relative_to(directory)): hashlib.sha256(file.read_bytes()).hexdigest()
                    for file in weights
                },
                "outputs": {network: outputs(network, base, refiner) for network in variant["networks"]},
            }
    (ORACLES / "networks.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
