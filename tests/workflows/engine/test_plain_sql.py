"""What the application's own role cannot do with plain SQL: move a row without a rule, or touch the log."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from models.database import Record, execute, fetch, fetch_row, fetch_value, single_connection, transaction
from tests.born import PATHS, born
from tests.conftest import FreshDatabase
from tests.factories import a_marketplace, a_subscription
from workflows.engine.machine import StateMachine
from workflows.machines import MACHINES, SUBSCRIPTION

LOG = "SELECT * FROM transition_log ORDER BY marketplace_id, machine, entity_id, seq"
NOT_IMPORTABLE = [machine for machine in MACHINES if any(path[0] == machine.name for path in PATHS)]


@pytest.fixture
async def subscription(database: FreshDatabase) -> Record:
    assert "gatehouse_app" in database.app_url
    return await a_subscription(await a_marketplace())


@pytest.fixture
async def nothing_changes(subscription: Record) -> AsyncIterator[None]:
    """Asserts after the test that the subscription and the log are as they were before it."""
    before = await fetch_row("SELECT * FROM subscription WHERE id = $1", subscription["id"])
    log = await fetch(LOG)
    yield
    assert await fetch_row("SELECT * FROM subscription WHERE id = $1", subscription["id"]) == before
    assert await fetch(LOG) == log
    assert len(log) == 1


ILLEGAL_CHANGES = {
    "a state without a move": "state = 'cancelled'",
    "a state with a move that counts nothing": "state = 'cancelled', moved_trigger = 'cancel'",
    "a move that no rule allows": "state = 'completed', moved_trigger = 'cancel', log_seq = log_seq + 1",
    "the trigger of another state": "state = 'active', moved_trigger = 'recovered', log_seq = log_seq + 1",
    "a trigger that nobody defined": "state = 'cancelled', moved_trigger = 'vanish', log_seq = log_seq + 1",
    "an import of what is there already": "state = 'cancelled', moved_trigger = 'import', log_seq = log_seq + 1",
    "a state that nobody defined": "state = 'paused', moved_trigger = 'cancel', log_seq = log_seq + 1",
    "a gap in the chain": "state = 'cancelled', moved_trigger = 'cancel', log_seq = log_seq + 2",
    "a step back in the chain": "log_seq = log_seq - 1",
    "a step that moves nowhere": "log_seq = log_seq + 1",
    "no trigger": "state = 'cancelled', moved_trigger = NULL, log_seq = log_seq + 1",
    "another id": "id = uuidv7()",
    "another marketplace": "marketplace_id = uuidv7()",
    "nobody": "state = 'cancelled', moved_trigger = 'cancel', log_seq = log_seq + 1, moved_by = 'nobody'",
    "free text for a reason": (
        "state = 'cancelled', moved_trigger = 'cancel', log_seq = log_seq + 1, moved_reason = 'Jane was fed up'"
    ),
}


@pytest.mark.usefixtures("nothing_changes")
async def test_illegal_changes_are_refused(subscription: Record) -> None:
    refused: list[str] = []
    for change, assignments in ILLEGAL_CHANGES.items():
        try:
            await execute(f"UPDATE subscription SET {assignments} WHERE id = $1", subscription["id"])
        except (asyncpg.CheckViolationError, asyncpg.NotNullViolationError):
            refused.append(change)

    assert refused == list(ILLEGAL_CHANGES)


@pytest.mark.usefixtures("nothing_changes")
async def test_the_last_move_cannot_be_rewritten(subscription: Record) -> None:
    touched = await execute(
        "UPDATE subscription SET moved_trigger = 'cancel', moved_by = 'staff:somebody_else', moved_reason = 'other',"
        " moved_request = 'r', moved_details = '{}', moved_at = now() - interval '1 day', log_hash = '\\x00'"
        " WHERE id = $1",
        subscription["id"],
    )

    assert touched == 1  # and nothing of it was taken over, as the fixture sees


async def test_facts_change_without_a_move(subscription: Record) -> None:
    await execute("UPDATE subscription SET amount_minor = 2500 WHERE id = $1", subscription["id"])

    now = await fetch_row("SELECT amount_minor, log_seq, log_hash FROM subscription WHERE id = $1", subscription["id"])
    assert tuple(now or ()) == (2500, 1, subscription["log_hash"])


@pytest.mark.usefixtures("nothing_changes")
async def test_a_row_with_a_state_is_never_deleted(subscription: Record) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute("DELETE FROM subscription WHERE id = $1", subscription["id"])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute("TRUNCATE subscription CASCADE")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("machine", NOT_IMPORTABLE, ids=lambda machine: machine.name)
async def test_no_row_is_born_in_a_later_state(machine: StateMachine) -> None:
    for state in machine.states[1:]:
        with pytest.raises(asyncpg.CheckViolationError, match="no rule of"):
            await _copied(machine, await born(machine, machine.initial), state, machine.creations[0].trigger)
        with pytest.raises(asyncpg.CheckViolationError, match="no rule of"):
            await _copied(machine, await born(machine, machine.initial), state, "import")


@pytest.mark.usefixtures("database")
async def test_later_states_come_by_import_alone() -> None:
    for state in SUBSCRIPTION.states[1:]:
        with pytest.raises(asyncpg.CheckViolationError, match="no rule of"):
            await _copied(SUBSCRIPTION, await born(SUBSCRIPTION, "active"), state, "start")


@pytest.mark.usefixtures("database")
async def test_a_row_is_born_with_the_first_number_of_its_chain() -> None:
    row = await born(SUBSCRIPTION, "active")

    await _copied(SUBSCRIPTION, row, "active", "start", number="number + 1", log_seq="7", log_hash="'\\x00'")

    copied = await fetch_row("SELECT * FROM subscription WHERE number = $1 + 1", row["number"])
    assert copied is not None
    assert copied["log_seq"] == 1
    assert copied["log_hash"] == await fetch_value(
        "SELECT hash FROM transition_log WHERE entity_id = $1 AND previous_hash IS NULL", copied["id"]
    )


WRITES_TO_THE_LOG = [
    "UPDATE transition_log SET reason = 'other'",
    "DELETE FROM transition_log",
    "TRUNCATE transition_log",
    "INSERT INTO transition_log SELECT * FROM transition_log",
    "INSERT INTO machine_rule VALUES ('subscription', 'completed', 'revive', 'active')",
    "DELETE FROM machine_rule",
    "ALTER TABLE transition_log DISABLE TRIGGER refuse_rows",
    "ALTER TABLE subscription DISABLE TRIGGER check_move",
    "ALTER TABLE subscription DISABLE TRIGGER ALL",
    "DROP TRIGGER write_moved ON subscription",
    "DROP TABLE transition_log CASCADE",
    "CREATE OR REPLACE FUNCTION check_move() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "SET session_replication_role = replica",
    "SET LOCAL session_replication_role = replica",
    "SET ROLE gatehouse_owner",
    "SELECT protect_log_table('subscription')",
    "SELECT keep_moves('customer')",
    "CREATE TABLE public.mine (id int)",
    "ALTER TABLE transition_log OWNER TO gatehouse_app",
    "ALTER TABLE transition_log ALTER COLUMN reason DROP NOT NULL",
    "ALTER TABLE transition_log DISABLE TRIGGER ALL",
    "ALTER TABLE transition_log DISABLE RULE refuse_rows",
    "CREATE RULE nothing AS ON INSERT TO transition_log DO INSTEAD NOTHING",
    "CREATE TRIGGER forge BEFORE INSERT ON transition_log FOR EACH ROW EXECUTE FUNCTION check_move()",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "ALTER ROLE gatehouse_app SUPERUSER",
    "ALTER SYSTEM SET session_replication_role = replica",
    "COPY transition_log FROM PROGRAM 'true'",
    "UPDATE checkpoint SET size = 1",
    "DELETE FROM checkpoint",
    "TRUNCATE checkpoint CASCADE",
    "ALTER TABLE checkpoint DISABLE TRIGGER refuse_rows",
    "UPDATE audit_key SET public_key = ''",
    "DELETE FROM audit_key",
    "DELETE FROM checkpoint_publication",
    "DELETE FROM audit_finding",
    "UPDATE audit_finding SET kind = 'system_changed'",
    "UPDATE sealing SET at = now()",
    "DROP TABLE checkpoint CASCADE",
]


@pytest.mark.usefixtures("nothing_changes")
async def test_the_application_cannot_write_the_log_or_its_rules() -> None:
    refused: list[str] = []
    for statement in WRITES_TO_THE_LOG:
        try:
            await execute(statement)
        except asyncpg.InsufficientPrivilegeError:
            refused.append(statement)

    assert refused == WRITES_TO_THE_LOG


@pytest.mark.usefixtures("nothing_changes")
async def test_a_table_of_ones_own_cannot_borrow_the_logs_writer() -> None:
    forge = "CREATE TRIGGER forge AFTER INSERT ON pg_temp.subscription FOR EACH ROW EXECUTE FUNCTION write_move()"

    async with transaction():
        await execute("CREATE TEMP TABLE subscription ON COMMIT DROP AS SELECT * FROM public.subscription LIMIT 0")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await _in_a_savepoint(forge)


@pytest.mark.usefixtures("nothing_changes")
async def test_a_partition_is_no_way_around() -> None:
    partition = await fetch_value("SELECT tableoid::regclass::text FROM transition_log LIMIT 1")

    for statement in (
        f"UPDATE {partition} SET reason = 'x'",
        f"DELETE FROM {partition}",
        f"TRUNCATE {partition}",
        f"INSERT INTO {partition} SELECT * FROM {partition}",
        f"DROP TABLE {partition}",
        f"ALTER TABLE {partition} DISABLE TRIGGER refuse_truncate",
        f"ALTER TABLE {partition} RENAME TO gone",
        f"ALTER TABLE transition_log DETACH PARTITION {partition}",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await execute(statement)


@pytest.mark.usefixtures("nothing_changes")
async def test_checkpoints_and_keys_are_refused_even_to_the_owner(database: FreshDatabase) -> None:
    async with single_connection(database.owner_url):
        for table in ("checkpoint", "audit_key", "checkpoint_publication", "audit_finding"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
                await execute(f"TRUNCATE {table} CASCADE")


@pytest.mark.usefixtures("nothing_changes")
async def test_rows_of_the_log_are_refused_even_to_the_owner(database: FreshDatabase) -> None:
    partition = await fetch_value("SELECT tableoid::regclass::text FROM transition_log LIMIT 1")
    changes = ("UPDATE {} SET reason = 'x'", "DELETE FROM {}", "TRUNCATE {}")

    async with single_connection(database.owner_url):
        for table in ("transition_log", partition):
            for change in changes:
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
                    await execute(change.format(table))


@pytest.mark.usefixtures("nothing_changes")
async def test_not_even_a_replicating_superuser_passes_the_triggers(
    database: FreshDatabase, subscription: Record
) -> None:
    async with single_connection(database.superuser_url):
        await execute("SET session_replication_role = replica")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await execute("DELETE FROM transition_log")
        with pytest.raises(asyncpg.CheckViolationError):
            await execute("UPDATE subscription SET state = 'cancelled' WHERE id = $1", subscription["id"])


@pytest.mark.usefixtures("subscription")
async def test_the_auditor_reads_the_log_and_no_secret(database: FreshDatabase) -> None:
    async with single_connection(database.auditor_url):
        assert await fetch_value("SELECT count(*) FROM transition_log") == 1
        for table in ("api_key", "captured_email", "access_token", "portal_session", "sandbox_card"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await fetch(f"SELECT * FROM {table}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await execute("UPDATE subscription SET amount_minor = 0")


async def _in_a_savepoint(statement: str) -> None:
    async with transaction():
        await execute(statement)


async def _copied(machine: StateMachine, row: Record, state: str, trigger: str, **values: str) -> None:
    """Inserts the row once more under a new id, in `state`, by `trigger`; `values` are SQL."""
    given = {"id": "uuidv7()", "state": f"'{state}'", "moved_trigger": f"'{trigger}'", **values}
    columns = [name for name in row.keys() if name != "payment_status"]  # noqa: SIM118 - a Record iterates over its values
    await execute(
        f"INSERT INTO {machine.name} ({', '.join(columns)})"
        f" SELECT {', '.join(given.get(name, name) for name in columns)} FROM {machine.name} WHERE id = $1",
        row["id"],
    )
