"""The few CLIP tokens that captions use, numbered compactly for training; export.py spreads the rows over the
real 49,408.
"""

import json

import captions

LENGTH = 77
CLIP_BEGIN, CLIP_END, CLIP_PAD, CLIP_VOCABULARY = 49406, 49407, 0, 49408
# The first row stays zero: it stands for every token outside the domain.
UNKNOWN, PAD, BEGIN, END = range(4)
# Words that CLIP's byte pairs cut in two.
PIECES = {"cyan": ("cy", "an</w>"), "outlined": ("out", "lined</w>")}


def _pieces(word):
    return PIECES.get(word, (word + "</w>",))


def domain_tokens():
    texts = [",", "and", "a", "an", "background", "on", *captions.OPENINGS]
    for table in (
        captions.SHAPE_WORDS,
        captions.COLOUR_WORDS,
        captions.SIZE_WORDS,
        captions.LOOK_WORDS,
        captions.POSITION_WORDS,
        captions.RELATION_WORDS,
    ):
        texts += [text for choices in table.values() for text in choices]
    return sorted({piece for text in texts for word in text.split() for piece in _pieces(word)})


TOKENS = domain_tokens()
NUMBER = {token: index + 4 for index, token in enumerate(TOKENS)}
SIZE = len(TOKENS) + 4


def encode(caption):
    """Compact ids [LENGTH] for the first encoder (padded with END) and the second (padded with PAD)."""
    words = caption.replace(",", " , ").split()
    ids = [BEGIN, *(NUMBER.get(piece, UNKNOWN) for word in words for piece in _pieces(word))][
        : LENGTH - 1
    ] + [END]
    rest = LENGTH - len(ids)
    return ids + [END] * rest, ids + [PAD] * rest


def clip_rows(vocab_file):
    """CLIP's id of each compact id but UNKNOWN. Raises where a token is not in CLIP's vocabulary."""
    with open(vocab_file, encoding="utf-8") as file:
        table = json.load(file)
    rows = {PAD: CLIP_PAD, BEGIN: CLIP_BEGIN, END: CLIP_END}
    for token, number in NUMBER.items():
        if token not in table:
            raise SystemExit(f"{token!r} is not in {vocab_file}")
        rows[number] = table[token]
    return rows
