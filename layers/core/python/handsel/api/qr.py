"""QR codes. What draws them is loaded with this module, so import it where one is asked for."""

import io

import segno


def svg(text: str) -> str:
    """Dark on white whatever the page is, as scanners want it, with the quiet zone of 4; as large as where it is shown.

    It does not say `text` in any other way.
    """
    drawn = io.BytesIO()
    segno.make_qr(text, error="m", boost_error=False).save(
        drawn, kind="svg", border=4, dark="#000", light="#fff",
        xmldecl=False, nl=False, omitsize=True, svgclass=None, lineclass=None,
    )  # fmt: skip
    # Rows that meet between two pixels would let the white through.
    return drawn.getvalue().decode().replace("<svg ", '<svg shape-rendering="crispEdges" ', 1)
