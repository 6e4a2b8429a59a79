"""Whatever a program sends, with a key, with a session or as nobody: no 5xx, and nothing but what the document tells.

schemathesis makes requests from the OpenAPI document, the same ones in each run, and they are sent to the real thing.
"""

from typing import Any

import msgspec
import pytest
import requests
import schemathesis
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import app
from api.openapi.document import whole_document
from models.database import close_pool, open_pool
from tests.conftest import SETTINGS
from tests.journeys.conftest import Deployment
from tests.journeys.documented_shop import Shop, a_documented_shop
from workflows.runtime.settings import settings

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
_PATIENCE = 60  # seconds for one call


def _requests(examples: int, **phases: Any) -> Any:
    """The document with so many requests made up for each of its operations, beside those of its examples."""
    made = {"max-examples": examples, "deterministic": True, "no-shrink": True, "database": "none"}
    config = SchemathesisConfig.from_dict(
        {"generation": {**made, "with-security-parameters": False}, "phases": phases, "suppress-health-check": ["all"]}
    )
    return schemathesis.openapi.from_dict(msgspec.json.decode(msgspec.json.encode(whole_document(app))), config=config)


THOROUGH = _requests(3)
BRIEF = _requests(2, coverage={"enabled": False})


class Asks:
    """Sends requests as somebody, and looks at each answer."""

    def __init__(self, url: str, shop: Shop) -> None:
        self._url, self.shop = url, shop
        self._session = requests.Session()
        self._session.trust_env = False

    def __call__(self, case: Case[Any], who: str) -> None:
        path, method = case.operation.path, case.operation.method
        case.body = self.shop.fill(path, case.body)
        headers = self.shop.authorization(who, path, method)
        case.call_and_validate(
            base_url=self._url, session=self._session, headers=headers, checks=CHECKS, timeout=_PATIENCE
        )


@pytest.fixture(scope="module")
async def ask(deployment: Deployment) -> Asks:
    with pytest.MonkeyPatch.context() as patched:  # those of each test are not there yet
        for name, value in SETTINGS.items():
            patched.setenv(name, value)
        settings.cache_clear()
        await open_pool(deployment.database_url, min_size=1, max_size=2)
        shop = await a_documented_shop()
        await close_pool()
    return Asks(deployment.url, shop)


@THOROUGH.exclude(method="DELETE").parametrize()
def test_an_owners_program_is_answered_as_the_document_tells(case: Case[Any], ask: Asks) -> None:
    ask(case, "owner")


@BRIEF.parametrize()
def test_a_customers_session_is_answered_as_the_document_tells(case: Case[Any], ask: Asks) -> None:
    ask(case, "customer")


@BRIEF.parametrize()
def test_nobody_in_particular_is_answered_as_the_document_tells(case: Case[Any], ask: Asks) -> None:
    ask(case, "nobody")


@THOROUGH.include(method="DELETE").parametrize()
def test_an_owner_who_removes_everything_is_answered_as_the_document_tells(case: Case[Any], ask: Asks) -> None:
    ask(case, "owner")
