"""One-time links. workflows/machines/access_token.py says how a link moves."""

from piccolo.columns import UUID, Bytea, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB
from models.last_move import LastMove


class AccessToken(LastMove, Table, db=DB):
    """A one-time link; its secret is derived from `nonce` and the server key `key_id`, and never stored."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    purpose = Text()
    customer_id = UUID(null=True, default=None)
    staff_id = UUID(null=True, default=None)
    subscription_id = UUID(null=True, default=None)
    dunning_case_id = UUID(null=True, default=None)
    nonce = Bytea()
    key_id = Text()
    browser_digest = Bytea(null=True, default=None)
    return_to = Text(null=True, default=None)
    created_at = Timestamptz()
    expires_at = Timestamptz()
