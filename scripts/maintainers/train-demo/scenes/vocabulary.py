"""The few CLIP tokens that captions use, numbered compactly for training; export.py spreads their rows over
the real 49,408.
"""

LENGTH = 77
CLIP_BEGIN, CLIP_END, CLIP_PAD, CLIP_VOCABULARY = 49406, 49407, 0, 49408
# The first row stays zero: it stands for every token outside the captions.
UNKNOWN, PAD, BEGIN, END = range(4)
# In a caption, a word that the checkpoint is not to know.
STRANGER = "<unknown>"
# Stands after the last word of each thing's name.
NAME_END = "|"


def plain(caption):
    """As people write it."""
    return caption.replace(NAME_END, "")


class Vocabulary:
    def __init__(self, tokens):
        """`tokens`: CLIP's ids of each word, as Pack has them."""
        known = sorted({each for ids in tokens.values() for each in ids})
        number = {clip: index + 4 for index, clip in enumerate(known)}
        self.numbers = {word: [number[clip] for clip in ids] for word, ids in tokens.items()}
        self.size = len(known) + 4
        # CLIP's id of every row but UNKNOWN's.
        self.clip_ids = {PAD: CLIP_PAD, BEGIN: CLIP_BEGIN, END: CLIP_END} | {
            row: clip for clip, row in number.items()
        }
        self.words = sorted(word for word in tokens if word != ",")

    def rows(self, caption):
        """Rows of every word, and where among them each thing's name ends.

        Raises KeyError where a word is neither known nor STRANGER.
        """
        rows, ends = [], []
        for word in caption.replace(",", " , ").split():
            rows += [UNKNOWN] if word == STRANGER else self.numbers[word.removesuffix(NAME_END)]
            if word.endswith(NAME_END):
                ends.append(len(rows) - 1)
        return rows, ends

    def encode(self, caption):
        """Rows [LENGTH] for the first encoder (padded with END) and for the second (padded with PAD), and
        where the things' names end in them.
        """
        rows, ends = self.rows(caption)
        rows = [BEGIN, *rows][: LENGTH - 1] + [END]
        rest = LENGTH - len(rows)
        return rows + [END] * rest, rows + [PAD] * rest, [min(end + 1, LENGTH - 1) for end in ends]
