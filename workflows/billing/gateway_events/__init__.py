"""Events of a payment gateway: their shape, and applying them once, in any order."""
