"""The packed file of drawings, names, words and token ids that scripts/maintainers/pack-sprites.ts writes:
all that training reads.
"""

import json
import struct
import zlib

import torch

PLANES = 5


class Pack:
    """`things`: their names and plurals; `words`: the texts of captions; `tokens`: CLIP's ids of a word."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = file.read()
        (length,) = struct.unpack_from("<I", self.bytes)
        header = json.loads(self.bytes[4 : 4 + length])
        self.body = 4 + length
        self.side, self.reach = header["side"], header["reach"]
        self.things, self.words, self.tokens = header["things"], header["words"], header["tokens"]
        self.places, self.licences = header["sprites"], header["licences"]

    def sprite(self, index):
        """uint8 [5, side, side]: red, green, blue times alpha; alpha; the leading colour's share times it."""
        start = self.body + self.places[index]["offset"]
        planes = zlib.decompress(self.bytes[start : start + self.places[index]["length"]])
        return torch.frombuffer(bytearray(planes), dtype=torch.uint8).view(PLANES, self.side, self.side)

    def leading_colours(self):
        """float [things, 3], 0 ... 1."""
        colours = [place["colour"] for place in self.places]
        return torch.tensor(colours, dtype=torch.float32).view(-1, 3) / 255
