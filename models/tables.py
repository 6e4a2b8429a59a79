"""Every table there is, in the order in which the migrations make them."""

from piccolo.table import Table

from models.access.access_log import AccessLog
from models.access.access_token import AccessToken
from models.access.api_key import ApiKey
from models.access.link_request import LinkRequest
from models.access.portal_session import PortalSession
from models.access.second_factor import RecoveryCode, SecondFactor
from models.audit.checkpoint import AuditFinding, AuditKey, Checkpoint, CheckpointPublication, Sealing
from models.audit.fact_breach import FactBreach, FactCheck
from models.audit.retired_log import RetiredLog
from models.billing.charge import Charge
from models.billing.customer_order import CustomerOrder
from models.billing.dunning_case import DunningCase
from models.billing.dunning_step import DunningStep
from models.billing.gateway_event import GatewayEvent
from models.billing.payment_method import PaymentMethod
from models.billing.product import Product
from models.billing.reconciliation_difference import ReconciliationDifference
from models.billing.refund import Refund
from models.billing.sandbox_gateway import SandboxCard, SandboxPayment
from models.billing.subscription import Subscription
from models.billing.tally import Tally, TallyStep, TallySum
from models.customers.customer import Customer
from models.emails.captured_email import CapturedEmail
from models.emails.email_text import EmailText
from models.emails.mail_event import MailEvent
from models.emails.outgoing_email import OutgoingEmail
from models.engine.log_tally import LogCounted, LogDay, LogTotal
from models.engine.outbox import Outbox
from models.engine.schedule import Heartbeat, Schedule
from models.engine.transition_log import MachineRule, TransitionLog
from models.importing.import_run import ImportRow, ImportRun
from models.invoices.document import Document, DocumentFile
from models.invoices.invoice import Invoice
from models.marketplaces.change_log import ChangeLog
from models.marketplaces.marketplace import Marketplace, MarketplaceLogo, NumberSeries
from models.marketplaces.staff import Staff
from models.requests.idempotent_request import IdempotentRequest
from models.webhooks.webhook_delivery import WebhookAttempt, WebhookDelivery
from models.webhooks.webhook_endpoint import WebhookEndpoint
from models.webhooks.webhook_event import WebhookEvent

TABLES: tuple[type[Table], ...] = (
    Marketplace,
    MarketplaceLogo,
    NumberSeries,
    Staff,
    ApiKey,
    Customer,
    Product,
    CustomerOrder,
    PaymentMethod,
    Subscription,
    DunningCase,
    Charge,
    LinkRequest,
    AccessToken,
    PortalSession,
    Invoice,
    Document,
    DocumentFile,
    OutgoingEmail,
    Outbox,
    Schedule,
    Heartbeat,
    CapturedEmail,
    SandboxCard,
    SandboxPayment,
    MachineRule,
    TransitionLog,
    DunningStep,
    EmailText,
    Refund,
    GatewayEvent,
    ReconciliationDifference,
    SecondFactor,
    RecoveryCode,
    ChangeLog,
    WebhookEndpoint,
    WebhookEvent,
    WebhookDelivery,
    WebhookAttempt,
    IdempotentRequest,
    Tally,
    TallyStep,
    TallySum,
    ImportRun,
    ImportRow,
    FactBreach,
    FactCheck,
    RetiredLog,
    AuditKey,
    Checkpoint,
    Sealing,
    CheckpointPublication,
    AuditFinding,
    MailEvent,
    LogDay,
    LogTotal,
    LogCounted,
    AccessLog,
)
