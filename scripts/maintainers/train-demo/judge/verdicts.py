"""What was found in a picture beside what its caption asks for. The judge is the only one to name things
here; nothing in this file needs PyTorch.
"""

from dataclasses import dataclass

POINTS = ("kinds", "number", "colours", "relation", "position")


@dataclass
class Found:
    """A thing in a picture; lengths are shares of its side. `colour`: the likeliest of the named ones."""

    kind: int
    colour: str
    x: float
    y: float
    radius: float
    likely: float


def expectation(caption, scene):
    """What a caption asks for, as JSON holds it."""
    return {
        "prompt": caption,
        "things": [
            {"kind": thing.kind, "colour": thing.colour, "count": len(thing.places)} for thing in scene.things
        ],
        "relation": scene.relation,
        "position": scene.position,
    }


def verdict(expected, found):
    """Each of POINTS as true, false, or None where the caption does not ask for it."""
    wanted = expected["things"]
    number = sum(thing["count"] for thing in wanted)
    groups = _groups(wanted, found)
    told = [(thing, group) for thing, group in zip(wanted, groups) if thing["colour"] is not None]
    return {
        "kinds": all(len(group) == thing["count"] for thing, group in zip(wanted, groups))
        and len(found) == number,
        "number": len(found) == number,
        "colours": all(
            group and all(each.colour == thing["colour"] for each in group) for thing, group in told
        )
        if told
        else None,
        "relation": None if expected["relation"] is None else _stands(expected["relation"], *groups[:2]),
        "position": None if expected["position"] is None else _at(expected["position"], groups[0]),
    }


def _groups(wanted, found):
    """The found ones of each thing's kind; of two things of one kind each takes those of its colour."""
    groups = []
    for thing in wanted:
        alike = [each for each in found if each.kind == thing["kind"]]
        if sum(other["kind"] == thing["kind"] for other in wanted) > 1:
            alike = [each for each in alike if each.colour == thing["colour"]]
        groups.append(alike)
    return groups


def _middle(group):
    return sum(each.x for each in group) / len(group), sum(each.y for each in group) / len(group)


def _stands(relation, first, second):
    """Whether the first is there as seen from the second, more so than to any other side."""
    if not first or not second:
        return False
    (ax, ay), (bx, by) = _middle(first), _middle(second)
    distances = {"left": bx - ax, "right": ax - bx, "above": by - ay, "below": ay - by}
    return distances[relation] == max(distances.values())


def _at(position, group):
    """Thirds of the picture; large things cannot come close to an edge, so the middle third is drawn in."""
    if not group:
        return False
    return tuple(0 if value < 0.4 else 2 if value > 0.6 else 1 for value in _middle(group)) == tuple(position)


def is_right(points):
    return all(value is not False for value in points.values())


def report(verdicts):
    """Lines with the share of all that are right, and of each point that was asked for."""
    share = lambda values: f"{100 * sum(values) / len(values):.1f} % of {len(values)}" if values else "-"
    lines = [f"all right {share([is_right(each) for each in verdicts])}"]
    for point in POINTS:
        lines.append(f"{point} {share([each[point] for each in verdicts if each[point] is not None])}")
    return lines


def by_kind(expected, found):
    """(kind, whether it was found as often as asked for) of each thing asked for."""
    return [
        (thing["kind"], len(group) == thing["count"])
        for thing, group in zip(expected["things"], _groups(expected["things"], found))
    ]
