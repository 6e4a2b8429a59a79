"""A merchant's own words for the Subscription Saver's e-mails."""

from piccolo.columns import UUID, Integer, Text, Timestamptz
from piccolo.table import Table

from models.database import DB


class SaverText(Table, db=DB):
    """One e-mail's texts, templates over safe variables; all NULL: the default's again."""

    marketplace_id = UUID()
    template = Text(primary_key=True)
    version = Integer(default=1)
    subject = Text(null=True, default=None)
    heading = Text(null=True, default=None)
    body = Text(null=True, default=None)
    changed_at = Timestamptz()
