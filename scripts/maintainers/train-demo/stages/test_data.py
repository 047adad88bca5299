"""Batches on their way from the processes that make them."""

import unittest

import torch

from scenes.testing.small_pack import small_pack
from stages import data


class Batch(unittest.TestCase):
    def test_a_batch_is_the_same_after_its_way_through_one_piece_of_memory(self):
        batch = data.Batches(small_pack(), "text", 5)[3]
        there = data.unpacked(*data.packed(batch), torch.device("cpu"))
        self.assertEqual(batch.keys(), there.keys())
        for name, value in batch.items():
            self.assertEqual(value.dtype, there[name].dtype)
            self.assertTrue(torch.equal(value, there[name]), name)


if __name__ == "__main__":
    unittest.main()
