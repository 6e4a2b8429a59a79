"""What a browser does, without the browser: cookies, forms filled as their page has them, headers of its own."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Self

import httpx
from litestar import Litestar

from models.database import Record
from tests.factories import a_session, a_staff_member, a_staff_session
from workflows.marketplaces.tenant import Marketplace

TEST_KEY = "test:0123456789abcdef0123456789abcdef0123456789"  # SECRET_KEY of every test
BASE = "http://127.0.0.1:8000"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}  # as Chromium sends from a no-referrer page


@dataclass
class Form:
    """A form of a page: where it goes, what it carries, what its button says."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    words: str = ""
    attributes: dict[str, str | None] = field(default_factory=dict)


class Browser(httpx.AsyncClient):
    """A client of the application in this process. Follows no redirect unless asked to."""

    def __init__(self, application: Litestar, address: str = "127.0.0.1") -> None:
        self.application = application
        transport = httpx.ASGITransport(app=application, raise_app_exceptions=False, client=(address, 4711))  # pyright: ignore[reportArgumentType]
        super().__init__(transport=transport, base_url=BASE)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self

    async def sign_in(self, marketplace: Marketplace, customer: Record, **columns: Any) -> Record:
        """Puts a live session of the customer into the cookie jar; answers with its row."""
        token, session = await a_session(marketplace, customer, **columns)
        self.cookies.set("gatehouse_session", token, domain="127.0.0.1", path=f"/portal/{marketplace.slug}")
        return session

    async def sign_in_staff(self, marketplace: Marketplace, role: str = "owner", **columns: Any) -> Record:
        """Puts a live session of somebody new of that role into the cookie jar; answers with the person's row."""
        member = await a_staff_member(marketplace, role=role)
        token, _ = await a_staff_session(marketplace, member, **columns)
        self.cookies.set("gatehouse_session", token, domain="127.0.0.1", path=f"/console/{marketplace.slug}")
        return member

    async def submit(self, page: httpx.Response, button: str, **typed: str) -> httpx.Response:
        """Presses the button of that name, with `typed` in the form's fields."""
        form = form_of(page, button)
        return await self.send_form(form.action, {**form.fields, **typed})

    async def send_form(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        """POSTs a form as the page's own."""
        return await self.post(path, data=fields, headers={**SAME_ORIGIN, **headers})

    async def follow(self, answer: httpx.Response) -> httpx.Response:
        """The page that a 303 leads to."""
        assert answer.status_code == 303, (answer.status_code, answer.text)
        return await self.get(answer.headers["location"])


def form_of(page: httpx.Response, button: str) -> Form:
    """The one form whose button's text begins with `button`."""
    found = [form for form in forms_of(page) if form.words.startswith(button)]
    assert len(found) == 1, f"{len(found)} forms {button!r} in {[form.words for form in forms_of(page)]}"
    return found[0]


def forms_of(page: httpx.Response) -> list[Form]:
    """The forms of a page."""
    reader = _FormReader()
    reader.feed(page.text)
    return reader.forms


def text_of(page: httpx.Response) -> str:
    """What a person reads, blanks collapsed."""
    reader = _TextReader()
    reader.feed(page.text)
    return " ".join(" ".join(reader.parts).split())


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._in_button = False
        self._select = self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._open = Form(given.get("action") or "", given.get("method") or "get", attributes=given)
            self.forms.append(self._open)
        elif tag == "input" and self._open is not None and _sends(given):
            self._open.fields[given["name"] or ""] = given.get("value") or ""
        elif tag in ("select", "textarea"):
            name = given.get("name") or ""
            self._select, self._textarea = (name, "") if tag == "select" else ("", name)
        elif tag == "option" and self._open is not None and self._select and "selected" in given:
            self._open.fields[self._select] = given.get("value") or ""
        elif tag == "button":
            self._in_button = given.get("type") != "button"  # one that sends the form

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "button":
            self._in_button = False
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea and self._open is not None:  # a line feed after the tag is not of the text
            self._open.fields[self._textarea] = self._open.fields.get(self._textarea, "") + data.removeprefix("\n")
        if self._in_button and self._open is not None:
            self._open.words += data


def _sends(field: dict[str, str | None]) -> bool:
    """Whether a browser sends an input that nobody touched."""
    ticked = field.get("type") not in ("checkbox", "radio") or "checked" in field
    return bool(field.get("name")) and ticked


class _TextReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)
