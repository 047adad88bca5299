"""A contact sheet of random scenes with their captions on standard output: look before training."""

import random
import sys
import time

import numpy as np
from PIL import Image

import captions
import scenes

if __name__ == "__main__":
    target, side, count = sys.argv[1], 6, 36
    source = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    sheet = np.zeros((side * 132, side * 132, 3), np.uint8)
    started = time.process_time()
    for index in range(count):
        caption, scene = captions.random_scene(source)
        image = scenes.draw(scene, 128)
        row, column = divmod(index, side)
        sheet[row * 132 : row * 132 + 128, column * 132 : column * 132 + 128] = (
            (image.transpose(1, 2, 0) + 1) * 127.5
        ).round()
        print(row, column, caption)
    print(f"{(time.process_time() - started) / count * 1e3:.2f} ms a picture")
    Image.fromarray(sheet).save(target)
