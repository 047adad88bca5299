"""What the demo checkpoint knows, for people and for the server: known-words.json beside its weights.

python known_words.py > ../../../../models/demo/demo-base/known-words.json
"""

import json

import captions
import vocabulary

NAME = "the demo checkpoint"
NOTE = (
    'it draws one or two flat coloured shapes and nothing else, such as "a red circle left of a blue star"; '
    "MODELS_DIR puts a real checkpoint in its place"
)
EXAMPLES = [
    "a large red circle left of a blue star on a yellow background",
    "a golden star on a purple background",
    "a pink heart to the left of a cyan diamond",
    "a small white ring in the top right corner on a blue background",
    "a big green triangle above a brown square",
    "a large orange cross on a black background",
    "a scarlet heart over a huge gray circle on a white background",
    "a tiny yellow star in the bottom left corner on an emerald background",
    "a turquoise donut under a violet box",
    "a huge pink diamond in the middle",
    "a chocolate dot on the right side on an orange background",
    "a large crimson plus below a small golden ring on a black background",
]


def known_words():
    """Every word of the captions, as a prompt would have it; tokens alone would show halves of words."""
    tables = (
        captions.SHAPE_WORDS,
        captions.COLOUR_WORDS,
        captions.SIZE_WORDS,
        captions.LOOK_WORDS,
        captions.POSITION_WORDS,
        captions.RELATION_WORDS,
    )
    texts = ["and", "a", "an", "background", "on", *captions.OPENINGS]
    texts += [text for table in tables for choices in table.values() for text in choices]
    words = sorted({word for text in texts for word in text.split()})
    unknown = vocabulary.UNKNOWN in vocabulary.encode(" ".join(words))[0]
    assert not unknown, "a caption's word is not in the vocabulary"
    return words


if __name__ == "__main__":
    words = known_words()
    for example in EXAMPLES:
        assert set(example.split()) <= set(words), example
    print(json.dumps({"name": NAME, "note": NOTE, "words": words, "examples": EXAMPLES}, indent=2))
