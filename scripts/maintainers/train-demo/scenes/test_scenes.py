"""Captions tell what scenes hold, and pictures show it."""

import random
import unittest

import torch

from drawing import draw
from drawing.atlas import Atlas
from scenes import scenes
from scenes.captions import Captions
from scenes.scenes import COLOURS, Scene, Thing
from scenes.testing.small_pack import small_pack
from scenes.vocabulary import STRANGER, Vocabulary, plain

PACK = small_pack()
BALL, BAR = len(scenes.SHAPES), len(scenes.SHAPES) + 1


def picture(scene, pixels=128, **more):
    """[3, pixels, pixels], 0 ... 255."""
    return (draw.draw(Atlas(PACK, 96), draw.describe([scene]), pixels, **more)[0] + 1) * 127.5


def told(count=400, **more):
    source, captions = random.Random(7), Captions(PACK)
    return [captions.random_scene(source, **more) for _ in range(count)]


class Scenes(unittest.TestCase):
    def test_every_word_of_a_caption_is_known_and_every_name_is_marked(self):
        vocabulary = Vocabulary(PACK.tokens)
        for caption, scene in told():
            self.assertEqual(len(vocabulary.encode(caption)[2]), len(scene.things), caption)

    def test_the_same_seed_tells_the_same(self):
        self.assertEqual(told(50), told(50))

    def test_things_stand_within_the_picture_and_as_the_caption_says(self):
        for caption, scene in told(strangers=False):
            for _, (x, y, radius) in scene.instances():
                self.assertGreaterEqual(min(x, y, 1 - x, 1 - y), radius, caption)
            first, second = ([place[:2] for place in each.places] for each in (scene.things * 2)[:2])
            middle = [[sum(axis) / len(axis) for axis in zip(*places)] for places in (first, second)]
            (ax, ay), (bx, by) = middle
            sides = {"left": bx - ax, "right": ax - bx, "above": by - ay, "below": ay - by}
            if scene.relation:
                self.assertEqual(max(sides, key=sides.get), scene.relation, caption)

    def test_a_number_in_words_is_the_number_of_places(self):
        numbers = {"two": 2, "three": 3, "four": 4}
        seen = 0
        for caption, scene in told(strangers=False):
            said = [numbers[word] for word in plain(caption).split() if word in numbers]
            if said and len(scene.things) == 1:
                seen += 1
                self.assertEqual(said, [len(scene.things[0].places)], caption)
        self.assertGreater(seen, 10)

    def test_without_strangers_no_caption_has_one(self):
        self.assertTrue(all(STRANGER not in caption for caption, _ in told(strangers=False)))
        self.assertTrue(any(STRANGER in caption for caption, _ in told()))


class Pictures(unittest.TestCase):
    def test_a_shape_has_its_colour_and_the_ground_its_own(self):
        image = picture(Scene([Thing(1, "blue", places=[(0.25, 0.5, 0.16)])], ground="yellow"))
        torch.testing.assert_close(image[:, 64, 32], torch.tensor(COLOURS["blue"]).float(), atol=0.6, rtol=0)
        torch.testing.assert_close(
            image[:, 64, 96], torch.tensor(COLOURS["yellow"]).float(), atol=0.6, rtol=0
        )

    def test_a_drawing_keeps_its_colour_unless_it_is_told_another(self):
        own, dyed = (
            picture(Scene([Thing(BALL, colour, places=[(0.5, 0.5, 0.2)])]))[:, 64, 64]
            for colour in (None, "green")
        )
        torch.testing.assert_close(own, torch.tensor([255.0, 0, 0]), atol=0.6, rtol=0)
        torch.testing.assert_close(dyed, torch.tensor(COLOURS["green"]).float(), atol=0.6, rtol=0)

    def test_a_disc_covers_its_area_at_every_size_and_softness(self):
        for radius in (0.08, 0.16, 0.3):
            for blur in (0, 1):
                scene = Scene([Thing(0, "black", places=[(0.5, 0.5, radius)])])
                image = picture(scene, blur=torch.tensor([blur]))
                covered = ((250 - image[0]) / (250 - 18)).mean().item()
                self.assertAlmostEqual(covered, torch.pi * radius**2, delta=0.02 * radius)

    def test_no_other_colour_shows_at_an_outline(self):
        image = picture(Scene([Thing(0, "blue", places=[(0.5, 0.5, 0.2)])], ground="black"))
        # Between black (18, 18, 22) and blue (36, 76, 216) every pixel lies on one line.
        share = (image[2] - 22) / (216 - 22)
        for channel, (dark, light) in enumerate(((18, 36), (18, 76))):
            torch.testing.assert_close(image[channel], dark + share * (light - dark), atol=1.0, rtol=0)

    def test_a_window_is_that_part_of_the_picture(self):
        scene = Scene([Thing(BAR, places=[(0.4, 0.6, 0.2)]), Thing(3, "red", places=[(0.7, 0.3, 0.1)])])
        whole = picture(scene, 256)
        part = picture(scene, 64, window=torch.tensor([[0.25, 0.5, 0.25]]))
        self.assertLess((part - whole[:, 128:192, 64:128]).abs().mean().item(), 1.5)

    def test_scenes_of_a_batch_are_drawn_as_they_are_alone(self):
        some = [scene for _, scene in told(12)]
        together = draw.draw(Atlas(PACK, 96), draw.describe(some), 64)
        for image, scene in zip(together, some):
            torch.testing.assert_close((image + 1) * 127.5, picture(scene, 64), atol=1e-3, rtol=0)

    def test_dark_is_darker_and_pastel_paler(self):
        scene = lambda style: Scene([Thing(0, "red", places=[(0.5, 0.5, 0.2)])], style=style)
        flat, dark, pastel = (picture(scene(style))[:, 64, 64] for style in ("flat", "dark", "pastel"))
        self.assertTrue((dark < flat).all() and pastel.min() > flat.min() + 60)


if __name__ == "__main__":
    unittest.main()
