"""Writes PNG (ISO/IEC 15948) with the standard library alone: a bare machine has no imaging library."""

import struct
import zlib


def _chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png(pixels):
    """Bytes of a PNG of uint8 [h, w, 3]."""
    height, width, _ = pixels.shape
    # Each line begins with its filter: none.
    lines = b"".join(b"\0" + bytes(line.flatten().tolist()) for line in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(lines, 6)),
            _chunk(b"IEND", b""),
        ]
    )


def write_png(file, pixels):
    with open(file, "wb") as out:
        out.write(png(pixels))
