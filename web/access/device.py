"""Which browser on which system, as well as a user agent tells: for "where you are signed in"."""

import re

from web.pages.show import Show

# fmt: off
_BROWSERS = (  # the first that fits: each names the ones below it
    (re.compile(r"\bEdgA?/"),             "Edge"),
    (re.compile(r"\bOPR/"),               "Opera"),
    (re.compile(r"\bSamsungBrowser/"),    "Samsung Internet"),
    (re.compile(r"\b(Firefox|FxiOS)/"),   "Firefox"),
    (re.compile(r"\b(Chrom\w+|CriOS)/"),  "Chrome"),
    (re.compile(r"\bSafari/"),            "Safari"),
)
_SYSTEMS = (
    (re.compile(r"\b(iPhone|iPad)\b"),    "iOS"),
    (re.compile(r"\bAndroid\b"),          "Android"),
    (re.compile(r"\bWindows\b"),          "Windows"),
    (re.compile(r"\bMac OS X\b"),         "macOS"),
    (re.compile(r"\bCrOS\b"),             "ChromeOS"),
    (re.compile(r"\bLinux\b"),            "Linux"),
)
# fmt: on


def device(user_agent: str, show: Show) -> str:
    """`Firefox on Windows`, as well as a user agent tells."""
    browser = next((name for pattern, name in _BROWSERS if pattern.search(user_agent)), show.say("A browser"))
    system = next((name for pattern, name in _SYSTEMS if pattern.search(user_agent)), None)
    return show.say("%(browser)s on %(system)s", browser=browser, system=system) if system else browser
