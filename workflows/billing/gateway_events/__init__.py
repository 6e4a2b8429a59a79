"""Events of a payment gateway: their shapes, storing them once, and applying them in any order."""
