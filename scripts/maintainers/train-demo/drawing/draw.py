"""Draws batches of scenes on the device, at any resolution and in any window of the picture."""

import math

import torch
import torch.nn.functional as F

from drawing.atlas import LEVELS
from scenes import scenes

COLOUR_NAMES = list(scenes.COLOURS)
QUARTERS = 4


def quarters_of(radius):
    """Of the picture's side, what a thing and its outline need."""
    return min(QUARTERS, math.ceil((2.2 * radius + 0.02) * QUARTERS))


def rgb(colours):
    return torch.tensor(colours, dtype=torch.float32) / 255


def describe(told):
    """A batch of scenes as tensors: those of the grounds [n, ...], those of the things [instances, ...].

    Instances lie layer by layer: the first of every scene, the second of those that have one, and so on; in a
    layer, by how many quarters of the picture's side they need. `runs`: [layer and quarters, 2], how many
    instances and how many quarters. `order` and `begins` say the same by scene: which instances scene n has
    are order[begins[n] : begins[n + 1]].
    """
    grounds, horizons, styles = [], [], []
    for scene in told:
        if scene.setting is None:
            grounds.append([scenes.COLOURS[scene.ground]] * 3)
            horizons.append(1.0)
        else:
            *colours, horizon = scenes.SETTINGS[scene.setting]
            grounds.append(colours)
            horizons.append(horizon)
        styles.append(scenes.STYLES.index(scene.style))
    every = [scene.instances() for scene in told]
    deepest = max(len(each) for each in every)
    order, runs = [], []
    for depth in range(deepest):
        layer = [(n, *each[depth]) for n, each in enumerate(every) if depth < len(each)]
        for quarters in range(1, QUARTERS + 1):
            alike = [each for each in layer if quarters_of(each[2][2]) == quarters]
            order += alike
            runs += [(len(alike), quarters)] if alike else []
    scene = torch.tensor([n for n, _, _ in order])
    begins = torch.zeros(len(told) + 1, dtype=torch.int32)
    begins[1:] = torch.tensor([len(each) for each in every]).cumsum(0)
    return {
        "ground": rgb(grounds),
        "horizon": torch.tensor(horizons),
        "style": torch.tensor(styles),
        "runs": torch.tensor(runs),
        "order": scene.argsort(stable=True).int(),
        "begins": begins,
        "scene": scene,
        "kind": torch.tensor([thing.kind for _, thing, _ in order]),
        "look": torch.tensor([scenes.LOOKS.index(thing.look) for _, thing, _ in order]),
        "place": torch.tensor([place for _, _, place in order], dtype=torch.float32),
        "tint": rgb([scenes.COLOURS[thing.colour or "white"] for _, thing, _ in order]),
        "tinted": torch.tensor([float(thing.colour is not None) for _, thing, _ in order]),
    }


def _ground(batch, y, pixel):
    """[n, 3, h, 1] of y [n, h, 1]."""
    top, low, ground = batch["ground"][:, :, :, None, None].unbind(1)
    horizon = batch["horizon"].view(-1, 1, 1, 1)
    y = y[:, None]
    down = (y / horizon).clamp(0, 1)
    sky = top + (low - top) * down
    below = ((y - horizon) / pixel.view(-1, 1, 1, 1) + 0.5).clamp(0, 1)
    return sky + (ground - sky) * below


def _painted(atlas, part, read, u, v, pixel):
    """Premultiplied colour [n, 3, h, w] and alpha [n, 1, h, w] of one layer of things."""
    colour, alpha, share, around = read[:, :3], read[:, 3:4], read[:, 4:5], read[:, 5:6]
    tint, leading = part["tint"][:, :, None, None], atlas.leading[part["kind"]][:, :, None, None]
    weights = atlas.brightness.view(1, 3, 1, 1)
    shade = ((colour * weights).sum(1, keepdim=True) / alpha.clamp(min=1e-3)) / (
        (leading * weights).sum(1, keepdim=True).clamp(min=0.05)
    )
    # Lighter and darker parts of the leading colour stay so in another one.
    shade = shade.clamp(0.45, 1.55)
    dyed = torch.where(shade > 1, tint + (1 - tint) * (shade - 1) * 0.8, tint * shade)
    share = (share / alpha.clamp(min=1e-3)).clamp(max=1) * part["tinted"].view(-1, 1, 1, 1)
    colour = colour + share * (dyed * alpha - colour)
    look = part["look"].view(-1, 1, 1, 1)
    x, y = u[:, None] / atlas.reach, v[:, None] / atlas.reach
    plain = tint.mean(1, keepdim=True)
    light = torch.where(plain < 0.75, tint + 0.6 * (0.975 - tint), tint - 0.3)
    radius = part["place"][:, 2].view(-1, 1, 1, 1)
    soft = pixel.view(-1, 1, 1, 1).clamp(min=4 / 1024)
    wave = (0.5 + torch.sin(y * radius * (2 * torch.pi / 0.075)) * (0.012 / soft)).clamp(0, 1)
    colour = torch.where(look == 2, colour + wave * (light * alpha - colour), colour)
    lit = ((-0.5 * x - 0.7 * y) * 0.5).clamp(-0.6, 0.6)
    shaded = torch.where(lit > 0, colour + lit * (0.975 * alpha - colour), colour * (1 + 0.8 * lit))
    colour = torch.where(look == 3, shaded, colour)
    # Black things are outlined in white.
    is_black = (plain < 0.2) & (part["tinted"].view(-1, 1, 1, 1) > 0)
    ink = torch.where(is_black, 0.95, 0.05)
    line = torch.where(look == 1, (around - alpha).clamp(min=0), 0)
    return colour + line * ink, alpha + line


def _styled(image, style):
    style = style.view(-1, 1, 1, 1)
    gray = image.mean(1, keepdim=True)
    pastel = 0.42 + 0.58 * (gray + 0.85 * (image - gray))
    image = torch.where(style == scenes.STYLES.index("pastel"), pastel, image)
    return torch.where(style == scenes.STYLES.index("dark"), image * 0.45, image)


def draw(atlas, batch, pixels, window=None, blur=None, finer=2):
    """RGB float32 [n, 3, pixels, pixels], -1 ... 1.

    `batch`: what `describe` gives, on the atlas's device. `window`: float [n, 3], left, top and side of the
    part of the picture that is drawn. `blur`: int64 [n], how many sizes smaller sprites are read than would
    be sharpest. `finer`: every pixel is the mean of finer x finer.
    """
    if atlas.painter is not None:
        return atlas.painter(atlas, batch, pixels, window, blur, finer)
    device = batch["ground"].device
    count, fine = len(batch["ground"]), pixels * finer
    windowed = window is not None
    if not windowed:
        window = torch.zeros(count, 3, device=device)
        window[:, 2] = 1
    left, top, side = window.unbind(1)
    axis = (torch.arange(fine, device=device) + 0.5) / fine
    x, y = (start[:, None] + axis * side[:, None] for start in (left, top))
    pixel = side / pixels
    image = _ground(batch, y[:, :, None], pixel).expand(-1, -1, -1, fine).clone()
    outlined = batch["style"] == scenes.STYLES.index("outlined")
    begin = 0
    for size, quarters in batch["runs"].tolist():
        part = {
            name: batch[name][begin : begin + size] for name in ("kind", "look", "place", "tint", "tinted")
        }
        rows = batch["scene"][begin : begin + size]
        begin += size
        part["look"] = torch.where(outlined[rows], 1, part["look"])
        across, down = part["place"][:, 0], part["place"][:, 1]
        half = part["place"][:, 2] / atlas.reach
        # The pixels about the thing; in a window, all.
        reach = fine if windowed else -(-fine * quarters // QUARTERS)
        starts = [
            ((each - first[rows]) / side[rows] * fine - reach / 2).round().long().clamp(0, fine - reach)
            for each, first in ((across, left), (down, top))
        ]
        columns, lines = (start[:, None] + torch.arange(reach, device=device) for start in starts)
        u = (x[rows].gather(1, columns) - across[:, None])[:, None, :] / half.view(-1, 1, 1)
        v = (y[rows].gather(1, lines) - down[:, None])[:, :, None] / half.view(-1, 1, 1)
        # Pixels of the largest sprite for one of the picture: below 1 the next smaller one is read.
        level = (atlas.side / (2 * half / pixel[rows])).log2().floor().clamp(min=0).long()
        if blur is not None:
            level = level + blur[rows]
        read = atlas.read(part["kind"], level.clamp(max=LEVELS - 1), u, v)
        colour, alpha = _painted(atlas, part, read, u, v, pixel[rows])
        where = rows[:, None, None], slice(None), lines[:, :, None], columns[:, None, :]
        behind = image[where].permute(0, 3, 1, 2)
        image[where] = (behind * (1 - alpha) + colour).permute(0, 2, 3, 1)
    if finer > 1:
        image = F.avg_pool2d(image, finer)
    return _styled(image, batch["style"]) * 2 - 1
