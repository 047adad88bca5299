"""A packed file of two drawings, a disc and a bar, and today's words."""

import json
import struct
import zlib
from pathlib import Path
from tempfile import NamedTemporaryFile

import torch

from scenes.pack import Pack

SIDE = 96
WORDS = Path(__file__).parents[1] / "words.json"
THINGS = [
    {
        "names": ["ball", "round thing"],
        "plurals": ["balls", "round things"],
        "icon": "own:disc",
        "tinted": True,
    },
    {"names": ["grapes"], "plurals": ["grapes"], "icon": "own:bar", "tinted": False},
]


def drawings():
    """uint8 [2, 5, SIDE, SIDE]: a red disc and an upright green bar, as Pack.sprite tells of planes."""
    axis = (torch.arange(SIDE) + 0.5) / SIDE * 2 - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    disc, bar = (torch.hypot(x, y) < 0.85).float(), ((x.abs() < 0.3) & (y.abs() < 0.85)).float()
    none = torch.zeros_like(disc)
    return (
        torch.stack([torch.stack([disc, none, none, disc, disc]), torch.stack([none, bar, none, bar, none])])
        * 255
    ).to(torch.uint8)


def texts_of(value):
    if isinstance(value, str):
        return [value]
    return [
        text for part in (value.values() if isinstance(value, dict) else value) for text in texts_of(part)
    ]


def small_pack():
    words = json.loads(WORDS.read_text(encoding="utf-8"))
    plurals = [name + ("es" if name[-1] in "sx" else "s") for name in texts_of(words["shapes"])]
    texts = texts_of(words) + plurals + [name for each in THINGS for name in each["names"] + each["plurals"]]
    known = sorted({word for text in texts for word in text.replace(",", " ").replace("*", " ").split()})
    tokens = {",": [267]} | {word: [1000 + index] for index, word in enumerate(known)}
    sprites = [zlib.compress(bytes(planes.flatten().tolist())) for planes in drawings()]
    places = [
        {"offset": 0, "length": len(sprites[0]), "colour": [255, 0, 0]},
        {"offset": len(sprites[0]), "length": len(sprites[1]), "colour": [0, 255, 0]},
    ]
    header = {"side": SIDE, "reach": 1 / 1.15, "things": THINGS, "words": words, "tokens": tokens}
    header |= {"sprites": places, "licences": []}
    text = json.dumps(header).encode()
    with NamedTemporaryFile() as file:
        file.write(struct.pack("<I", len(text)) + text + b"".join(sprites))
        file.flush()
        return Pack(file.name)
