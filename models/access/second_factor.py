"""What the merchant's people prove themselves with besides their e-mail."""

from piccolo.columns import UUID, BigInt, Bytea, Text, Timestamptz
from piccolo.table import Table

from models.database import DB


class SecondFactor(Table, db=DB):
    """An authenticator app's secret, encrypted; asked for once `confirmed_at` is set.

    `key_id`: the server key; None for a value stored before migration 0028, a Fernet token.
    """

    marketplace_id = UUID()
    staff_id = UUID(primary_key=True)
    sealed_secret = Bytea()
    last_step = BigInt(default=0)
    created_at = Timestamptz()
    confirmed_at = Timestamptz(null=True, default=None)
    key_id = Text(null=True, default=None)


class RecoveryCode(Table, db=DB):
    """A code that stands for the app once, kept as a digest."""

    marketplace_id = UUID()
    staff_id = UUID()
    digest = Bytea(primary_key=True)
    used_at = Timestamptz(null=True, default=None)
