"""Makes the oracles of src/text from transformers' CLIPTokenizer and from A1111's own prompt code.

    python scripts/maintainers/make-oracles/prompts.py VOCABULARY WEBUI [OUTPUT]

VOCABULARY  folder with CLIP's vocab.json and merges.txt (the `tokenizer/` folder of any SDXL checkpoint)
WEBUI       checkout of AUTOMATIC1111/stable-diffusion-webui; modules/prompt_parser.py, sd_hijack_clip.py and
sd_emphasis.py
            are imported from it and run
OUTPUT      src/text/oracles by default

Written with torch 2.13.0, transformers 5.23.0 and tokenizers as reported in the files; prompt_parser.py at
28bd8e142d5f77b71ae8d7d7140b5da1b3a49906, sd_hijack_clip.py at 00e09382cd85c77ac35545c7264855823dfc2eb1,
sd_emphasis.py at 255da37da1871a90c352bcc4ee3617fd8ceed610.
"""

import itertools
import json
import sys
import types
from pathlib import Path

import tokenizers
import torch
import transformers
from transformers import CLIPTokenizer

import prompt_texts

VERSIONS = {
    "torch": torch.__version__,
    "transformers": transformers.__version__,
    "tokenizers": tokenizers.__version__,
    "stable-diffusion-webui": {
        "prompt_parser.py": "28bd8e142d5f77b71ae8d7d7140b5da1b3a49906",
        "sd_hijack_clip.py": "00e09382cd85c77ac35545c7264855823dfc2eb1",
        "sd_emphasis.py": "255da37da1871a90c352bcc4ee3617fd8ceed610",
    },
}


def load_tokenizers(vocabulary):
    """SDXL's two: the first pads with the end token, the second with `!` (id 0)."""
    files = {"vocab": str(Path(vocabulary, "vocab.json")), "merges": str(Path(vocabulary, "merges.txt"))}
    return [CLIPTokenizer(**files), CLIPTokenizer(**files, pad_token="!")]


def import_webui(root):
    """A1111's three modules, with the parts of the program that they import but that play no part here left
    empty.
    """
    sys.path.insert(0, str(root))
    options = types.SimpleNamespace(emphasis="No norm", comma_padding_backtrack=20)
    stubs = {
        "lark": {"Lark": lambda *_, **__: None},
        "modules.devices": {"device": "cpu"},
        "modules.sd_hijack": {},
        "modules.shared": {"opts": options},
    }
    for name, contents in stubs.items():
        module = types.ModuleType(name)
        module.__dict__.update(contents)
        sys.modules[name] = module
    from modules import prompt_parser, sd_emphasis, sd_hijack_clip

    return prompt_parser, sd_hijack_clip, sd_emphasis, options


def make_embedder(sd_hijack_clip, tokenizer):
    """A1111's embedder around one tokenizer, without a text encoder: it returns the ids that the encoder
    would get.
    """
    no_embeddings = types.SimpleNamespace(find_embedding_at_position=lambda tokens, position: (None, None))

    class Embedder(sd_hijack_clip.FrozenCLIPEmbedderWithCustomWordsBase):
        def tokenize(self, texts):
            return tokenizer(texts, truncation=False, add_special_tokens=False)["input_ids"]

        def encode_with_transformers(self, tokens):
            self.seen = tokens
            return torch.zeros(*tokens.shape, 1)

    embedder = Embedder(None, types.SimpleNamespace(embedding_db=no_embeddings))
    embedder.comma_token = tokenizer.get_vocab()[",</w>"]
    embedder.id_start, embedder.id_end, embedder.id_pad = (
        tokenizer.bos_token_id,
        tokenizer.eos_token_id,
        tokenizer.pad_token_id,
    )
    return embedder


def chunk_prompt(embedder, prompt):
    """Chunks of a prompt as one encoder sees them: [(77 ids, 77 weights)]."""
    chunks, _ = embedder.tokenize_line(prompt)
    pairs = []
    for chunk in chunks:
        embedder.process_tokens([chunk.tokens], [chunk.multipliers])
        pairs.append((embedder.seen[0].tolist(), chunk.multipliers))
    return pairs


def runs(values):
    """[value, count] pairs; most of a chunk is filler."""
    return [[value, len(list(group))] for value, group in itertools.groupby(values)]


def token_oracle(pair, texts):
    cases = []
    for text in texts:
        first, second = (tokenizer(text, add_special_tokens=False)["input_ids"] for tokenizer in pair)
        cases.append({"text": text, "ids": first} | ({"idsWithPad0": second} if second != first else {}))
    return cases


def weight_oracle(prompt_parser):
    cases = []
    for prompt in prompt_texts.nested_prompts():
        try:
            cases.append({"prompt": prompt, "parts": prompt_parser.parse_prompt_attention(prompt)})
        except ValueError as error:
            print("left out, float() raises:", repr(prompt), error)
    return cases


def chunk_oracle(embedders, prompts):
    return [
        {
            "prompt": prompt,
            "encoders": [
                [
                    {"ids": runs(ids), "weights": runs(weights)}
                    for ids, weights in chunk_prompt(embedder, prompt)
                ]
                for embedder in embedders
            ],
        }
        for prompt in prompts
    ]


def emphasis_oracle(sd_emphasis, width=3):
    generator = torch.Generator().manual_seed(9)
    cases = []
    for weights in ([1.43] * 10 + [0.5] * 20 + [1.0] * 47, [1.0] * 30 + [-0.7] * 3 + [2.5] * 44):
        states = torch.randn(1, 77, width, generator=generator) + 0.3
        case = {"width": width, "weights": weights, "states": states.flatten().tolist()}
        for mode, name in (("no-norm", "No norm"), ("original", "Original")):
            emphasis = sd_emphasis.get_current_option(name)()
            emphasis.multipliers = torch.asarray([weights])
            emphasis.z = states.clone()
            emphasis.after_transformers()
            case[mode] = emphasis.z.flatten().tolist()
        cases.append(case)
    return cases


def write(folder, name, cases):
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    Path(folder, name).write_text(f'{{"versions":{json.dumps(VERSIONS)},"cases":[\n{lines}\n]}}\n')
    print(name, len(cases), "cases")


def main(vocabulary, webui, output=Path(__file__).parents[3] / "src/text/oracles"):
    pair = load_tokenizers(vocabulary)
    prompt_parser, sd_hijack_clip, sd_emphasis, _ = import_webui(webui)
    embedders = [make_embedder(sd_hijack_clip, tokenizer) for tokenizer in pair]
    Path(output).mkdir(parents=True, exist_ok=True)
    write(output, "tokens.json", token_oracle(pair, prompt_texts.tokenizer_texts()))
    write(output, "tokens-divergent.json", token_oracle(pair, prompt_texts.DIVERGENT_TEXTS))
    write(output, "weights.json", weight_oracle(prompt_parser))
    write(output, "seed-prompts.json", chunk_oracle(embedders, prompt_texts.SEED_PROMPTS))
    write(output, "chunks.json", chunk_oracle(embedders, prompt_texts.long_prompts()))
    write(output, "emphasis.json", emphasis_oracle(sd_emphasis))


if __name__ == "__main__":
    main(*sys.argv[1:])
