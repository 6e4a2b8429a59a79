"""The two sites of a marketplace: the portal for its customers, the console for its staff.

Links, sessions and the requests for them are the same life cycles at both; what differs is here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from models.database import Record
from workflows.customers.addresses import find_subscriber, lock_customer
from workflows.marketplaces.staff import find_member, lock_member
from workflows.runtime.settings import settings


@dataclass(frozen=True, kw_only=True)
class Site:
    """One of them. `people` is the table of who may enter and the kind of actor they are; `purpose` that of their
    links; `path` begins its pages' paths. `find` and `lock` answer with somebody's row, locked."""

    purpose: Literal["portal", "staff"]
    people: Literal["customer", "staff"]
    path: Literal["portal", "console"]
    template: Literal["access_link", "staff_access_link"]
    find: Callable[[UUID, str], Awaitable[Record | None]]
    lock: Callable[[UUID, UUID], Awaitable[Record | None]]

    @property
    def column(self) -> str:
        """What a link, a session or an e-mail calls its holder: `customer_id` or `staff_id`."""
        return f"{self.people}_id"

    def home(self, slug: str) -> str:
        """The path of its login page, from which all others go on."""
        return f"/{self.path}/{slug}"

    def url(self, slug: str) -> str:
        """The login page's address, from the configured public URL."""
        return settings().public_url + self.home(slug)


PORTAL = Site(
    purpose="portal",
    people="customer",
    path="portal",
    template="access_link",
    find=find_subscriber,
    lock=lock_customer,
)
CONSOLE = Site(
    purpose="staff",
    people="staff",
    path="console",
    template="staff_access_link",
    find=find_member,
    lock=lock_member,
)
SITES: dict[str, Site] = {entrance.purpose: entrance for entrance in (PORTAL, CONSOLE)}
