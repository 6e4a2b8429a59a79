"""When things happened in the demo: counted from the instant at which its marketplace was made, so always the same."""

from datetime import date, datetime, time, timedelta

from cli.demo.catalogue import sold
from cli.demo.people import Subscribed
from workflows.billing.calendar.calendar import charge_at
from workflows.marketplaces.tenant import Marketplace

_LAST_PURCHASE = date(1998, 6, 30)  # of CDNOW's
_LAST_PURCHASE_AGE = timedelta(days=28)
_MORNING = time(10)


def later(made_at: datetime) -> timedelta:
    """By how much CDNOW's dates are moved: whole weeks, so that Saturdays stay Saturdays."""
    return timedelta(weeks=(made_at.date() - _LAST_PURCHASE_AGE - _LAST_PURCHASE).days // 7)


class Life:
    """The dates of one subscription of the demo."""

    def __init__(self, marketplace: Marketplace, subscribed: Subscribed, made_at: datetime) -> None:
        self._zone = marketplace.time_zone
        self._terms = sold(subscribed.product)
        self._morning = datetime.combine(made_at.date(), _MORNING, tzinfo=made_at.tzinfo)
        if subscribed.state == "completed":  # with its last instalment
            self.anchor_at = self._at(self.days_ago(subscribed.ended), 1 - subscribed.paid)
        else:
            self.anchor_at = self._at(self.days_ago(_due_ago(subscribed)), -subscribed.paid)

    def instalment(self, period: int) -> datetime:
        """When that instalment was or will be due, counted from 0."""
        return self._at(self.anchor_at, period)

    def days_ago(self, days: int) -> datetime:
        """The morning of so many days before the marketplace was made."""
        return self._morning - timedelta(days=days)

    def _at(self, anchor: datetime, period: int) -> datetime:
        return charge_at(anchor, period, self._terms.unit, self._terms.count, self._zone)


def _due_ago(subscribed: Subscribed) -> int:
    """How many days ago the first unpaid instalment was due, or would have been."""
    match subscribed.state:
        case "failed_charge":
            return subscribed.failed
        case "cancelled":
            return subscribed.ended - subscribed.next_in
        case _:
            return -subscribed.next_in
