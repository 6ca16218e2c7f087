"""QR codes. This module loads the library that draws them, so import it where a code is needed."""

import io

import segno


def svg(text: str) -> str:
    """Return a QR code as SVG: dark on white, as scanners require, with a quiet zone of 4 modules, and scalable.

    The SVG contains `text` only as the code.
    """
    drawn = io.BytesIO()
    segno.make_qr(text, error="m", boost_error=False).save(
        drawn, kind="svg", border=4, dark="#000", light="#fff",
        xmldecl=False, nl=False, omitsize=True, svgclass=None, lineclass=None,
    )  # fmt: skip
    # Without it, thin white lines appear between rows that meet between two pixels.
    return drawn.getvalue().decode().replace("<svg ", '<svg shape-rendering="crispEdges" ', 1)
