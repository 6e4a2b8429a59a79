"""The two guards that links and sessions share: is it past its end."""

from workflows.engine.machine import Guard

NOT_PAST_EXPIRY = Guard(lambda row, given: row["expires_at"] > given["now"], "expires_at > :now")
PAST_EXPIRY = Guard(lambda row, given: row["expires_at"] <= given["now"], "expires_at <= :now")
