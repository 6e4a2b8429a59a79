"""Every page of the console: those of its door, open to all, and those behind it, each guarded by its act."""

from litestar import Router
from litestar.di import Provide

from web.console.account import AccountPages
from web.console.api_keys import ApiKeyPages
from web.console.apps import AppPages
from web.console.audit.access import AccessLogPages
from web.console.audit.cycles import CyclePages
from web.console.audit.log import LogPages
from web.console.audit.seals import SealPages
from web.console.audit.stories import StoryPages
from web.console.clock import ClockPages
from web.console.documents import DocumentPages
from web.console.emails import EmailPages
from web.console.facts import FactPages
from web.console.general import GeneralPages
from web.console.guard import may_act, provide_console_door, provide_staff_visit
from web.console.imports import ImportPages
from web.console.people import PeoplePages
from web.console.portal_settings import PortalSettingsPages
from web.console.saver import SaverPages
from web.console.saver_emails import SaverEmailPages
from web.console.saver_report import SaverReportPages
from web.console.second_factor import SecondFactorPages
from web.console.subscriptions import SubscriptionPages
from web.console.summary import SummaryPages
from web.console.summary_billing import BillingPages
from web.console.summary_changes import ChangePages
from web.console.summary_customer import CustomerPages
from web.console.summary_money import MoneyPages
from web.console.webhook_deliveries import WebhookDeliveryPages
from web.console.webhooks import WebhookPages
from web.entry.access import AccessPages
from web.entry.login import LoginPages
from web.entry.second_factor import SecondFactorDoor
from web.entry.sessions import SessionPages, SignOutPages

_DOOR = Router(
    path="/",
    route_handlers=[LoginPages, AccessPages, SecondFactorDoor, SignOutPages],
    dependencies={"door": Provide(provide_console_door)},
)
_INSIDE = Router(
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
        FactPages,
        SessionPages,
        LogPages,
        StoryPages,
        CyclePages,
        AccessLogPages,
        SealPages,
    ],
    dependencies={"visit": Provide(provide_staff_visit)},
    guards=[may_act],
)
CONSOLE_PAGES = Router(path="/console/{slug:str}", route_handlers=[_DOOR, _INSIDE])
