"""General: the marketplace's own facts and its logo, each refused beside its field."""

from io import BytesIO

import httpx
import pytest
from PIL import Image

from models.database import execute, fetch_row, fetch_value
from tests.web.browsing import SAME_ORIGIN, Browser, form_of, text_of
from workflows.marketplaces.logos import LARGEST_UPLOAD
from workflows.marketplaces.tenant import Marketplace

SAVE, UPLOAD = "Save", "Upload Logo"


def a_picture(kind: str = "PNG", size: tuple[int, int] = (40, 20)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "teal").save(out, kind)
    return out.getvalue()


async def test_everything_is_saved_and_shown_again(browser: Browser, marketplace: Marketplace) -> None:
    home = f"/console/{marketplace.slug}"
    await browser.sign_in_staff(marketplace)
    page = await browser.get(f"{home}/general")
    typed = {
        "name": "Bücher Ada",
        "address": "1 Main Street\r\n10115 Berlin",
        "support_email": "hilfe@ada.example",
        "country": "DE",
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
        "language": "de",
        "invoice_prefix": "RE-",
        "tax_id": "DE123456789",
        "tax_rate": "19.6",
        "tax_note": "Steuernummer 12/345",
        "accent_color": "#0a7f5a",
    }

    told = await browser.follow(await browser.submit(page, SAVE, **typed))

    assert "Saved." in text_of(told)
    fields = form_of(told, SAVE).fields
    assert {name: fields[name] for name in typed} == {**typed, "address": "1 Main Street\n10115 Berlin"}
    assert "Time zone: UTC became Europe/Berlin." in text_of(told)
    assert "Germany" in text_of(told)


async def test_an_untouched_form_changes_nothing(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace)
    await execute("UPDATE marketplace SET time_zone = 'Asia/Calcutta', currency = 'DEM' WHERE id = $1", marketplace.id)
    before = await fetch_row("SELECT * FROM marketplace WHERE id = $1", marketplace.id)
    page = await browser.get(f"/console/{marketplace.slug}/general")

    await browser.follow(await browser.submit(page, SAVE))

    assert await fetch_row("SELECT * FROM marketplace WHERE id = $1", marketplace.id) == before
    assert await fetch_value("SELECT count(*) FROM change_log") == 0


async def test_what_is_wrong_is_said_beside_each_field_and_nothing_is_half_saved(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)
    page = await browser.get(f"/console/{marketplace.slug}/general")

    typed = {
        "name": " ",
        "support_email": "nobody",
        "country": "ZZ",
        "invoice_prefix": "-",
        "tax_id": "1",
        "tax_rate": "1O",
        "accent_color": "red",
    }
    answer = await browser.submit(page, SAVE, **typed)

    assert answer.status_code == 422
    for name in ("name", "support_email", "country", "invoice_prefix", "tax_rate"):
        assert f'id="{name}-error">It ' in answer.text, name
    assert "tax_id-error" not in answer.text
    assert 'value="nobody"' in answer.text
    assert await fetch_value("SELECT tax_id FROM marketplace WHERE id = $1", marketplace.id) is None


async def test_two_who_edit_it_at_once_do_not_overwrite_each_other_unknowingly(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)
    page = await browser.get(f"/console/{marketplace.slug}/general")
    await browser.submit(page, SAVE, name="Theirs")

    answer = await browser.submit(page, SAVE, name="Mine")

    assert answer.status_code == 409
    assert "Marketplace name: you have Mine, now it is Theirs." in text_of(answer)
    assert await fetch_value("SELECT name FROM marketplace WHERE id = $1", marketplace.id) == "Theirs"


async def send_logo(browser: Browser, marketplace: Marketplace, content: bytes, media_type: str) -> httpx.Response:
    page = await browser.get(f"/console/{marketplace.slug}/general")
    form = form_of(page, UPLOAD)
    assert form.attributes["enctype"] == "multipart/form-data"
    token = {"form_token": form.fields["form_token"]}
    files = {"logo": ("logo.png", content, media_type)}
    return await browser.post(form.action, data=token, files=files, headers=SAME_ORIGIN)


async def test_a_logo_is_uploaded_shown_and_removed_again(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace)

    told = await browser.follow(await send_logo(browser, marketplace, a_picture("GIF"), "image/gif"))
    digest = await fetch_value("SELECT logo_digest FROM marketplace WHERE id = $1", marketplace.id)
    picture = await browser.get(f"/logos/{digest}")
    gone = await browser.follow(await browser.submit(told, "Remove the logo"))

    assert f'src="/logos/{digest}"' in told.text
    assert picture.headers["Content-Type"] == "image/png"
    assert f'src="/logos/{digest}"' not in gone.text
    assert await fetch_value("SELECT count(*) FROM change_log WHERE subject = 'marketplace'") == 2


@pytest.mark.parametrize(
    ("content", "media_type", "problem"),
    [
        (b"", "image/png", "is empty."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", "must be a PNG, JPEG, GIF or WebP picture."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png", "is not the PNG picture that it says it is."),
        (a_picture("GIF"), "image/png", "is not the PNG picture that it says it is."),
        (a_picture()[:60], "image/png", "is a damaged picture."),
        (a_picture("PNG", (6000, 4000)), "image/png", "must have at most 16,000,000 pixels."),
        (b"\x89PNG" + bytes(LARGEST_UPLOAD), "image/png", "must be smaller than 2 MB."),
    ],
    ids=["empty", "svg", "svg as png", "gif as png", "damaged", "bomb", "large"],
)
async def test_what_is_no_logo_is_refused_beside_its_field(
    browser: Browser, marketplace: Marketplace, content: bytes, media_type: str, problem: str
) -> None:
    await browser.sign_in_staff(marketplace)

    answer = await send_logo(browser, marketplace, content, media_type)

    assert answer.status_code == 422
    assert f"The logo {problem}" in text_of(answer)
    assert await fetch_value("SELECT count(*) FROM marketplace_logo") == 0


async def test_a_file_far_too_large_is_not_read(browser: Browser, marketplace: Marketplace) -> None:
    await browser.sign_in_staff(marketplace)

    answer = await send_logo(browser, marketplace, bytes(3 * LARGEST_UPLOAD), "image/png")

    assert answer.status_code == 413


async def test_an_upload_without_the_sessions_token_or_without_a_file_is_refused(
    browser: Browser, marketplace: Marketplace
) -> None:
    await browser.sign_in_staff(marketplace)
    path = f"/console/{marketplace.slug}/general/logo"
    page = await browser.get(f"/console/{marketplace.slug}/general")
    token = form_of(page, UPLOAD).fields["form_token"]
    files = {"logo": ("logo.png", a_picture(), "image/png")}

    stale = await browser.post(path, files=files, headers=SAME_ORIGIN)
    as_text = await browser.post(
        path, data={"form_token": token, "logo": "x"}, files={"other": b""}, headers=SAME_ORIGIN
    )
    as_form = await browser.send_form(path, {"form_token": token})
    elsewhere = await browser.post(path, files=files, headers={"Sec-Fetch-Site": "cross-site"})

    assert [one.status_code for one in (stale, as_text, as_form, elsewhere)] == [403, 422, 422, 403]
    assert await fetch_value("SELECT count(*) FROM marketplace_logo") == 0
