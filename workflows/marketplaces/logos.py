"""A marketplace's logo: decoded, re-encoded and kept under the digest of the bytes that are served.

What was uploaded is never served: only Pillow's own encoding of its pixels, so neither a script nor a
second file can hide in it. SVG is no picture here but a program, and refused.
"""

import asyncio
import io
import re
from hashlib import sha256
from uuid import UUID

import msgspec
from PIL import Image, ImageOps, UnidentifiedImageError

from models.database import execute, fetch_one, transaction
from workflows.engine.actor import Actor
from workflows.marketplaces.change_log import record_change
from workflows.marketplaces.marketplace import locked_marketplace
from workflows.runtime.errors import InvalidInput

LARGEST_UPLOAD = 2 * 1024 * 1024  # bytes; PRODUCT.md 3.3: under 2 MB
MOST_PIXELS = 16_000_000  # 64 MB once decoded: a small file can claim far more (a decompression bomb)
LARGEST_SIDE = 800  # pixels; the pages show at most a quarter of it
FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "image/webp": "WEBP"}
_DIGEST = re.compile("[0-9a-f]{64}")
TOO_MANY_PIXELS = f"must have at most {MOST_PIXELS:,} pixels."
NOT_ONE = "must be a PNG, JPEG, GIF or WebP picture."

# Decoding takes a core and up to 200 MB: one at a time leaves the other core to the requests.
_DECODING = asyncio.Semaphore(1)


class Logo(msgspec.Struct, frozen=True, kw_only=True):
    """A logo as it is served."""

    digest: str
    media_type: str
    image: bytes


async def set_logo(marketplace_id: UUID, media_type: str, upload: bytes, by: Actor) -> Logo:
    """Keeps a new logo and answers with it. `media_type` is what the sender says it is, and must be true.

    Raises InvalidInput for field `logo`, with the reason.
    """
    if media_type not in FORMATS:
        raise InvalidInput({"logo": NOT_ONE})
    if not upload:
        raise InvalidInput({"logo": "is empty."})
    if len(upload) >= LARGEST_UPLOAD:
        raise InvalidInput({"logo": "must be smaller than 2 MB."})
    async with _DECODING:
        logo = await asyncio.to_thread(_encoded_again, FORMATS[media_type], upload)
    async with transaction():
        await execute(
            "INSERT INTO marketplace_logo (marketplace_id, digest, media_type, image) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT DO NOTHING",
            marketplace_id,
            logo.digest,
            logo.media_type,
            logo.image,
        )
        await _point_to(marketplace_id, logo.digest, by)
    return logo


async def remove_logo(marketplace_id: UUID, by: Actor) -> None:
    """Shows the name alone from now on. The picture stays for the e-mails that left with its address."""
    async with transaction():
        await _point_to(marketplace_id, None, by)


async def find_logo(digest: str) -> Logo | None:
    """The picture of that digest, whoever's: it is public, and its name says nothing about whose it is."""
    if not _DIGEST.fullmatch(digest):
        return None
    return await fetch_one(
        Logo, "SELECT digest, media_type, image FROM marketplace_logo WHERE digest = $1 LIMIT 1", digest
    )


async def _point_to(marketplace_id: UUID, digest: str | None, by: Actor) -> None:
    before = await locked_marketplace(marketplace_id)
    await execute("UPDATE marketplace SET logo_digest = $2 WHERE id = $1", marketplace_id, digest)
    was, is_ = {"logo": before.logo_digest}, {"logo": digest}
    await record_change(marketplace_id, by, "marketplace", "changed", was, is_)


def _encoded_again(format_: str, upload: bytes) -> Logo:
    try:
        with Image.open(io.BytesIO(upload), formats=(format_,)) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise InvalidInput({"logo": TOO_MANY_PIXELS})
            upright = ImageOps.exif_transpose(picture)
            upright.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
            encoded, media_type = _encode(upright, format_)
    except InvalidInput:
        raise
    except Image.DecompressionBombError as error:  # Pillow's own measure, of what is larger still
        raise InvalidInput({"logo": TOO_MANY_PIXELS}) from error
    except UnidentifiedImageError as error:
        raise InvalidInput({"logo": f"is not the {format_} picture that it says it is."}) from error
    except Exception as error:  # Pillow's decoders raise OSError, ValueError, SyntaxError, struct.error …
        raise InvalidInput({"logo": "is a damaged picture."}) from error
    return Logo(digest=sha256(encoded).hexdigest(), media_type=media_type, image=encoded)


def _encode(picture: Image.Image, format_: str) -> tuple[bytes, str]:
    """The first frame's pixels and nothing else: no metadata, no colour profile, no further frames."""
    out = io.BytesIO()
    pixels = picture.convert("RGB" if format_ == "JPEG" else "RGBA")
    pixels.info.clear()  # or a comment would be written again
    if format_ == "JPEG":
        pixels.save(out, "JPEG", quality=88)
        return out.getvalue(), "image/jpeg"
    # PNG is what every mail program shows; WebP is not.
    pixels.save(out, "PNG", optimize=True)
    return out.getvalue(), "image/png"
