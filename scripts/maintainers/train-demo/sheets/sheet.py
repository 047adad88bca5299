"""A contact sheet of random scenes, their captions on standard output: look before training.

python -m sheets.sheet --pack FILE --out sheet.png [--seed 0] [--pixels 192]
python -m sheets.sheet --pack FILE --each DIR --pixels 1024        # 000.png, 001.png ... in its stead
"""

import argparse
import random
from pathlib import Path

import torch

from drawing import draw
from drawing.atlas import Atlas
from scenes.captions import Captions
from scenes.pack import Pack
from scenes.vocabulary import plain
from sheets.png import write_png


def grid(images, columns):
    """uint8 [h, w, 3] of [n, 3, side, side], -1 ... 1, row by row."""
    count, _, side, _ = images.shape
    rows = -(-count // columns)
    sheet = torch.ones(rows * columns, 3, side, side)
    sheet[:count] = images.cpu()
    sheet = sheet.view(rows, columns, 3, side, side).permute(0, 3, 1, 4, 2)
    return (
        (sheet.reshape(rows * side, columns * side, 3).clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8)
    )


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("--pack", required=True)
    parse.add_argument("--out")
    parse.add_argument("--each", help="folder of a picture of each scene")
    parse.add_argument("--seed", type=int, default=0)
    parse.add_argument("--pixels", type=int, default=192)
    parse.add_argument("--count", type=int, default=36)
    options = parse.parse_args()
    torch.set_num_threads(1)
    pack = Pack(options.pack)
    source, captions = random.Random(options.seed), Captions(pack)
    told = [captions.random_scene(source) for _ in range(options.count)]
    atlas = Atlas(pack, min(pack.side, 192 if options.pixels < 512 else 384))
    images = [draw.draw(atlas, draw.describe([scene]), options.pixels) for _, scene in told]
    for index, (caption, _) in enumerate(told):
        print(*divmod(index, 6), plain(caption))
    if options.out:
        write_png(options.out, grid(torch.cat(images), 6))
    if options.each:
        Path(options.each).mkdir(parents=True, exist_ok=True)
        for index, image in enumerate(images):
            write_png(Path(options.each) / f"{index:03}.png", grid(image, 1))


if __name__ == "__main__":
    main()
