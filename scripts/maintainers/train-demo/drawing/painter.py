"""draw.py's drawing as one Triton kernel: a batch in one launch instead of some 2,500, which cost a GPU's
host more time than the network's step. `prove` compares both on the device before anything is drawn by it.
"""

import random

import torch
import triton
import triton.language as tl

from drawing import draw
from drawing.atlas import LEVELS
from scenes import scenes
from scenes.captions import Captions

# Pixels of a program, across and down.
WIDE, HIGH = 32, 16
# How many pixels may differ from draw.py's, of 2, and by how much: draw.py cuts the softest edges of small
# things at a box.
PROVEN_SCENES, TOLERANCE, SHARE = 48, 0.02, 0.01


@triton.jit
def _read(at, x0, x1, y0, y1, fx, fy, line, scale, seen):
    """Bilinear, of one plane."""
    top = tl.load(at + y0 * line + x0, mask=seen, other=0).to(tl.float32) * (1 - fx)
    top += tl.load(at + y0 * line + x1, mask=seen, other=0).to(tl.float32) * fx
    low = tl.load(at + y1 * line + x0, mask=seen, other=0).to(tl.float32) * (1 - fx)
    low += tl.load(at + y1 * line + x1, mask=seen, other=0).to(tl.float32) * fx
    return (top * (1 - fy) + low * fy) * scale


@triton.jit
def _dyed(colour, tint, leading_part, alpha, shade, share):
    dyed = tl.where(shade > 1, tint + (1 - tint) * (shade - 1) * 0.8, tint * shade)
    return colour + share * (dyed * alpha - colour)


@triton.jit
def _looked(colour, tint, alpha, plain, look, wave, lit):
    """Striped or shaded."""
    light = tl.where(plain < 0.75, tint + 0.6 * (0.975 - tint), tint - 0.3)
    striped = colour + wave * (light * alpha - colour)
    shaded = tl.where(lit > 0, colour + lit * (0.975 * alpha - colour), colour * (1 + 0.8 * lit))
    return tl.where(look == 2, striped, tl.where(look == 3, shaded, colour))


@triton.jit
def _ground(ground, channel, down, below):
    top, low, earth = tl.load(ground + channel), tl.load(ground + 3 + channel), tl.load(ground + 6 + channel)
    sky = top + (low - top) * down
    return sky + (earth - sky) * below


@triton.jit
def _paint(
    out, textures, leadings, grounds, horizons, styles, windows, blurs, begins, order,
    kinds, looks, places, tints, tinteds, reach, scale,
    PIXELS: tl.constexpr, SIDE: tl.constexpr, FINER: tl.constexpr, OUTLINED: tl.constexpr,
    PASTEL: tl.constexpr, DARK: tl.constexpr, LAST: tl.constexpr, WIDE: tl.constexpr, HIGH: tl.constexpr,
):  # fmt: skip
    scene, tile = tl.program_id(0).to(tl.int64), tl.program_id(1)
    across: tl.constexpr = (PIXELS + WIDE - 1) // WIDE
    columns = ((tile % across) * WIDE + tl.arange(0, WIDE))[None, :]
    rows = ((tile // across) * HIGH + tl.arange(0, HIGH))[:, None]
    left, top = tl.load(windows + 3 * scene), tl.load(windows + 3 * scene + 1)
    side = tl.load(windows + 3 * scene + 2)
    pixel = side / PIXELS
    horizon, style = tl.load(horizons + scene), tl.load(styles + scene)
    blur = tl.load(blurs + scene)
    begin, end = tl.load(begins + scene), tl.load(begins + scene + 1)
    # The tile in the picture, for leaving out what does not touch it.
    tile_left = left + (tile % across) * WIDE * pixel
    tile_top = top + (tile // across) * HIGH * pixel
    red_sum = tl.zeros([HIGH, WIDE], tl.float32)
    green_sum, blue_sum = red_sum, red_sum
    line: tl.constexpr = SIDE + SIDE // 2
    plane: tl.constexpr = SIDE * line
    for sub in tl.static_range(FINER * FINER):
        x = left + (columns + (sub % FINER + 0.5) / FINER) * pixel
        y = top + (rows + (sub // FINER + 0.5) / FINER) * pixel
        down = tl.minimum(tl.maximum(y / horizon, 0.0), 1.0)
        below = tl.minimum(tl.maximum((y - horizon) / pixel + 0.5, 0.0), 1.0)
        flat = tl.zeros([HIGH, WIDE], tl.float32)
        red = flat + _ground(grounds + 9 * scene, 0, down, below)
        green = flat + _ground(grounds + 9 * scene, 1, down, below)
        blue = flat + _ground(grounds + 9 * scene, 2, down, below)
        for index in range(begin, end):
            one = tl.load(order + index)
            middle_x, middle_y = tl.load(places + 3 * one), tl.load(places + 3 * one + 1)
            radius = tl.load(places + 3 * one + 2)
            half = radius / reach
            touches = (
                (middle_x + half >= tile_left) & (middle_x - half <= tile_left + WIDE * pixel)
                & (middle_y + half >= tile_top) & (middle_y - half <= tile_top + HIGH * pixel)
            )  # fmt: skip
            if touches:
                kind = tl.load(kinds + one)
                look = tl.load(looks + one)
                look = tl.where(style == OUTLINED, 1, look)
                tinted = tl.load(tinteds + one)
                dyes = tl.where(tinted > 0, 1, 0)
                u, v = (x - middle_x) / half, (y - middle_y) / half
                ratio = SIDE / (2 * half / pixel)
                level = (ratio >= 2).to(tl.int32) + (ratio >= 4).to(tl.int32) + (ratio >= 8).to(tl.int32)
                level = tl.minimum(level + blur, LAST).to(tl.int32)
                size = SIDE >> level
                corner_x = tl.where(level == 0, 0, SIDE)
                corner_y = tl.where(level == 0, 0, SIDE - 2 * size)
                at_x = tl.minimum(tl.maximum((u + 1) * 0.5 * size, 0.5), size - 0.5) - 0.5
                at_y = tl.minimum(tl.maximum((v + 1) * 0.5 * size, 0.5), size - 0.5) - 0.5
                low_x, low_y = tl.floor(at_x), tl.floor(at_y)
                fx, fy = at_x - low_x, at_y - low_y
                x0, y0 = low_x.to(tl.int32), low_y.to(tl.int32)
                x1, y1 = tl.minimum(x0 + 1, size - 1) + corner_x, tl.minimum(y0 + 1, size - 1) + corner_y
                x0, y0 = x0 + corner_x, y0 + corner_y
                seen = (u >= -1) & (u <= 1) & (v >= -1) & (v <= 1)
                at = textures + kind.to(tl.int64) * (6 * plane)
                alpha = _read(at + 3 * plane, x0, x1, y0, y1, fx, fy, line, scale, seen)
                r = _read(at, x0, x1, y0, y1, fx, fy, line, scale, seen)
                g = _read(at + plane, x0, x1, y0, y1, fx, fy, line, scale, seen)
                b = _read(at + 2 * plane, x0, x1, y0, y1, fx, fy, line, scale, seen)
                share = _read(at + 4 * plane, x0, x1, y0, y1, fx, fy, line, scale, seen & (dyes == 1))
                around = _read(at + 5 * plane, x0, x1, y0, y1, fx, fy, line, scale, seen & (look == 1))
                tint_r, tint_g = tl.load(tints + 3 * one), tl.load(tints + 3 * one + 1)
                tint_b = tl.load(tints + 3 * one + 2)
                lead = (
                    tl.load(leadings + 3 * kind) * 0.299
                    + tl.load(leadings + 3 * kind + 1) * 0.587
                    + tl.load(leadings + 3 * kind + 2) * 0.114
                )
                solid = tl.maximum(alpha, 1e-3)
                shade = ((r * 0.299 + g * 0.587 + b * 0.114) / solid) / tl.maximum(lead, 0.05)
                shade = tl.minimum(tl.maximum(shade, 0.45), 1.55)
                share = tl.minimum(share / solid, 1.0) * tinted
                r = _dyed(r, tint_r, lead, alpha, shade, share)
                g = _dyed(g, tint_g, lead, alpha, shade, share)
                b = _dyed(b, tint_b, lead, alpha, shade, share)
                plain = (tint_r + tint_g + tint_b) / 3
                own_x, own_y = u / reach, v / reach
                soft = tl.maximum(pixel, 4 / 1024)
                wave = 0.5 + tl.sin(own_y * radius * (6.283185307179586 / 0.075)) * (0.012 / soft)
                wave = tl.minimum(tl.maximum(wave, 0.0), 1.0)
                lit = tl.minimum(tl.maximum((-0.5 * own_x - 0.7 * own_y) * 0.5, -0.6), 0.6)
                r = _looked(r, tint_r, alpha, plain, look, wave, lit)
                g = _looked(g, tint_g, alpha, plain, look, wave, lit)
                b = _looked(b, tint_b, alpha, plain, look, wave, lit)
                ink = tl.where((plain < 0.2) & (dyes == 1), 0.95, 0.05)
                outline = tl.where(look == 1, tl.maximum(around - alpha, 0.0), 0.0)
                cover = 1 - (alpha + outline)
                red = red * cover + r + outline * ink
                green = green * cover + g + outline * ink
                blue = blue * cover + b + outline * ink
        red_sum, green_sum, blue_sum = red_sum + red, green_sum + green, blue_sum + blue
    count: tl.constexpr = FINER * FINER
    red, green, blue = red_sum / count, green_sum / count, blue_sum / count
    gray = (red + green + blue) / 3
    strength = tl.where(style == PASTEL, 0.58 * 0.85, 1.0)
    lift = tl.where(style == PASTEL, 0.42 + 0.58 * 0.15 * gray, 0.0)
    dark = tl.where(style == DARK, 0.45, 1.0)
    inside = (rows < PIXELS) & (columns < PIXELS)
    at = out + scene * (3 * PIXELS * PIXELS) + rows * PIXELS + columns
    tl.store(at, (red * strength + lift) * dark * 2 - 1, mask=inside)
    tl.store(at + PIXELS * PIXELS, (green * strength + lift) * dark * 2 - 1, mask=inside)
    tl.store(at + 2 * PIXELS * PIXELS, (blue * strength + lift) * dark * 2 - 1, mask=inside)


def paint(atlas, batch, pixels, window=None, blur=None, finer=2):
    """What draw.draw gives, of a batch that lies where the atlas does."""
    count, device = len(batch["ground"]), atlas.textures.device
    if window is None:
        window = torch.zeros(count, 3, device=device)
        window[:, 2] = 1
    if blur is None:
        blur = torch.zeros(count, dtype=torch.int64, device=device)
    out = torch.empty(count, 3, pixels, pixels, device=device)
    tiles = triton.cdiv(pixels, WIDE) * triton.cdiv(pixels, HIGH)
    _paint[(count, tiles)](
        out,
        atlas.textures,
        atlas.leading,
        *(batch[name].contiguous() for name in ("ground", "horizon", "style")),
        window.contiguous(),
        blur.contiguous(),
        *(
            batch[name].contiguous()
            for name in ("begins", "order", "kind", "look", "place", "tint", "tinted")
        ),
        atlas.reach,
        1.0 if atlas.textures.is_floating_point() else 1 / 255,
        PIXELS=pixels,
        SIDE=atlas.side,
        FINER=finer,
        OUTLINED=scenes.STYLES.index("outlined"),
        PASTEL=scenes.STYLES.index("pastel"),
        DARK=scenes.STYLES.index("dark"),
        LAST=LEVELS - 1,
        WIDE=WIDE,
        HIGH=HIGH,
    )
    return out


def prove(atlas, pack):
    """Draws a batch both ways on the atlas's device, and says whether they agree."""
    source, captions = random.Random("painter"), Captions(pack)
    device = atlas.textures.device
    told = [captions.random_scene(source)[1] for _ in range(PROVEN_SCENES)]
    batch = {name: each if name == "runs" else each.to(device) for name, each in draw.describe(told).items()}
    drawn, painted = draw.draw(atlas, batch, 128, finer=1), paint(atlas, batch, 128, finer=1)
    differ = ((drawn - painted).abs().amax(1) > TOLERANCE).float().mean().item()
    return painted.isfinite().all().item() and differ <= SHARE
