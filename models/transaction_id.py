"""PostgreSQL's 64-bit transaction id, which Piccolo does not know."""

from piccolo.columns.base import Column


class TransactionId(Column):
    """A column of type xid8: by which transaction a row was written."""

    value_type = int

    @property
    def column_type(self) -> str:
        """The type's name in DDL."""
        return "XID8"
