"""The packed file and what reads it."""

import unittest

import torch

from scenes.testing.small_pack import drawings, small_pack
from scenes.vocabulary import BEGIN, END, PAD, UNKNOWN, Vocabulary


class Packs(unittest.TestCase):
    def test_a_sprite_comes_back_as_it_was_packed(self):
        pack = small_pack()
        for index, planes in enumerate(drawings()):
            self.assertTrue(torch.equal(pack.sprite(index), planes))

    def test_a_caption_is_rows_between_begin_and_end_with_strangers_as_zero(self):
        vocabulary = Vocabulary({",": [267], "a": [320], "teapot": [28, 44]})
        # Compact rows begin at 4, in the order of CLIP's ids.
        first, second, ends = vocabulary.encode("a teapot|, <unknown>")
        self.assertEqual(first[:7], [BEGIN, 7, 4, 5, 6, UNKNOWN, END])
        self.assertEqual((set(first[7:]), set(second[7:]), ends), ({END}, {PAD}, [3]))
        self.assertEqual(vocabulary.clip_ids[7], 320)

    def test_a_word_that_is_neither_known_nor_a_stranger_is_refused(self):
        with self.assertRaises(KeyError):
            Vocabulary({"a": [320]}).encode("a zeppelin")


if __name__ == "__main__":
    unittest.main()
