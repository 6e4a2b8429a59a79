"""The login page: asks for an e-mail address, answers the same for every one of them (PRODUCT.md 1.2, 1.3, 1.5)."""

from typing import Any

from litestar import Controller, Response, post, route

from web.pages.notices import Notice, clear_notice, notice_cookie, notice_of
from web.pages.rendering import page, see_other
from web.requests.connection import WebRequest
from web.requests.cookies import NOTICE, browser_cookie, browser_nonce, gone, return_path
from web.requests.forms import read_form
from web.requests.visit import EitherSite, SiteContext, context_of
from workflows.access.link_requests import ask_again, ask_for_link, masked_email_of
from workflows.access.request_limits import check_link_request
from workflows.runtime.errors import InvalidInput


class LoginPages(Controller):
    """The Login URL and its form."""

    @route("/", http_method=["GET", "HEAD"])
    async def show(self, request: WebRequest, door: EitherSite) -> Response[Any]:
        """The login page; on to the first page inside when already signed in."""
        if (visit := await context_of(request, door)) is not None:
            return see_other(visit.landing, [gone(NOTICE, door.home)])
        notice = notice_of(request, door.home)
        return page(
            door.template("login"),
            door,
            cookies=clear_notice(notice, door.home),
            notice=notice,
            offer=await _offer(door, notice),
            email=None,
            error=None,
        )

    @post("/access-links", status_code=303)
    async def ask(self, request: WebRequest, door: EitherSite) -> Response[Any]:
        """Stages a request for a link, for any address alike. 422 beside the field for what is no address."""
        form = await read_form(request)
        if form.get("again") == "1":
            return await _ask_again(request, door)
        email, nonce = form.get("email", ""), browser_cookie(door.home, browser_nonce(request))
        await check_link_request(request.app.state.limiter, request.app.state.client_address(request))
        try:
            wanted = return_path(request, door.home)
            await ask_for_link(door.marketplace.id, email, nonce.value or "", wanted, door.entrance)
        except InvalidInput as refused:
            return page(
                door.template("login"),
                door,
                status=422,
                offer=None,
                email=email,
                error=door.show.say(refused.fields.get("email", "")),
            )
        notice = Notice(kind="link_sent", detail=email.strip())
        return see_other(door.home, [nonce, notice_cookie(door.home, notice)])

    @route("/access-links", http_method=["GET", "HEAD"], status_code=303)
    async def after_form(self, door: EitherSite) -> Response[None]:
        """Somebody came back to the form's address: to the form."""
        return see_other(door.home)


async def _ask_again(request: WebRequest, door: SiteContext) -> Response[None]:
    """In one click, to the address on file only: which link it stands for travels in the signed notice."""
    earlier, nonce = notice_of(request, door.home), browser_cookie(door.home, browser_nonce(request))
    offer = await _offer(door, earlier)
    if earlier is None or earlier.access_token_id is None or offer is None:
        return see_other(door.home)
    await check_link_request(request.app.state.limiter, request.app.state.client_address(request))
    await ask_again(door.marketplace.id, earlier.access_token_id, nonce.value or "", door.entrance)
    return see_other(door.home, [nonce, notice_cookie(door.home, Notice(kind="link_sent_again", detail=offer))])


async def _offer(door: SiteContext, notice: Notice | None) -> str | None:
    """`j•••@example.com` of a link that was real, to offer a new one."""
    if notice is None or notice.kind != "link_unusable" or notice.access_token_id is None:
        return None
    return await masked_email_of(door.marketplace.id, notice.access_token_id)
