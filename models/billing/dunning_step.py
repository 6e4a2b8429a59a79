"""What the Subscription Saver did for a case, stage by stage."""

from piccolo.columns import UUID, Integer, Text, Timestamptz
from piccolo.table import Table

from models.database import DB


class DunningStep(Table, db=DB):
    """One charge, e-mail or final notice of one stage of a case; unique, whatever runs twice. Stage 1 is Day 1."""

    marketplace_id = UUID()
    dunning_case_id = UUID(primary_key=True)
    stage = Integer()
    channel = Text()
    charge_id = UUID(null=True, default=None)
    outgoing_email_id = UUID(null=True, default=None)
    at = Timestamptz()
