"""What a reader finds in a PDF."""

import io
from typing import Any

from pypdf import PdfReader


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, with single spaces."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def without_spaces(text: str) -> str:
    """Text as it can be compared whatever line it was broken on."""
    return "".join(text.split())


def fonts_of(pdf: bytes) -> dict[str, bool]:
    """Each font's name, and whether it is embedded."""
    fonts: dict[str, bool] = {}
    for page in PdfReader(io.BytesIO(pdf)).pages:
        resources: Any = page["/Resources"]
        for reference in resources["/Font"].values():
            font = reference.get_object()
            if "/DescendantFonts" in font:
                font = font["/DescendantFonts"][0].get_object()
            descriptor = font.get("/FontDescriptor")
            kept = descriptor.get_object() if descriptor is not None else {}
            fonts[font["/BaseFont"]] = any(name.startswith("/FontFile") for name in kept)
    return fonts
