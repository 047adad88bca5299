"""Verdicts on what was found, and compositions that are held out."""

import random
import unittest

from judge.verdicts import Found, is_right, verdict
from scenes.captions import Captions, is_held_out
from scenes.testing.small_pack import small_pack

EXPECTED = {
    "prompt": "three red cats left of a dog",
    "things": [{"kind": 8, "colour": "red", "count": 3}, {"kind": 9, "colour": None, "count": 1}],
    "relation": "left",
    "position": None,
}


def found(kind, colour, x, y):
    return Found(kind, colour, x, y, 0.1, 0.9)


CATS = [found(8, "red", 0.15, 0.4), found(8, "red", 0.35, 0.4), found(8, "red", 0.25, 0.6)]
DOG = found(9, "brown", 0.75, 0.5)


class Verdicts(unittest.TestCase):
    def test_what_is_asked_for_is_right_in_every_point(self):
        points = verdict(EXPECTED, [DOG, *CATS])
        self.assertTrue(is_right(points))
        self.assertIsNone(points["position"])

    def test_one_too_few_is_an_error_of_kinds_and_number_alone(self):
        points = verdict(EXPECTED, [DOG, *CATS[:2]])
        self.assertEqual(
            [points[name] for name in ("kinds", "number", "colours", "relation")], [False, False, True, True]
        )

    def test_another_colour_or_side_is_that_error_alone(self):
        blue = [found(8, "blue", each.x, each.y) for each in CATS]
        self.assertEqual(
            [name for name, right in verdict(EXPECTED, [DOG, *blue]).items() if right is False], ["colours"]
        )
        right = found(9, "brown", 0.05, 0.5)
        self.assertEqual(
            [name for name, right in verdict(EXPECTED, [right, *CATS]).items() if right is False],
            ["relation"],
        )

    def test_two_of_one_kind_are_told_apart_by_colour(self):
        expected = EXPECTED | {
            "things": [{"kind": 1, "colour": "red", "count": 1}, {"kind": 1, "colour": "blue", "count": 1}]
        }
        pair = [found(1, "blue", 0.7, 0.5), found(1, "red", 0.3, 0.5)]
        self.assertTrue(is_right(verdict(expected, pair)))

    def test_a_single_thing_stands_in_its_third(self):
        expected = EXPECTED | {"things": EXPECTED["things"][1:], "relation": None, "position": (2, 0)}
        self.assertTrue(verdict(expected, [found(9, "brown", 0.7, 0.3)])["position"])
        self.assertFalse(verdict(expected, [found(9, "brown", 0.7, 0.5)])["position"])


class HeldOut(unittest.TestCase):
    def test_training_never_shows_a_pair_that_is_judged(self):
        captions = Captions(small_pack())
        for held_out in (False, True):
            source = random.Random(1)
            for _ in range(500):
                kinds = [thing.kind for thing in captions.random_scene(source, held_out=held_out)[1].things]
                pairs = [(a, b) for n, a in enumerate(kinds) for b in kinds[:n] if a != b]
                if held_out:
                    self.assertTrue(all(is_held_out(*kinds[:2]) for _ in pairs[:1]))
                else:
                    self.assertFalse(any(is_held_out(*pair) for pair in pairs))


if __name__ == "__main__":
    unittest.main()
