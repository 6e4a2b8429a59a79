"""Pages over HTTP, for people: the customer's portal, the merchant's console and the development inbox.

api/app.py mounts `web.routes.ROUTES` and answers errors outside /api with `web.pages.errors.error_page`. It puts on
`app.state`: `gateway_for` (name -> Gateway), `limiter` (RateLimiter), `client_address` (connection -> str).
A page parses, makes one call into workflows and shapes the answer; no SQL and no rule lives here.
"""
