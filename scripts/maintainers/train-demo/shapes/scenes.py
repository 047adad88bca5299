"""What a picture shows (plain data) and how it is drawn: signed distances, at any resolution and in any
window.
"""

from dataclasses import dataclass, field

import numpy as np

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
# Half the extent of a shape, as a share of the picture's side.
RADII = {"small": 0.10, "medium": 0.16, "large": 0.22}
LOOKS = ("flat", "outlined", "striped", "shaded")


@dataclass
class Thing:
    shape: str
    colour: str
    size: str
    x: float
    y: float
    radius: float
    look: str = "flat"
    told_size: bool = False


@dataclass
class Scene:
    background: str
    things: list = field(default_factory=list)
    # What the caption said beside the things themselves; None where it left the choice open.
    told_background: bool = False
    position: tuple | None = None
    relation: str | None = None


def _polygon(points):
    """Exact signed distance (negative inside) to a closed polygon with y downwards."""
    points = np.asarray(points, np.float32)

    def distance(x, y):
        nearest = np.full(x.shape, 1e9, np.float32)
        inside = np.zeros(x.shape, bool)
        for (ax, ay), (bx, by) in zip(points, np.roll(points, -1, 0)):
            ex, ey = bx - ax, by - ay
            wx, wy = x - ax, y - ay
            along = np.clip((wx * ex + wy * ey) / (ex * ex + ey * ey), 0, 1)
            nearest = np.minimum(nearest, (wx - ex * along) ** 2 + (wy - ey * along) ** 2)
            if ay != by:
                inside ^= ((ay <= y) != (by <= y)) & (x < ax + (y - ay) * (ex / ey))
        root = np.sqrt(nearest)
        return np.where(inside, -root, root)

    return distance


def _star():
    angles = -np.pi / 2 + np.arange(10) * np.pi / 5
    radii = np.where(np.arange(10) % 2 == 0, 1.05, 0.44)
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], 1)


def _cross(arm=0.34):
    quarter = [(arm, -1), (arm, -arm), (1, -arm), (1, arm), (arm, arm), (arm, 1)]
    return quarter + [(-x, -y) for x, y in quarter]


def _heart(x, y):
    """A square on its corner with two half discs on its upper sides."""
    x, y = np.abs(x) / 1.75, (0.92 - y) / 1.75
    lobe = np.hypot(x - 0.25, y - 0.75) - np.sqrt(2) / 4
    middle = np.maximum(x + y, 0) / 2
    body = np.sqrt(np.minimum(x**2 + (y - 1) ** 2, (x - middle) ** 2 + (y - middle) ** 2)) * np.sign(x - y)
    return 1.75 * np.where(x + y > 1, lobe, body)


# Signed distance of each shape of radius 1 about the origin.
DISTANCES = {
    "circle": lambda x, y: np.hypot(x, y) - 1,
    "square": _polygon([(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)]),
    "triangle": _polygon([(0, -0.95), (1.05, 0.85), (-1.05, 0.85)]),
    "star": _polygon(_star()),
    "heart": _heart,
    "diamond": _polygon([(0, -1.05), (0.78, 0), (0, 1.05), (-0.78, 0)]),
    "ring": lambda x, y: np.abs(np.hypot(x, y) - 0.76) - 0.24,
    "cross": _polygon(_cross()),
}


def draw(scene, pixels, window=(0.0, 0.0, 1.0), soft=8 / 1024, palette=COLOURS):
    """RGB float32 [3, pixels, pixels] in -1 ... 1 of a square window (left, top, side; shares of the
    picture).

    `soft` is the width of the ramp at an edge as a share of the picture's side; at least one pixel is used.
    """
    left, top, side = window
    soft = max(soft, side / pixels)
    image = np.empty((3, pixels, pixels), np.float32)
    image[:] = _rgb(palette[scene.background])[:, None, None]
    axis = (np.arange(pixels, dtype=np.float32) + 0.5) * (side / pixels)
    for thing in scene.things:
        reach = thing.radius * 1.15 + soft
        columns = np.flatnonzero(np.abs(left + axis - thing.x) < reach)
        rows = np.flatnonzero(np.abs(top + axis - thing.y) < reach)
        if len(columns) == 0 or len(rows) == 0:
            continue
        area = np.s_[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        x, y = np.meshgrid(
            (left + axis[columns] - thing.x) / thing.radius, (top + axis[rows] - thing.y) / thing.radius
        )
        distance = DISTANCES[thing.shape](x, y) * thing.radius
        cover = np.clip(0.5 - distance / soft, 0, 1)
        paint = _paint(thing, _rgb(palette[thing.colour])[:, None, None], x, y, distance, soft)
        image[area] += cover * (paint - image[area])
    return image


def _rgb(colour):
    return np.asarray(colour, np.float32) / 127.5 - 1


def _paint(thing, rgb, x, y, distance, soft):
    """Colour inside the shape, [3, h, w] or [3, 1, 1]."""
    if thing.look == "outlined":
        line = -0.95 if rgb.mean() > -0.6 else 0.9
        depth = np.clip(0.5 + (distance + 0.022) / soft, 0, 1)
        return rgb + depth * (line - rgb)
    if thing.look == "striped":
        light = rgb + 0.6 * (0.95 - rgb) if rgb.mean() < 0.5 else rgb - 0.6
        wave = np.clip(0.5 + np.sin(y * thing.radius * (2 * np.pi / 0.075)) * (0.012 / soft), 0, 1)
        return rgb + wave * (light - rgb)
    if thing.look == "shaded":
        shade = np.clip((-0.5 * x - 0.7 * y) * 0.5, -0.6, 0.6)
        return np.where(shade > 0, rgb + shade * (0.95 - rgb), rgb + shade * (rgb + 1) * 0.8)
    return rgb
