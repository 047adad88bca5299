"""What a picture shows and where its things stand. Lengths are shares of the picture's side."""

from dataclasses import dataclass, field

# sRGB, as today's detector (scripts/bench/demo/shapes.ts) knows them.
COLOURS = {
    "red": (216, 36, 40),
    "orange": (246, 136, 20),
    "yellow": (250, 216, 44),
    "green": (36, 156, 68),
    "cyan": (48, 204, 216),
    "blue": (36, 76, 216),
    "purple": (128, 44, 180),
    "pink": (248, 136, 188),
    "brown": (116, 70, 34),
    "black": (18, 18, 22),
    "white": (250, 250, 250),
    "gray": (134, 134, 138),
}
SHAPES = ("circle", "square", "triangle", "star", "heart", "diamond", "ring", "cross")
LOOKS = ("flat", "outlined", "striped", "shaded")
STYLES = ("flat", "outlined", "pastel", "dark")
# Sky at the top, sky at the horizon, ground, and where the horizon is; without ground it is below the
# picture.
SETTINGS = {
    "sky": ((74, 150, 230), (188, 222, 250), (188, 222, 250), 1.0),
    "sea": ((150, 206, 248), (214, 238, 252), (30, 104, 176), 0.58),
    "meadow": ((126, 196, 248), (206, 234, 252), (104, 180, 72), 0.62),
    "night": ((12, 16, 52), (36, 44, 104), (36, 44, 104), 1.0),
    "beach": ((120, 198, 246), (196, 232, 250), (238, 212, 150), 0.6),
    "snow": ((186, 206, 226), (222, 232, 242), (246, 249, 252), 0.6),
    "sunset": ((92, 58, 132), (252, 150, 84), (58, 44, 72), 0.7),
}
# Half of the longer side of a shape, as the detector knows it, and of a drawing alone or in company.
SHAPE_RADII = {"small": 0.10, "medium": 0.16, "large": 0.22}
ALONE_RADII = {"small": 0.13, "medium": 0.27, "large": 0.38}
COMPANY_RADII = {"small": 0.10, "medium": 0.18, "large": 0.23}
# Of several in a row, or of a group.
CROWD_RADIUS = {2: 0.16, 3: 0.135, 4: 0.11}
SPREAD = (0.23, 0.5, 0.77)


@dataclass
class Thing:
    """One or several alike. `kind`: a shape's number, or len(SHAPES) and on: a drawing of the pack."""

    kind: int
    colour: str | None = None
    size: str = "medium"
    told_size: bool = False
    look: str = "flat"
    # (x, y, radius) of each.
    places: list = field(default_factory=list)

    def is_shape(self):
        return self.kind < len(SHAPES)


@dataclass
class Scene:
    things: list
    # A colour of COLOURS; where there is a setting, it hides it.
    ground: str = "white"
    told_ground: bool = False
    setting: str | None = None
    style: str = "flat"
    told_style: bool = False
    # What the caption says beside: column and row of a single thing; where the first of two is from the
    # second.
    position: tuple | None = None
    relation: str | None = None

    def instances(self):
        return [(thing, place) for thing in self.things for place in thing.places]


def inside(value, radius):
    return min(max(value, radius * 1.1 + 0.02), 1 - radius * 1.1 - 0.02)


def place_alone(random, thing, column, row):
    radii = SHAPE_RADII if thing.is_shape() else ALONE_RADII
    radius = radii[thing.size] * random.uniform(0.94, 1.06)
    # A middling drawing that must stand aside is a little smaller, to have somewhere to go.
    if not thing.is_shape() and thing.size == "medium" and (column, row) != (1, 1):
        radius *= 0.75
    x, y = (SPREAD[each] + random.uniform(-0.03, 0.03) for each in (column, row))
    thing.places = [(inside(x, radius), inside(y, radius), radius)]


def place_group(random, thing, count, x=0.5, y=0.5, room=1.0):
    """`count` alike around a point, in `room` of the picture's width: two or three in a row, four in two."""
    if count == 1:
        radii = SHAPE_RADII if thing.is_shape() else COMPANY_RADII
        radius = radii[thing.size] * random.uniform(0.94, 1.06)
        thing.places = [(inside(x, radius), inside(y, radius), radius)]
        return
    columns = 2 if count == 4 or room < 0.7 else count
    rows = -(-count // columns)
    scale = {"small": 0.75, "medium": 1.0, "large": 1.12}[thing.size]
    radius = min(CROWD_RADIUS[count] if room == 1 else 0.1, room * 0.46 / columns) * scale
    step = min(2.25 * radius + 0.02, room / columns)
    thing.places = []
    for index in range(count):
        row, column = divmod(index, columns)
        across = min(columns, count - row * columns)
        thing.places.append(
            (
                inside(x + (column - (across - 1) / 2) * step + random.uniform(-0.008, 0.008), radius),
                inside(y + (row - (rows - 1) / 2) * step + random.uniform(-0.008, 0.008), radius),
                radius * random.uniform(0.96, 1.04),
            )
        )


def place_pair(random, things, counts, relation):
    """The first stands as `relation` says, seen from the second."""
    first, second = (0.27, 0.73) if relation in ("left", "above") else (0.73, 0.27)
    shared = random.uniform(0.46, 0.54)
    for thing, count, along in zip(things, counts, (first, second)):
        along += random.uniform(-0.02, 0.02)
        across = shared + random.uniform(-0.03, 0.03)
        flat = relation in ("left", "right")
        x, y = (along, across) if flat else (across, along)
        place_group(random, thing, count, x, y, room=0.46 if count > 1 else 1.0)


def place_row(random, things):
    """From left to right, one of each."""
    radius = CROWD_RADIUS[len(things)]
    for index, thing in enumerate(things):
        scale = {"small": 0.75, "medium": 1.0, "large": 1.12}[thing.size]
        own = radius * scale * random.uniform(0.96, 1.04)
        x = (index + 0.5) / len(things) + random.uniform(-0.01, 0.01)
        thing.places = [(inside(x, own), 0.5 + random.uniform(-0.04, 0.04), own)]
