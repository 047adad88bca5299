"""Textual inversions and skipped layers of the text encoders, from diffusers on the tiny base checkpoint.

    python scripts/maintainers/make-oracles/embeddings.py        (node 24 on the PATH; needs torch, diffusers,
    transformers)

Writes embedding files to src/checkpoints/embeddings/oracles: pair.safetensors (two vectors, float32) and
single.safetensors (one vector, float16, as a list without rows), both with clip_l and clip_g; and
src/pipelines/conditioning/oracles/embeddings.json.gz: library versions, the SHA-256 of the checkpoint's
weight files and, per case, the prompt (diffusers' token for an embedding is its name in angle brackets),
clip_skip, and what load_textual_inversion and encode_prompt make of it: hidden states [77, width] and the
pooled embedding.
"""

import gzip
import hashlib
import json
import subprocess
import tempfile
from pathlib import Path

import diffusers
import torch
import transformers
from safetensors.torch import load_file, save_file

from networks import ROOT, packed, write_checkpoint

FILES = ROOT / "src/checkpoints/embeddings/oracles"
OUTPUT = ROOT / "src/pipelines/conditioning/oracles/embeddings.json.gz"
CASES = [
    ("a photo of <pair> in the snow", None),
    ("<single>", None),
    ("<single>, <pair> and <single> again", None),
    ("a red fox", 0),
    ("a red fox", 1),
    ("a photo of <pair> in the snow", 2),
]


def vocabulary(directory):
    """CLIP's own, which ships with the server."""
    script = (
        "import { writeFileSync } from 'node:fs';"
        "import { shippedVocabulary } from './src/text/shipped-vocabulary.ts';"
        "writeFileSync(process.argv[1], JSON.stringify(await shippedVocabulary()));"
    )
    file = Path(directory) / "vocabulary.json"
    subprocess.run(["node", "--input-type=module", "-e", script, str(file)], cwd=ROOT, check=True)
    return json.loads(file.read_text())


def tokenizer(words, pad):
    merges = [tuple(pair) for pair in words["merges"]]
    return transformers.CLIPTokenizer(vocab=words["ids"], merges=merges, pad_token=pad, model_max_length=77)


def write_files(pipe):
    generator = torch.Generator().manual_seed(19)
    FILES.mkdir(parents=True, exist_ok=True)
    widths = {
        "clip_l": pipe.text_encoder.config.hidden_size,
        "clip_g": pipe.text_encoder_2.config.hidden_size,
    }
    pair = {key: torch.randn(2, width, generator=generator) for key, width in widths.items()}
    save_file(pair, FILES / "pair.safetensors")
    single = {key: torch.randn(width, generator=generator).half() for key, width in widths.items()}
    save_file(single, FILES / "single.safetensors")


def load(pipe, name):
    tensors = {key: value.float() for key, value in load_file(FILES / f"{name}.safetensors").items()}
    for key, encoder, words in (
        ("clip_l", pipe.text_encoder, pipe.tokenizer),
        ("clip_g", pipe.text_encoder_2, pipe.tokenizer_2),
    ):
        pipe.load_textual_inversion(tensors[key], token=f"<{name}>", text_encoder=encoder, tokenizer=words)


def open_pipeline(folder, words):
    pipe = diffusers.StableDiffusionXLPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    pipe.tokenizer = tokenizer(words, "<|endoftext|>")
    pipe.tokenizer_2 = tokenizer(words, "!")
    return pipe


def encode(pipe, prompt, clip_skip):
    states, _, pooled, _ = pipe.encode_prompt(
        prompt, device="cpu", do_classifier_free_guidance=False, clip_skip=clip_skip
    )
    return {
        "prompt": prompt,
        "clipSkip": clip_skip,
        "hiddenStates": packed(states[0]),
        "pooled": packed(pooled[0]),
    }


@torch.no_grad()
def main():
    with tempfile.TemporaryDirectory() as directory:
        write_checkpoint({}, directory)
        folder = Path(directory) / "tiny-base"
        # SDXL's configs say 2, with which transformers takes the highest id for the end of the text; a token
        # that load_textual_inversion adds is higher.
        config = folder / "text_encoder_2/config.json"
        config.write_text(json.dumps({**json.loads(config.read_text()), "eos_token_id": 49407}))
        pipe = open_pipeline(folder, vocabulary(directory))
        write_files(pipe)
        for name in ("pair", "single"):
            load(pipe, name)
        cases = [encode(pipe, *case) for case in CASES]
        hashes = {
            str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*.safetensors"))
        }
    document = {
        "versions": {library.__name__: library.__version__ for library in (diffusers, torch, transformers)},
        "sha256": hashes,
        "cases": cases,
    }
    with gzip.GzipFile(OUTPUT, "wb", mtime=0) as file:
        file.write(json.dumps(document).encode())
    print(f"{OUTPUT}: {len(cases)} cases")


if __name__ == "__main__":
    main()
