"""Every page of the console: those of its door, open to all, and those behind it, each guarded by its act."""

from litestar import Router
from litestar.di import Provide

from web.access.login import LoginPages
from web.access.one_time_link import AccessPages
from web.access.second_factor import SecondFactorSite
from web.access.sessions import SessionPages, SignOutPages
from web.console.access.account import AccountPages
from web.console.access.api_keys import ApiKeyPages
from web.console.access.second_factor import SecondFactorPages
from web.console.access.team import PeoplePages
from web.console.apps import AppPages
from web.console.audit.access import AccessLogPages
from web.console.audit.cycles import CyclePages
from web.console.audit.invariants import InvariantPages
from web.console.audit.log import LogPages
from web.console.audit.seals import CheckpointPages
from web.console.audit.stories import HistoryPages
from web.console.billing.sandbox_clock import ClockPages
from web.console.billing.saver import SaverPages
from web.console.billing.saver_emails import SaverEmailPages
from web.console.billing.saver_report import SaverReportPages
from web.console.emails.list import EmailPages
from web.console.guard import may_act, provide_console_site, provide_staff_context
from web.console.importing import ImportPages
from web.console.invoices import DocumentPages
from web.console.marketplaces.general import GeneralPages
from web.console.marketplaces.portal_settings import PortalSettingsPages
from web.console.subscriptions.billing_details import BillingPages
from web.console.subscriptions.customer import CustomerPages
from web.console.subscriptions.life_cycle import ChangePages
from web.console.subscriptions.list import SubscriptionPages
from web.console.subscriptions.money import MoneyPages
from web.console.subscriptions.summary import SummaryPages
from web.console.webhooks.deliveries import WebhookDeliveryPages
from web.console.webhooks.endpoints import WebhookPages

_SIGN_IN_PAGES = Router(
    path="/",
    route_handlers=[LoginPages, AccessPages, SecondFactorSite, SignOutPages],
    dependencies={"door": Provide(provide_console_site)},
)
_PAGES = Router(
    path="/",
    route_handlers=[
        SubscriptionPages,
        SummaryPages,
        ChangePages,
        MoneyPages,
        CustomerPages,
        BillingPages,
        DocumentPages,
        AppPages,
        PortalSettingsPages,
        GeneralPages,
        PeoplePages,
        ApiKeyPages,
        WebhookPages,
        WebhookDeliveryPages,
        ImportPages,
        AccountPages,
        SecondFactorPages,
        SaverPages,
        SaverEmailPages,
        EmailPages,
        SaverReportPages,
        ClockPages,
        InvariantPages,
        SessionPages,
        LogPages,
        HistoryPages,
        CyclePages,
        AccessLogPages,
        CheckpointPages,
    ],
    dependencies={"visit": Provide(provide_staff_context)},
    guards=[may_act],
)
CONSOLE_PAGES = Router(path="/console/{slug:str}", route_handlers=[_SIGN_IN_PAGES, _PAGES])
