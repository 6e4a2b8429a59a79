"""What a fact is: something that must always hold, and the SQL that finds what breaks it.

A fact about rows is asked of the rows given: those that moved since it was last asked, or slice after slice of all of
them, so that no question takes long and none needs memory. Any other fact is found by an index over what is open, or
is asked of everything, once a night. Facts only read; what they find is written down, never mended.
"""

from collections.abc import Callable

import msgspec

# `looked_at`: the rows that are asked about, in a fact about rows.
LOOKED_AT = "unnest($1::uuid[], $2::uuid[]) AS looked_at (marketplace_id, id)"


class Invariant(msgspec.Struct, frozen=True, kw_only=True):
    """One fact. `breaches` is SQL for (marketplace_id, entity, tells), one row for each breach.

    `marketplace_id` NULL: the whole deployment's; `entity`: an id; `tells`: what is wrong, in ids, numbers and states:
    no name and no address. A fact about rows gives `breaches_of`, the same for each of its `tables`, with LOOKED_AT.
    `nightly`: it reads a great deal, and is asked when everything is.
    """

    name: str
    says: str  # one sentence, true while it holds
    about: str = ""  # the table of `entity`
    breaches: str = ""
    tables: tuple[str, ...] = ()
    breaches_of: Callable[[str], str] | None = None
    nightly: bool = False

    def sql(self, table: str) -> str:
        """Its question about rows of that table."""
        return self.breaches_of(table) if self.breaches_of else self.breaches


def same(left: str, right: str) -> str:
    """SQL: two rows are one marketplace's."""
    return f"{left}.marketplace_id = {right}.marketplace_id"


def rows(table: str) -> str:
    """SQL: FROM the rows of `table` that are asked about."""
    return f"FROM {LOOKED_AT} JOIN {table} ON {same(table, 'looked_at')} AND {table}.id = looked_at.id"
