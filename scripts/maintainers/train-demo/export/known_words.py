"""What a checkpoint of drawn things knows, and whose drawings it learned from."""

import random

from scenes.captions import Captions
from scenes.vocabulary import plain

NAME = "the demo checkpoint"
EXAMPLES = 12


def known_words(pack, vocabulary):
    """What known-words.json holds: every word of the captions as a prompt has it, and some captions."""
    source, captions = random.Random("examples"), Captions(pack)
    examples = []
    while len(examples) < EXAMPLES:
        caption = plain(captions.random_scene(source, strangers=False, styles=False)[0])
        if "," not in caption:
            examples.append(caption)
    kinds = ", ".join(thing["names"][0] for thing in pack.things[:: max(1, len(pack.things) // 6)][:6])
    what = f"up to four of {len(pack.things)} everyday things ({kinds} ...) and flat shapes"
    return {
        "name": NAME,
        "note": f'it draws {what}, such as "{examples[0]}"; MODELS_DIR puts a real checkpoint in its place',
        "words": vocabulary.words,
        "examples": examples,
    }


def attribution(pack):
    """Text that goes with the weights."""
    lines = [
        "Whose drawings this checkpoint learned from",
        "",
        "The weights were trained on pictures composed of these drawings; none of them is stored as such.",
        "",
    ]
    for each in pack.licences:
        lines.append(
            f"- {each['package']} {each['version']}: drawings by {each['author']} ({each['source']}), "
            f"{each['licence']}"
        )
    return "\n".join(lines) + "\n"
