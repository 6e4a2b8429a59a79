"""Which payment gateway answers to which name: `marketplace.gateway` holds the name."""

from integrations.gateways.sandbox import SandboxGateway
from workflows.ports import Gateway

__all__ = ["UnknownGateway", "gateway_for"]


class UnknownGateway(LookupError):
    """Raised when a marketplace names a gateway that this deployment does not have."""


_GATEWAYS: dict[str, Gateway] = {"sandbox": SandboxGateway()}


def gateway_for(name: str) -> Gateway:
    """The gateway of that name. Raises UnknownGateway."""
    if name not in _GATEWAYS:
        raise UnknownGateway(f"no gateway {name!r} here; there is {', '.join(sorted(_GATEWAYS))}")
    return _GATEWAYS[name]
