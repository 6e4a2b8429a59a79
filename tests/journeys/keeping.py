"""A page's picture as the documentation keeps it: few colours, so that the repository stays small."""

import io
from pathlib import Path

from PIL import Image
from playwright.async_api import Page


async def keep_picture(page: Page, file: Path, colours: int) -> None:
    """What the browser shows now, as a PNG with a palette."""
    shot = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")
    shot.quantize(colours, dither=Image.Dither.NONE).save(file, optimize=True)
