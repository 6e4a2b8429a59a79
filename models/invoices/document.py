"""The PDFs of invoices. workflows/machines/document.py says how one moves."""

from piccolo.columns import UUID, Bytea, Text, Timestamptz
from piccolo.columns.defaults.uuid import UUID7
from piccolo.table import Table

from models.database import DB
from models.last_move import LastMove


class Document(LastMove, Table, db=DB):
    """The PDF of one invoice, asked for, rendered or given up."""

    id = UUID(primary_key=True, default=UUID7())
    marketplace_id = UUID()
    invoice_id = UUID()
    requested_at = Timestamptz()
    sha256 = Bytea(null=True, default=None)
    last_error = Text(null=True, default=None)


class DocumentFile(Table, db=DB):
    """Its bytes, apart, so that reading a document's state does not read them."""

    marketplace_id = UUID()
    document_id = UUID(primary_key=True)
    pdf = Bytea()
