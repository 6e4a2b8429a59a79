"""The database's roles: who owns the schema, who works with it, who reads the log."""

from models.database import fetch_row

OWNER, APP, AUDITOR = "gatehouse_owner", "gatehouse_app", "gatehouse_auditor"
ROLES = (OWNER, APP, AUDITOR)


class PowerfulRole(RuntimeError):
    """Raised when a process is connected as a role that could rewrite the log."""


async def refuse_powerful_role() -> None:
    """To be called by every process once its pool is open.

    Raises PowerfulRole for a superuser and for whoever is, or may become, the owner of the transition log.
    """
    role = await fetch_row(
        "SELECT current_user AS name, mine.rolsuper AS superuser,"
        " pg_has_role(current_user, log.relowner, 'MEMBER') AS owner"
        " FROM pg_roles AS mine, pg_class AS log"
        " WHERE mine.rolname = current_user AND log.oid = to_regclass('transition_log')"
    )
    if role is None:
        raise PowerfulRole("no transition log here: run `./gatehouse migrate` as the owner first")
    if role["superuser"] or role["owner"]:
        what = "a superuser" if role["superuser"] else "the owner of the transition log"
        raise PowerfulRole(f"{role['name']} is {what}; connect as {APP}, which can only add to the log")
