"""The eight shapes as signed distances (negative inside), radius 1 about the origin, y downwards: the same
outlines as scripts/bench/demo/shapes.ts has.
"""

import math

import torch


def _polygon(points):
    """Exact signed distance to a closed polygon."""

    def distance(x, y):
        nearest = torch.full_like(x, 1e9)
        inside = torch.zeros_like(x, dtype=torch.bool)
        for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1]):
            ex, ey = bx - ax, by - ay
            wx, wy = x - ax, y - ay
            along = ((wx * ex + wy * ey) / (ex * ex + ey * ey)).clamp(0, 1)
            nearest = torch.minimum(nearest, (wx - ex * along) ** 2 + (wy - ey * along) ** 2)
            if ay != by:
                inside ^= ((ay <= y) != (by <= y)) & (x < ax + (y - ay) * (ex / ey))
        return torch.where(inside, -nearest.sqrt(), nearest.sqrt())

    return distance


def _star():
    angles = [-math.pi / 2 + index * math.pi / 5 for index in range(10)]
    radii = (1.05, 0.44) * 5
    return [(radius * math.cos(angle), radius * math.sin(angle)) for angle, radius in zip(angles, radii)]


def _cross(arm=0.34):
    quarter = [(arm, -1.0), (arm, -arm), (1.0, -arm), (1.0, arm), (arm, arm), (arm, 1.0)]
    return quarter + [(-x, -y) for x, y in quarter]


def _heart(x, y):
    """A square on its corner with two half discs on its upper sides."""
    x, y = x.abs() / 1.75, (0.92 - y) / 1.75
    lobe = torch.hypot(x - 0.25, y - 0.75) - math.sqrt(2) / 4
    middle = (x + y).clamp(min=0) / 2
    body = torch.minimum(x**2 + (y - 1) ** 2, (x - middle) ** 2 + (y - middle) ** 2).sqrt() * (x - y).sign()
    return 1.75 * torch.where(x + y > 1, lobe, body)


# By scenes.SHAPES.
DISTANCES = {
    "circle": lambda x, y: torch.hypot(x, y) - 1,
    "square": _polygon([(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)]),
    "triangle": _polygon([(0.0, -0.95), (1.05, 0.85), (-1.05, 0.85)]),
    "star": _polygon(_star()),
    "heart": _heart,
    "diamond": _polygon([(0.0, -1.05), (0.78, 0.0), (0.0, 1.05), (-0.78, 0.0)]),
    "ring": lambda x, y: (torch.hypot(x, y) - 0.76).abs() - 0.24,
    "cross": _polygon(_cross()),
}


def coverage(shape, side, reach):
    """[side, side], 0 ... 1: how much of each pixel the shape covers; radius 1 is `reach` of half a side."""
    axis = ((torch.arange(side) + 0.5) / side * 2 - 1) / reach
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return (0.5 - DISTANCES[shape](x, y) * reach * side / 2).clamp(0, 1)
