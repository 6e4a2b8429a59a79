"""What a deployment in production must not be, checked before it serves anything."""

from urllib.parse import urlsplit

from workflows.runtime.settings import Settings, SettingsInvalid


class UnsafeDeployment(SettingsInvalid):
    """Raised at start, naming the setting that would let strangers in."""


def refuse_unsafe(settings: Settings) -> None:
    """Raises UnsafeDeployment in production for settings that only a development may have."""
    if settings.environment != "production":
        return
    if settings.mailer == "capture":
        raise UnsafeDeployment("MAILER=capture shows every sign-in link at /inbox: production wants smtp or mailjet")
    url = urlsplit(settings.public_url)
    if url.scheme != "https" or not url.hostname:
        raise UnsafeDeployment("PUBLIC_URL must be https:// in production: cookies and links travel by it")
