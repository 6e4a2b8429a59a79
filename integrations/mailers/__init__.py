"""E-mail providers behind `workflows.ports.Mailer`: the capture inbox and SMTP."""

from integrations.mailers.capture import CaptureMailer
from integrations.mailers.smtp import SmtpMailer
from workflows.ports import Mailer
from workflows.settings import Settings

__all__ = ["CaptureMailer", "SmtpMailer", "mailer"]


def mailer(settings: Settings) -> Mailer:
    """The mailer that the deployment chose.

    Raises ValueError for the capture inbox in production: whoever reads it can sign in as anybody.
    """
    if settings.mailer == "smtp":
        return SmtpMailer(settings.smtp_url, settings.mail_from)
    if settings.environment == "production":
        raise ValueError("MAILER=capture shows every link to whoever opens /inbox: production wants MAILER=smtp")
    return CaptureMailer(settings.mail_from)
