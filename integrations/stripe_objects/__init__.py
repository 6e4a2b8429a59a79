"""Stripe's objects as far as we read them, for the gateway and the import of an account.

Field names are Stripe's (https://docs.stripe.com/api). Fields that we do not read are left out, and so are secrets: no
client secret ever becomes a value in Gatehouse. What does not fit is not believed. A field that may be an id or its
object is both here; the call's `expand` says which.
"""
