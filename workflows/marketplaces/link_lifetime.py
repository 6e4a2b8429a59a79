"""How long a one-time link works (PRODUCT.md 1.4), and how long an old one earns the offer of a new one (1.5).

The lifetime that a marketplace has set is `Marketplace.link_lifetime`.
"""

from datetime import timedelta

LINK_LIFETIME = timedelta(hours=1)  # the default and the longest: time for a slow mail server, and for no one else
SHORTEST_LINK_LIFETIME = timedelta(minutes=10)  # what OWASP ASVS 6.5.5 asks for
LINK_REMEMBERED_FOR = timedelta(days=30)  # from its issue: who still has the e-mail need not type an address
