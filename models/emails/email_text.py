"""A merchant's own words for the e-mails to their customers."""

from piccolo.columns import UUID, Integer, Text, Timestamptz
from piccolo.table import Table

from models.database import DB


class EmailText(Table, db=DB):
    """One e-mail's texts in one language ('': in every other), templates over safe variables; all NULL: ours again."""

    marketplace_id = UUID()
    template = Text(primary_key=True)
    language = Text()
    version = Integer(default=1)
    subject = Text(null=True, default=None)
    preheader = Text(null=True, default=None)
    heading = Text(null=True, default=None)
    body = Text(null=True, default=None)
    changed_at = Timestamptz()
