"""How long a one-time link works: one hour, or as much less as its marketplace has set (PRODUCT.md 1.4).

A marketplace's own lifetime is `Marketplace.link_lifetime`.
"""

from datetime import timedelta

LINK_LIFETIME = timedelta(hours=1)  # the default and the longest: time for a slow mail server, and for no one else
SHORTEST_LINK_LIFETIME = timedelta(minutes=10)  # what OWASP ASVS 6.5.5 asks for
