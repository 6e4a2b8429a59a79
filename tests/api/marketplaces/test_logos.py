"""PUT and DELETE /api/v1/marketplace/logo, GET /logos/{digest}: pictures only, and only our own encoding of them."""

import io
import struct
import zlib
from hashlib import sha256

import httpx
from PIL import Image

PATH = "/api/v1/marketplace/logo"


def picture(format_: str, size: tuple[int, int] = (60, 20)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, format_)
    return out.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose head claims a size: what a decompression bomb begins with."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


async def put(api: httpx.AsyncClient, key: dict[str, str], media_type: str, image: bytes) -> httpx.Response:
    return await api.put(PATH, headers={**key, "Content-Type": media_type}, content=image)


async def test_each_kind_of_picture_is_encoded_again_and_served_for_ever(
    api: httpx.AsyncClient, key: dict[str, str]
) -> None:
    # fmt: off
    kinds = {"PNG": ("image/png", "image/png"), "JPEG": ("image/jpeg", "image/jpeg"),
             "GIF": ("image/gif", "image/png"), "WEBP": ("image/webp", "image/png")}
    # fmt: on
    for format_, (sent, served) in kinds.items():
        answer = await put(api, key, sent, picture(format_))
        path = answer.json()["logo"]
        shown = await api.get(path)

        assert answer.status_code == 200, answer.text
        assert (await api.get("/api/v1/marketplace", headers=key)).json()["logo"] == path
        assert shown.headers["Content-Type"] == served
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        assert "immutable" in shown.headers["Cache-Control"]
        assert path == f"/logos/{sha256(shown.content).hexdigest()}"
        assert Image.open(io.BytesIO(shown.content)).size == (60, 20)


async def test_what_hides_in_a_picture_is_gone(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    exif = Image.Exif()
    exif[0x010E] = "<script>alert('hidden')</script>"
    out = io.BytesIO()
    Image.new("RGB", (60, 20)).save(out, "JPEG", exif=exif, comment=b"<script>hidden")
    hiding = out.getvalue() + b"PK\x03\x04 hidden archive"

    answer = await put(api, key, "image/jpeg", hiding)

    assert b"hidden" not in (await api.get(answer.json()["logo"])).content


async def test_a_large_picture_is_made_smaller(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    answer = await put(api, key, "image/png", picture("PNG", (3000, 1000)))

    shown = Image.open(io.BytesIO((await api.get(answer.json()["logo"])).content))
    assert shown.size == (800, 267)


async def test_see_through_stays_see_through(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(out, "PNG")

    answer = await put(api, key, "image/png", out.getvalue())

    shown = Image.open(io.BytesIO((await api.get(answer.json()["logo"])).content))
    assert shown.getpixel((5, 5)) == (0, 0, 0, 0)


async def test_a_removed_logo_is_shown_no_more_and_old_emails_keep_theirs(
    api: httpx.AsyncClient, key: dict[str, str]
) -> None:
    path = (await put(api, key, "image/png", picture("PNG"))).json()["logo"]

    answer = await api.delete(PATH, headers=key)

    assert answer.status_code == 204
    assert (await api.get("/api/v1/marketplace", headers=key)).json()["logo"] is None
    assert (await api.get(path)).status_code == 200


async def test_what_is_no_such_picture_is_refused_and_the_old_logo_stays(
    api: httpx.AsyncClient, key: dict[str, str]
) -> None:
    path = (await put(api, key, "image/png", picture("PNG"))).json()["logo"]
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    # fmt: off
    refused = [
        ("image/png",     picture("JPEG"),                  422, "says it is"),  # it lies
        ("image/jpeg",    picture("GIF"),                   422, "says it is"),
        ("image/png",     svg,                              422, "says it is"),
        ("image/png",     b"GIF89a" + picture("PNG"),       422, "says it is"),
        ("image/webp",    b"RIFF\x00\x00\x00\x00WEBPVP8 ",  422, ""),
        ("image/png",     picture("PNG")[:60],              422, "damaged"),
        ("image/png",     png_that_claims(50_000, 50_000),  422, "pixels"),      # 2.5 gigapixels
        ("image/png",     png_that_claims(4001, 4001),      422, "pixels"),
        ("image/png",     png_that_claims(300, 300),        422, "damaged"),
        ("image/png",     b"",                              400, "empty"),
        ("image/svg+xml", svg,                              415, "PNG, JPEG, GIF or WebP"),
        ("image/bmp",     picture("BMP"),                   415, "PNG, JPEG, GIF or WebP"),
        ("text/html",     b"<script>",                      415, "PNG, JPEG, GIF or WebP"),
        ("application/json", b"{}",                         415, "PNG, JPEG, GIF or WebP"),
        ("image/png",     b"x" * (2 * 1024 * 1024 + 1),     413, ""),
        ("image/png",     b"x" * (2 * 1024 * 1024),         422, "smaller than 2 MB"),
    ]
    # fmt: on
    for media_type, image, status, reason in refused:
        answer = await put(api, key, media_type, image)

        assert answer.status_code == status, (media_type, image[:20], answer.text)
        assert reason in answer.text
        if status == 422:
            assert [problem["field"] for problem in answer.json()["errors"]] == ["logo"]
    assert (await api.get("/api/v1/marketplace", headers=key)).json()["logo"] == path


async def test_a_picture_of_many_frames_costs_its_first(api: httpx.AsyncClient, key: dict[str, str]) -> None:
    frames = [Image.new("P", (40, 40), colour) for colour in range(200)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], loop=0)

    answer = await put(api, key, "image/gif", out.getvalue())

    shown = Image.open(io.BytesIO((await api.get(answer.json()["logo"])).content))
    assert getattr(shown, "n_frames", 1) == 1


async def test_an_invented_digest_is_not_there(api: httpx.AsyncClient) -> None:
    for digest in ("0" * 64, "x", "%00", "..%2f..%2fetc%2fpasswd", "0" * 5000):
        assert (await api.get(f"/logos/{digest}")).status_code == 404
