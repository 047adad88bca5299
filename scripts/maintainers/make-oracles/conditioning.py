"""Embeddings of weighted, multi-chunk prompts on the tiny checkpoints, from A1111's prompt code and
transformers' encoders.

    python scripts/maintainers/make-oracles/conditioning.py VOCABULARY WEBUI        (node 24 on the PATH)

VOCABULARY and WEBUI are as for prompts.py. Fills src/pipelines/conditioning/oracles/conditioning.json.gz:
library versions, SHA-256 of the weight files, and per case the positive and negative hidden states
[tokens, width] and pooled embeddings as base64 of little-endian float32.

Rules: chunks and weights of A1111 (prompts.py), equal chunk counts for both prompts and both encoders by
empty chunks, penultimate hidden states times the weights (and, for "original", times mean before over mean
after per chunk and encoder), the encoders side by side, the pooled embedding of the last encoder's first
chunk; an empty negative prompt is zeros for the base (force_zeros_for_empty_prompt) and the encoded empty
text for the refiner.
"""

import gzip
import hashlib
import json
import sys
import tempfile
from pathlib import Path

import torch
import transformers

import prompts as prompt_oracles
from networks import packed, write_checkpoint
from prompt_texts import SEED_PROMPTS

OUTPUT = Path(__file__).resolve().parents[3] / "src/pipelines/conditioning/oracles/conditioning.json.gz"
LONG = ", ".join(f"(stone {i}:{0.5 + i / 40})" if i % 3 else f"[river {i}]" for i in range(60))
CASES = [
    {"prompt": "a red fox", "negative": ""},
    {"prompt": SEED_PROMPTS[0], "negative": "blurry, (low quality:1.4)"},
    {"prompt": SEED_PROMPTS[1], "negative": LONG},
    {"prompt": "a (very:1.6) long [road] BREAK at ((night))", "negative": ""},
]


def encode(encoders, embedders, prompt, count, mode):
    parts, pooled = [], None
    for encoder, embedder in zip(encoders, embedders):
        chunks = prompt_oracles.chunk_prompt(embedder, prompt)
        chunks += prompt_oracles.chunk_prompt(embedder, "") * (count - len(chunks))
        rows = []
        for index, (ids, weights) in enumerate(chunks):
            output = encoder(torch.tensor([ids]), output_hidden_states=True)
            states = output.hidden_states[-2][0]
            if index == 0 and hasattr(output, "text_embeds"):
                pooled = output.text_embeds[0]
            weighted = states * torch.tensor(weights)[:, None]
            if mode == "original":
                weighted = weighted * (states.mean() / weighted.mean())
            rows.append(weighted)
        parts.append(torch.cat(rows))
    return torch.cat(parts, dim=1), pooled


def condition(encoders, embedders, zero_negative, case, mode):
    both = (
        [case["prompt"]] if zero_negative and case["negative"] == "" else [case["prompt"], case["negative"]]
    )
    count = max(len(prompt_oracles.chunk_prompt(e, text)) for e in embedders for text in both)
    positive = encode(encoders, embedders, case["prompt"], count, mode)
    if len(both) == 1:
        negative = tuple(torch.zeros_like(values) for values in positive)
    else:
        negative = encode(encoders, embedders, case["negative"], count, mode)
    names = ("positiveStates", "positivePooled", "negativeStates", "negativePooled")
    return dict(zip(names, (packed(values) for values in (*positive, *negative))))


@torch.no_grad()
def main(vocabulary, webui):
    pair = prompt_oracles.load_tokenizers(vocabulary)
    _, sd_hijack_clip, _, _ = prompt_oracles.import_webui(webui)
    embedders = [prompt_oracles.make_embedder(sd_hijack_clip, tokenizer) for tokenizer in pair]
    with tempfile.TemporaryDirectory() as directory:
        write_checkpoint({}, directory)
        base, refiner = (
            next(p.parent for p in Path(directory).glob(f"*{kind}*/model_index.json"))
            for kind in ("base", "refiner")
        )
        load = lambda folder, kind: kind.from_pretrained(folder, torch_dtype=torch.float32).eval()
        second = transformers.CLIPTextModelWithProjection
        checkpoints = {
            "base": (
                [
                    load(base / "text_encoder", transformers.CLIPTextModel),
                    load(base / "text_encoder_2", second),
                ],
                embedders,
                True,
            ),
            "refiner": ([load(refiner / "text_encoder_2", second)], embedders[1:], False),
        }
        cases = [
            {**case, "checkpoint": name, "emphasis": mode, **condition(*parts, case, mode)}
            for case in CASES
            for mode in ("no-norm", "original")
            if mode == "no-norm" or case is CASES[1]
            for name, parts in checkpoints.items()
        ]
        hashes = {
            f"{folder.name}/{path.relative_to(folder)}": hashlib.sha256(path.read_bytes()).hexdigest()
            for folder in (base, refiner)
            for path in sorted(folder.glob("text_encoder*/*.safetensors"))
        }
    document = {"versions": prompt_oracles.VERSIONS, "sha256": hashes, "cases": cases}
    OUTPUT.write_bytes(gzip.compress(json.dumps(document).encode(), mtime=0))
    print(OUTPUT.name, len(cases), "cases", OUTPUT.stat().st_size, "bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
