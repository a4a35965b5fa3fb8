"""A picture as PDF at a scale: matplotlib's own writer has none, and text, lines and marks must all become smaller together."""

import io

from matplotlib.backends.backend_pdf import Op, PdfFile, RendererPdf
from matplotlib.figure import Figure

POINTS = 72
"""Units of a PDF page in an inch."""


def pdf(drawn: Figure, scale: float, metadata: dict[str, str | None]) -> bytes:
    """One page, `scale` times as large as the figure; as `FigureCanvasPdf.print_pdf` draws it, after one matrix.

    Outlines of all letters are in the file, and no date: the same bytes every time.
    """
    file = io.BytesIO()
    width, height = drawn.get_size_inches()
    dots_per_inch = drawn.dpi
    written = PdfFile(file, metadata={**metadata, "CreationDate": None})
    drawn.set_dpi(POINTS)
    try:
        written.newPage(scale * width, scale * height)
        written.output(scale, 0, 0, scale, 0, 0, Op.concat_matrix)
        renderer = RendererPdf(written, dots_per_inch, height, width)
        drawn.draw(renderer)
        renderer.finalize()
        written.finalize()
    finally:
        written.close()
        drawn.set_dpi(dots_per_inch)
    return file.getvalue()
