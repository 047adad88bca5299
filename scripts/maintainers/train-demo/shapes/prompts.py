"""Prompts for measuring, with what each must show, as JSON: held out by their own seed.

python prompts.py 300 > scripts/bench/demo/prompts.json python prompts.py 300 <folder>    # also draws
each scene there as a 1024x1024 PNG, to validate the detector
"""

import json
import random
import sys

import numpy as np
from PIL import Image

import captions
import scenes

SEED = 20_260_101


def told_prompts(count):
    source = random.Random(SEED)
    for _ in range(count):
        caption, scene = captions.random_scene(source, looks=0, stray=False)
        yield (
            scene,
            {
                "prompt": caption.strip(),
                "background": scene.background if scene.told_background else None,
                "position": scene.position,
                "relation": scene.relation,
                "things": [
                    {
                        "shape": thing.shape,
                        "colour": thing.colour,
                        "size": thing.size if thing.told_size else None,
                    }
                    for thing in scene.things
                ],
            },
        )


if __name__ == "__main__":
    told = list(told_prompts(int(sys.argv[1])))
    if len(sys.argv) > 2:
        for index, (scene, _) in enumerate(told):
            pixels = (scenes.draw(scene, 1024).transpose(1, 2, 0) + 1) * 127.5
            Image.fromarray(pixels.round().astype(np.uint8)).save(f"{sys.argv[2]}/{index:03}.png")
    print("[\n" + ",\n".join(json.dumps(one) for _, one in told) + "\n]")
