"""E-mail providers behind `Mailer`: the capture inbox, SMTP, Mailjet; and who reads their
webhooks.
"""

from integrations.mailers.capture import CaptureMailer
from integrations.mailers.mailjet import MailjetMailer
from integrations.mailers.mailjet_events import MailjetEvents
from integrations.mailers.smtp import SmtpMailer
from workflows.emails.delivery.events import MailEventReader
from workflows.emails.delivery.mailer import Mailer
from workflows.runtime.settings import Settings

__all__ = ["CaptureMailer", "MailjetMailer", "SmtpMailer", "mail_event_reader", "mailer"]


def mailer(settings: Settings) -> Mailer:
    """The mailer that the deployment chose.

    Raises ValueError for the capture inbox in production: whoever reads it can sign in as anybody.
    """
    match settings.mailer:
        case "smtp":
            return SmtpMailer(settings.smtp_url, settings.mail_from)
        case "mailjet":
            return MailjetMailer(
                settings.mailjet_api_key, settings.mailjet_secret_key, settings.mail_from, settings.mailjet_api_base
            )
        case "capture" if settings.environment == "production":
            raise ValueError(
                "MAILER=capture shows every link to whoever opens /inbox: production wants smtp or mailjet"
            )
        case "capture":
            return CaptureMailer(settings.mail_from)


def mail_event_reader(settings: Settings) -> MailEventReader | None:
    """Who reads Mailjet's events; None where the deployment gave it no login to come by."""
    return MailjetEvents(settings.mailjet_webhook_login) if settings.mailjet_webhook_login else None
