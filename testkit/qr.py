"""Read a QR code from its SVG."""

import re

import zxingcpp

# Pixels per module: a scanner needs several.
SCALE = 4


def read(svg: str) -> str:
    """Return the text of a code that is dark on white, with a white quiet zone of 4 modules.

    Understands only the SVG that Handsel draws: a white background and horizontal strokes, one module high.
    """
    sides, dark = re.search(r'viewBox="0 0 (\d+) \1"', svg), re.search(r'<path stroke="#000" d="([^"]+)"/></svg>', svg)
    assert sides is not None
    assert dark is not None
    side = int(sides[1])
    assert f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/>' in svg
    rows = [bytearray(b"\xff" * side) for _ in range(side)]
    x, y = 0, 0.0
    for command, right, down in re.findall(r"([Mmh])(-?\d+)(?: (-?[\d.]+))?", dark[1]):
        if command == "h":
            rows[int(y)][x : x + int(right)] = bytes(int(right))
        x, y = (0, 0.0) if command == "M" else (x, y)
        x, y = x + int(right), y + float(down or 0)
    margins = [*rows[:4], *rows[-4:], *(row[:4] + row[-4:] for row in rows)]
    assert all(set(margin) == {255} for margin in margins)
    pixels = b"".join(bytes(pixel for pixel in row for _ in range(SCALE)) * SCALE for row in rows)
    (found,) = zxingcpp.read_barcodes(memoryview(pixels).cast("B", (side * SCALE, side * SCALE)))
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    assert found.ec_level == "M"
    return str(found.text)
