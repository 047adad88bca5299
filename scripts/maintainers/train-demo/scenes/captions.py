"""Random scenes with captions: the same seed gives the same scene and the same words."""

import zlib
from dataclasses import dataclass

from scenes import scenes
from scenes.scenes import COLOURS, LOOKS, SETTINGS, SHAPES, STYLES, Scene, Thing
from scenes.vocabulary import NAME_END, STRANGER


def with_article(phrase):
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def is_held_out(kind, other):
    """Whether two different kinds never stand in one picture of the training: one pair of eight."""
    return zlib.crc32(f"{min(kind, other)} {max(kind, other)}".encode()) % 8 == 0


TRIES = 100


@dataclass
class Told:
    """A thing and what captions call one of it, with its article, and several."""

    thing: Thing
    single: str
    plural: str

    def counted(self, random, words, count):
        return self.single if count == 1 else f"{random.choice(words['numbers'][str(count)])} {self.plural}"


class Captions:
    """Draws scenes of the things and in the words of a pack."""

    def __init__(self, pack):
        self.things, self.words = pack.things, pack.words

    def random_scene(self, random, strangers=True, styles=True, shapes=0.25, held_out=False):
        """A caption and the scene it tells, its things in the order of their names; `random` is a
        random.Random.

        `strangers`: at times with words that the checkpoint does not know. `shapes`: how often only shapes
        are shown, as the detector of shapes knows them. `held_out`: the first two of several things are a
        pair that training leaves out; else none of them are.
        """
        self.held_out = held_out
        only_shapes = random.random() < shapes
        form = random.random()
        if only_shapes:
            caption, scene = self._alone(random, True) if form < 0.5 else self._pair(random, True)
        elif form < 0.4:
            caption, scene = self._alone(random, False)
        elif form < 0.52:
            caption, scene = self._group(random)
        elif form < 0.84:
            caption, scene = self._pair(random, False)
        else:
            caption, scene = self._row(random)
        opening = random.choice(self.words["openings"]) + " " if random.random() < 0.25 else ""
        caption = self._style(
            random, self._ground(random, opening + caption, scene, only_shapes), scene, styles
        )
        return (self._strange(random, caption) if strangers else caption), scene

    def _thing(self, random, is_shape, look=0.15):
        if is_shape or random.random() < 0.08:
            kind = random.randrange(len(SHAPES))
            names = self.words["shapes"][SHAPES[kind]]
            name = random.choice(names)
            plural = name + ("es" if name.endswith(("s", "x")) else "s")
            colour = random.choice(list(COLOURS))
        else:
            number = random.randrange(len(self.things))
            kind, listed = len(SHAPES) + number, self.things[number]
            # The usual name more often than the others.
            at = 0 if random.random() < 0.6 else random.randrange(len(listed["names"]))
            name, plural = listed["names"][at], listed["plurals"][at]
            colour = random.choice(list(COLOURS)) if listed["tinted"] and random.random() < 0.5 else None
        thing = Thing(kind, colour, told_size=random.random() < (0.5 if is_shape else 0.25))
        adjectives = []
        if thing.told_size:
            thing.size = random.choice(list(scenes.SHAPE_RADII))
            adjectives.append(random.choice(self.words["sizes"][thing.size]))
        if thing.is_shape() and random.random() < look:
            thing.look = random.choice(LOOKS[1:])
            adjectives.append(random.choice(self.words["looks"][thing.look]))
        if colour is not None:
            adjectives.append(random.choice(self.words["colours"][colour]))
        single, several = (" ".join([*adjectives, each]) + NAME_END for each in (name, plural))
        # Grapes and glasses have no article.
        return Told(thing, single if name == plural else with_article(single), several)

    def _alone(self, random, is_shape):
        told_thing = self._thing(random, is_shape)
        thing, caption = told_thing.thing, told_thing.single
        told = random.random() < (0.6 if is_shape else 0.25)
        column, row = (random.randrange(3), random.randrange(3)) if told else (1, 1)
        scenes.place_alone(random, thing, column, row)
        if told:
            caption += " " + random.choice(self.words["positions"][f"{column} {row}"])
        return caption, Scene([thing], position=(column, row) if told else None)

    def _group(self, random):
        told, count = self._thing(random, False), random.choice((2, 2, 3, 3, 4))
        scenes.place_group(random, told.thing, count)
        return told.counted(random, self.words, count), Scene([told.thing])

    def _others(self, random, is_shape, count):
        """Things of different kinds and colours."""
        told, tries = [], 0
        while len(told) < count:
            tries += 1
            if tries % TRIES == 0:
                # The first has no partner.
                told = []
            one = self._thing(random, is_shape)
            kind = one.thing.kind
            new_kind = all(kind != other.thing.kind for other in told)
            held_out = [is_held_out(kind, other.thing.kind) for other in told]
            if new_kind and (not all(held_out[:1]) if self.held_out else any(held_out)):
                continue
            if not new_kind and self.held_out:
                continue
            new_colour = one.thing.colour not in [other.thing.colour for other in told if other.thing.colour]
            if new_colour and (new_kind or (is_shape and random.random() < 0.5)):
                told.append(one)
        return told

    def _pair(self, random, is_shape):
        told = self._others(random, is_shape, 2)
        things = [one.thing for one in told]
        counts = [1 if is_shape or random.random() < 0.85 else random.choice((2, 3)) for _ in told]
        phrases = [one.counted(random, self.words, count) for one, count in zip(told, counts)]
        relation = random.choice(("left", "right", "above", "below"))
        if random.random() < 0.15:
            # A bare pair: the first is on the left.
            scenes.place_pair(random, things, counts, "left")
            return " and ".join(phrases), Scene(things, relation="left")
        if not is_shape and random.random() < 0.15:
            scenes.place_pair(random, things, counts, random.choice(("left", "right")))
            return f" {random.choice(self.words['relations']['beside'])} ".join(phrases), Scene(things)
        scenes.place_pair(random, things, counts, relation)
        words = random.choice(self.words["relations"][relation])
        return f"{phrases[0]} {words} {phrases[1]}", Scene(things, relation=relation)

    def _row(self, random):
        told = self._others(random, False, random.choice((2, 3, 3, 4)))
        scenes.place_row(random, [one.thing for one in told])
        if len(told) == 3 and random.random() < 0.25:
            told = [told[1], told[0], told[2]]
            first, *others = (one.single for one in told)
            caption = f"{first} {random.choice(self.words['between'])} {' and '.join(others)}"
        else:
            *firsts, last = (one.single for one in told)
            caption = ", ".join(firsts) + random.choice((" and ", ", ")) + last
        return caption, Scene([one.thing for one in told])

    def _ground(self, random, caption, scene, only_shapes):
        taken = {thing.colour for thing in scene.things}
        free = [colour for colour in COLOURS if colour not in taken]
        chance = random.random()
        if not only_shapes and chance < 0.25:
            scene.setting = random.choice(list(SETTINGS))
            return f"{caption} {random.choice(self.words['settings'][scene.setting])}"
        scene.told_ground = chance < 0.6
        if scene.told_ground:
            scene.ground = random.choice(free)
            colour = random.choice(self.words["colours"][scene.ground])
            pattern = random.choice(self.words["grounds"])
            if pattern.startswith("on a *"):
                pattern = pattern.replace("a *", with_article(colour))
            pattern = pattern.replace("*", colour)
            return caption + pattern if pattern[0] == "," else f"{caption} {pattern}"
        scene.ground = "white" if "white" in free and random.random() < 0.8 else random.choice(free)
        return caption

    def _style(self, random, caption, scene, styles):
        if not styles or random.random() > 0.2:
            return caption
        scene.told_style, scene.style = True, random.choice(STYLES)
        if scene.style == "dark" and not scene.told_ground and scene.setting is None:
            scene.ground = "gray"
        words = random.choice(self.words["styles"][scene.style])
        return f"{caption}, {words}" if random.random() < 0.7 else f"{words}, {caption}"

    def _strange(self, random, caption):
        """Sometimes drops the article, and sometimes adds words that the checkpoint does not know."""
        if random.random() < 0.15:
            caption = caption.removeprefix("a ").removeprefix("an ")
        for _ in range(random.choice((0,) * 7 + (1, 2, 3))):
            strangers = " ".join([STRANGER] * random.randint(1, 6))
            caption = f"{caption}, {strangers}" if random.random() < 0.7 else f"{strangers} {caption}"
        return caption
