"""The language that the signed-in customer chose for pages, e-mails and invoices."""

from typing import Annotated

from litestar import Controller, get, put

from api.openapi.responses import BAD_BODY, example, problems
from api.requests.credentials import needs_session
from api.requests.provided import SignedInCustomer
from api.requests.strict_json import StrictJSON
from workflows.customers.language import LanguageChoice, LanguageShown, choose_language, chosen_language


class Language(Controller):
    """One's own language."""

    path = "/language"
    tags = ("Portal: language",)
    guards = (needs_session,)

    @get(responses=problems(401))
    async def chosen(self, signed_in: SignedInCustomer) -> LanguageShown:
        """See the language chosen for pages, e-mails and invoices."""
        return chosen_language(signed_in.locale)

    @put(dto=StrictJSON[LanguageChoice], return_dto=None, responses=problems(*BAD_BODY, 401, 429))
    async def choose(
        self, signed_in: SignedInCustomer, data: Annotated[LanguageChoice, example({"language": "de"})]
    ) -> LanguageShown:
        """Choose one of de, en, es, fr and pt; null leaves it to the browser and the marketplace."""
        return await choose_language(signed_in.marketplace_id, signed_in.customer_id, data, signed_in.actor)
