"""Every table there is, in the order in which the migrations make them."""

from piccolo.table import Table

from models.access_log import AccessLog
from models.access_token import AccessToken
from models.api_key import ApiKey
from models.captured_email import CapturedEmail
from models.change_log import ChangeLog
from models.charge import Charge
from models.checkpoint import AuditFinding, AuditKey, Checkpoint, CheckpointPublication, Sealing
from models.customer import Customer
from models.customer_order import CustomerOrder
from models.document import Document, DocumentFile
from models.dunning_case import DunningCase
from models.dunning_step import DunningStep
from models.email_text import EmailText
from models.fact_breach import FactBreach, FactCheck
from models.gateway_event import GatewayEvent
from models.idempotent_request import IdempotentRequest
from models.import_run import ImportRow, ImportRun
from models.invoice import Invoice
from models.link_request import LinkRequest
from models.log_tally import LogCounted, LogDay, LogTotal
from models.mail_event import MailEvent
from models.marketplace import Marketplace, MarketplaceLogo, NumberSeries
from models.outbox import Outbox
from models.outgoing_email import OutgoingEmail
from models.payment_method import PaymentMethod
from models.portal_session import PortalSession
from models.product import Product
from models.reconciliation_difference import ReconciliationDifference
from models.refund import Refund
from models.retired_log import RetiredLog
from models.sandbox_gateway import SandboxCard, SandboxPayment
from models.schedule import Heartbeat, Schedule
from models.second_factor import RecoveryCode, SecondFactor
from models.staff import Staff
from models.subscription import Subscription
from models.tally import Tally, TallyStep, TallySum
from models.transition_log import MachineRule, TransitionLog
from models.webhook_delivery import WebhookAttempt, WebhookDelivery
from models.webhook_endpoint import WebhookEndpoint
from models.webhook_event import WebhookEvent

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
