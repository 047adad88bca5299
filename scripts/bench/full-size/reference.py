"""One network of a checkpoint in diffusers or transformers, in float32 (or float64) on the CPU: a program
for full-size.ts.

    python reference.py '{"folder": ..., "network": "unet", "side": 256, "smooth": false, "out": ...,
        "dtype": "float64" or null, "export": DIR or null}'

Runs it once on the inputs that network-outputs.ts makes too and writes each output as little-endian float32
into `out`. With `export`, torch.onnx.export also writes it there as Hugging Face optimum lays it out and
names inputs and outputs: by tracing (optimum's way), weights of more than 2 GB in one file beside the model.
The last line printed is a JSON object.
"""

import json
import resource
import sys
import time
import warnings
from pathlib import Path

import diffusers
import numpy as np
import onnx
import torch
import transformers

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "maintainers" / "make-oracles"))
from networks import END_OF_TEXT, integers, numbers  # noqa: E402

warnings.simplefilter("ignore")
transformers.utils.logging.disable_progress_bar()
OPSET = 17


class Network(torch.nn.Module):
    """A module whose forward is `call`, with tensors only."""

    def __init__(self, module, call):
        super().__init__()
        self.module = module
        self.call = call

    def forward(self, *inputs):
        return self.call(self.module, *inputs)


def smooth_maps(shape, salt):
    """smoothMaps of network-outputs.ts."""
    batch, channels, height, width = shape
    phase = np.arange(batch * channels).reshape(batch, channels, 1, 1) + salt
    line, column = np.arange(height).reshape(height, 1), np.arange(width)
    wave = np.sin(2 * line / height + 1.5 * column / width + phase)
    return torch.from_numpy((0.5 * np.sin(phase) + 0.3 * wave).astype(np.float32))


def oracle_ids():
    """oracleIds of src/networks/testing/oracle-inputs.ts."""
    ids = torch.from_numpy((integers(2 * 77, 4) % 49000).astype(np.int64).reshape(2, 77))
    ids[0, 9:] = END_OF_TEXT
    ids[1, 40] = END_OF_TEXT
    ids[1, 41:] = 0
    return ids


def text_encoder(folder, name, side, maps):
    projected = name == "text_encoder_2"
    kind = transformers.CLIPTextModelWithProjection if projected else transformers.CLIPTextModel
    # The fused attention's mask cannot be traced.
    module = kind.from_pretrained(folder / name, dtype=torch.float32, attn_implementation="eager").eval()
    layers = module.config.num_hidden_layers
    first = "text_embeds" if projected else "pooler_output"

    def call(module, ids):
        made = module(input_ids=ids, output_hidden_states=True)
        return (made[first], made.last_hidden_state, *made.hidden_states)

    outputs = [first, "last_hidden_state", *(f"hidden_states.{layer}" for layer in range(layers + 1))]
    taken = {"hidden states": f"hidden_states.{layers - 1}"} | ({"pooled": first} if projected else {})
    axes = {"input_ids": {0: "batch_size", 1: "sequence_length"}}
    return module, call, {"input_ids": oracle_ids()}, outputs, taken, axes


def vae(folder, name, side, maps):
    module = diffusers.AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=torch.float32).eval()
    factor = 2 ** (len(module.config.block_out_channels) - 1)
    axes = {0: "batch_size", 2: "height", 3: "width"}
    if name == "vae_encoder":
        inputs = {"sample": maps((1, module.config.in_channels, side, side), 5)}
        call = lambda module, sample: (module.encode(sample).latent_dist.parameters,)
        return module, call, inputs, ["latent_parameters"], {"moments": "latent_parameters"}, {"sample": axes}
    latents = maps((1, module.config.latent_channels, side // factor, side // factor), 6)
    call = lambda module, latents: (module.decode(latents).sample,)
    return module, call, {"latent_sample": latents}, ["sample"], {"pixels": "sample"}, {"latent_sample": axes}


def unet(folder, name, side, maps):
    module = diffusers.UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32).eval()
    config = module.config
    factor = 2 ** (len(json.loads((folder / "vae/config.json").read_text())["block_out_channels"]) - 1)
    aesthetics = json.loads((folder / "model_index.json").read_text()).get("requires_aesthetics_score", False)
    time_ids = [side, side, 0, 0, 6] if aesthetics else [side, side, 0, 0, side, side]
    pooled = config.projection_class_embeddings_input_dim - len(time_ids) * config.addition_time_embed_dim
    inputs = {
        "sample": maps((2, config.in_channels, side // factor, side // factor), 1),
        "timestep": torch.tensor(500.0),
        "encoder_hidden_states": numbers((2, 77, config.cross_attention_dim), 2),
        "text_embeds": numbers((2, pooled), 3),
        "time_ids": torch.tensor([time_ids] * 2, dtype=torch.float32),
    }

    def call(module, sample, timestep, context, text_embeds, time_ids):
        added = {"text_embeds": text_embeds, "time_ids": time_ids}
        return (module(sample, timestep, context, added_cond_kwargs=added).sample,)

    axes = {
        "sample": {0: "batch_size", 2: "height", 3: "width"},
        "encoder_hidden_states": {0: "batch_size", 1: "sequence_length"},
        "text_embeds": {0: "batch_size"},
        "time_ids": {0: "batch_size"},
    }
    return module, call, inputs, ["out_sample"], {"noise": "out_sample"}, axes


NETWORKS = {
    "text_encoder": text_encoder,
    "text_encoder_2": text_encoder,
    "vae_encoder": vae,
    "vae_decoder": vae,
    "unet": unet,
}


def export(network, inputs, outputs, axes, directory):
    directory.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        network,
        tuple(inputs.values()),
        # Weights of more than 2 GB are written only where this is a string.
        str(directory / "model.onnx"),
        input_names=list(inputs),
        output_names=outputs,
        dynamic_axes=axes,
        opset_version=OPSET,
        # Folding would hold a second, transposed copy of every linear layer in memory.
        do_constant_folding=False,
        dynamo=False,
    )
    gather_weights(directory)


def gather_weights(directory):
    """Above 2 GB torch writes a file for each tensor; optimum gathers them in one."""
    model = onnx.load(directory / "model.onnx", load_external_data=False)
    large = [each for each in model.graph.initializer if each.data_location == onnx.TensorProto.EXTERNAL]
    if not large:
        return
    with open(directory / "model.onnx_data", "wb") as data:
        for each in large:
            part = directory / onnx.external_data_helper.ExternalDataInfo(each).location
            offset = data.tell()
            length = data.write(part.read_bytes())
            del each.external_data[:]
            for key, value in (("location", "model.onnx_data"), ("offset", offset), ("length", length)):
                each.external_data.add(key=key, value=str(value))
            part.unlink()
    onnx.save(model, directory / "model.onnx")


@torch.inference_mode()
def main():
    job = json.loads(sys.argv[1])
    folder, name, out = Path(job["folder"]), job["network"], Path(job["out"])
    start = time.perf_counter()
    maps = smooth_maps if job["smooth"] else numbers
    module, call, inputs, outputs, taken, axes = NETWORKS[name](folder, name, job["side"], maps)
    if job.get("dtype"):
        dtype = getattr(torch, job["dtype"])
        module.to(dtype)
        inputs = {key: each.to(dtype) if each.is_floating_point() else each for key, each in inputs.items()}
    loaded = time.perf_counter()
    made = dict(zip(outputs, call(module, *inputs.values())))
    ran = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    for ours, theirs in taken.items():
        (out / f"{ours}.f32").write_bytes(made[theirs].contiguous().numpy().astype("<f4").tobytes())
    result = {
        "outputs": list(taken),
        "loadSeconds": loaded - start,
        "runSeconds": ran - loaded,
        "versions": ", ".join(
            f"{each.__name__} {each.__version__}" for each in (torch, diffusers, transformers)
        ),
    }
    if job.get("export"):
        start = time.perf_counter()
        with torch.no_grad():
            export(Network(module, call), inputs, outputs, axes, Path(job["export"]))
        result["exportSeconds"] = time.perf_counter() - start
    result["peakMegabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result), flush=True)


main()
