"""Stripe as the environment sets it up: one account a deployment, and no secret where it could be read."""

import pytest

from integrations.gateways import UnknownGateway, gateway_for, stripe_gateway
from tests.fakes.stripe.fake import FakeStripe
from tests.fakes.stripe.webhooks import signed
from workflows.runtime.logs import HIDDEN, redact
from workflows.runtime.settings import Settings, settings


@pytest.fixture
def deployment(stripe: FakeStripe, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("STRIPE_SECRET_KEY", stripe.secret_key)
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRETS", f" whsec_next, {stripe.webhook_secret} ")
    monkeypatch.setenv("STRIPE_API_BASE", stripe.url)
    settings.cache_clear()
    return settings()


async def test_the_environment_makes_the_gateway(stripe: FakeStripe, deployment: Settings) -> None:
    gateway = gateway_for("stripe")

    assert gateway is stripe_gateway(deployment)
    reference = await gateway.create_customer(email="ada@example.com", name="", idempotency_key="a")
    assert stripe.books.objects[reference]["email"] == "ada@example.com"
    event = stripe.books.happened("invoice.paid", {})
    for secret in ("whsec_next", stripe.webhook_secret):
        assert stripe_gateway(deployment).read_event(*signed(event, secret)).event_id == event["id"]


def test_without_a_key_there_is_no_stripe() -> None:
    with pytest.raises(UnknownGateway, match="STRIPE_SECRET_KEY"):
        gateway_for("stripe")
    with pytest.raises(UnknownGateway):
        gateway_for("nobody")


def test_settings_show_no_secret(deployment: Settings) -> None:
    assert deployment.stripe_secret_key not in repr(deployment)
    assert "whsec" not in repr(deployment)


def test_the_sandbox_needs_nothing() -> None:
    assert not gateway_for("sandbox").hosted_form


@pytest.mark.parametrize(
    "secret",
    ["sk_live_4eC39HqLyjWDarjtT1zdp7dc", "rk_test_4eC39HqLyjWDarjtT1zdp7dc", "whsec_abc123", "pi_3Mt_secret_YrKJUKrib"],
)
def test_logs_hide_stripes_secrets_and_keep_its_ids(secret: str) -> None:
    assert redact(f"a={secret}, b=pi_3MtwBwLkdIwHu7ix") == f"a={HIDDEN}, b=pi_3MtwBwLkdIwHu7ix"
