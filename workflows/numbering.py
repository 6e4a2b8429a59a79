"""Short numbers that people see, counted per marketplace and series. Gaps are allowed here; invoices have their own."""

from typing import Literal
from uuid import UUID

from models.database import fetch_value

Series = Literal["customer", "order", "subscription"]


async def next_number(marketplace_id: UUID, series: Series) -> int:
    """The next number of a series; others of the series wait for the caller's transaction from here on."""
    return await fetch_value(
        "INSERT INTO number_series AS series (marketplace_id, series, last_number) VALUES ($1, $2, 1)"
        " ON CONFLICT (marketplace_id, series) DO UPDATE SET last_number = series.last_number + 1"
        " RETURNING last_number",
        marketplace_id,
        series,
    )
