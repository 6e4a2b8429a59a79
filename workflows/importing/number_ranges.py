"""The short numbers that people see, taken from the marketplace's series a range at a time.

Taking one locks the series until the transaction ends, so it comes last before the rows it is for.
"""

from uuid import UUID

from models.database import fetch_value


class Numbers:
    """Ranges of a marketplace's series: "customer", "order", "subscription"."""

    def __init__(self, marketplace_id: UUID) -> None:
        self._marketplace_id = marketplace_id

    async def take(self, series: str, count: int) -> int:
        """The first of `count` consecutive numbers that are nobody else's."""
        last: int = await fetch_value(
            "INSERT INTO number_series AS series (marketplace_id, series, last_number) VALUES ($1, $2, $3)"
            " ON CONFLICT (marketplace_id, series) DO UPDATE SET last_number = series.last_number + $3"
            " RETURNING last_number",
            self._marketplace_id,
            series,
            count,
        )
        return last - count + 1


class TrialNumbers(Numbers):
    """Numbers of a dry run: below zero, from no series, so that it holds up nobody's order while it runs."""

    def __init__(self, marketplace_id: UUID) -> None:
        super().__init__(marketplace_id)
        self._taken: dict[str, int] = {}

    async def take(self, series: str, count: int) -> int:
        """The first of `count` consecutive numbers, counted down."""
        first = -self._taken.get(series, 0) - count
        self._taken[series] = -first
        return first
