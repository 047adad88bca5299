"""Random scenes with captions: the same seed gives the same scene and the same words."""

from scenes import COLOURS, LOOKS, RADII, SHAPES, Scene, Thing

# vocabulary.py turns these words into tokens of CLIP's vocabulary.
SHAPE_WORDS = {
    "circle": ["circle"] * 4 + ["disc", "dot"],
    "square": ["square"] * 4 + ["box"],
    "triangle": ["triangle"],
    "star": ["star"],
    "heart": ["heart"],
    "diamond": ["diamond"],
    "ring": ["ring"] * 4 + ["donut"],
    "cross": ["cross"] * 3 + ["plus"],
}
COLOUR_WORDS = {
    "red": ["red"] * 5 + ["crimson", "scarlet"],
    "orange": ["orange"],
    "yellow": ["yellow"] * 5 + ["golden"],
    "green": ["green"] * 5 + ["emerald"],
    "cyan": ["cyan"] * 3 + ["turquoise", "aqua"],
    "blue": ["blue"],
    "purple": ["purple"] * 4 + ["violet"],
    "pink": ["pink"],
    "brown": ["brown"] * 5 + ["chocolate"],
    "black": ["black"],
    "white": ["white"],
    "gray": ["gray"] * 2 + ["grey"] * 2,
}
SIZE_WORDS = {
    "small": ["small"] * 3 + ["tiny", "little"],
    "medium": ["medium"],
    "large": ["large"] * 2 + ["big"] * 2 + ["huge"],
}
LOOK_WORDS = {
    "flat": ["flat", "plain"],
    "outlined": ["outlined"],
    "striped": ["striped"],
    "shaded": ["shaded", "glossy"],
}
# Column and row of a position, 0 ... 2 each.
POSITION_WORDS = {
    (0, 0): ["in the top left corner", "in the upper left corner", "at the top left"],
    (1, 0): ["at the top", "at the top of the picture"],
    (2, 0): ["in the top right corner", "in the upper right corner", "at the top right"],
    (0, 1): ["on the left", "on the left side", "at the left"],
    (1, 1): ["in the center", "in the middle", "in the centre"],
    (2, 1): ["on the right", "on the right side", "at the right"],
    (0, 2): ["in the bottom left corner", "in the lower left corner", "at the bottom left"],
    (1, 2): ["at the bottom", "at the bottom of the picture"],
    (2, 2): ["in the bottom right corner", "in the lower right corner", "at the bottom right"],
}
RELATION_WORDS = {
    "left": ["to the left of", "left of", "on the left of"],
    "right": ["to the right of", "right of", "on the right of"],
    "above": ["above", "over", "on top of"],
    "below": ["below", "under", "beneath"],
}
OPENINGS = [""] * 10 + ["a picture of ", "an image of ", "a photo of ", "a drawing of ", "draw "]
# Stand for words outside the domain: their rows of the embedding stay zero.
UNKNOWN = "<unknown>"
SPREAD = (0.23, 0.5, 0.77)


def _article(words):
    return ("an " if words[0] in "aeiou" else "a ") + words


def random_scene(random, looks=0.2, stray=True):
    """A caption and the scene it tells; `random` is a random.Random."""
    single = random.random() < 0.5
    shapes = [random.choice(SHAPES) for _ in range(1 if single else 2)]
    colours = random.sample(list(COLOURS), len(shapes) + 1)
    told_background = random.random() < 0.6
    background = colours.pop()
    if not told_background and "white" not in colours and random.random() < 0.75:
        background = "white"
    things = []
    phrases = []
    for shape, colour in zip(shapes, colours):
        told_size = random.random() < 0.5
        size = random.choice(list(RADII)) if told_size else "medium"
        told_look = random.random() < looks
        look = random.choice(LOOKS) if told_look else "flat"
        radius = RADII[size] * random.uniform(0.94, 1.06)
        things.append(Thing(shape, colour, size, 0.5, 0.5, radius, look, told_size))
        words = [random.choice(SIZE_WORDS[size])] if told_size else []
        if told_look:
            words.append(random.choice(LOOK_WORDS[look]))
        words += [random.choice(COLOUR_WORDS[colour]), random.choice(SHAPE_WORDS[shape])]
        phrases.append(_article(" ".join(words)))
    scene = Scene(background, things, told_background)
    caption = _place_one(random, scene, phrases[0]) if single else _place_two(random, scene, phrases)
    caption = random.choice(OPENINGS) + caption
    if told_background:
        ground = random.choice(COLOUR_WORDS[background])
        caption += random.choice(
            [f" on {_article(ground)} background", f", {ground} background", f" on {ground}"]
        )
    return _stray(random, caption) if stray else caption, scene


def _inside(value, radius):
    return min(max(value, radius * 1.1 + 0.02), 1 - radius * 1.1 - 0.02)


def _place_one(random, scene, phrase):
    thing = scene.things[0]
    told = random.random() < 0.6
    column, row = random.choice(list(POSITION_WORDS)) if told else (1, 1)
    thing.x = _inside(SPREAD[column] + random.uniform(-0.03, 0.03), thing.radius)
    thing.y = _inside(SPREAD[row] + random.uniform(-0.03, 0.03), thing.radius)
    scene.position = (column, row) if told else None
    return f"{phrase} {random.choice(POSITION_WORDS[column, row])}" if told else phrase


def _place_two(random, scene, phrases):
    things = scene.things
    relation = random.choice(list(RELATION_WORDS))
    first, second = (0.27, 0.73) if relation in ("left", "above") else (0.73, 0.27)
    shared = random.uniform(0.46, 0.54)
    for thing, place in zip(things, (first, second)):
        along = _inside(place + random.uniform(-0.02, 0.02), thing.radius)
        across = shared + random.uniform(-0.03, 0.03)
        thing.x, thing.y = (along, across) if relation in ("left", "right") else (across, along)
    if random.random() < 0.15:
        # A bare pair: the first is on the left.
        things[0].x, things[0].y, things[1].x, things[1].y = 0.27, shared, 0.73, shared
        scene.relation = "left"
        return " and ".join(phrases)
    scene.relation = relation
    return f"{phrases[0]} {random.choice(RELATION_WORDS[relation])} {phrases[1]}"


def _stray(random, caption):
    """Sometimes drops the article, and sometimes adds words the domain does not know."""
    if random.random() < 0.15:
        caption = caption.removeprefix("a ").removeprefix("an ")
    for _ in range(random.choice((0,) * 7 + (1, 2, 3))):
        strays = " ".join([UNKNOWN] * random.randint(1, 4))
        caption = f"{caption}, {strays}" if random.random() < 0.7 else f"{strays} {caption}"
    return caption
