-- The book of every life cycle. A row carries its last move; these functions refuse a move that no
-- definition allows, chain it to the row's history and write it down. docs/decisions/0002 says why.

-- The definitions of workflows/, published by `gatehouse migrate`. from_state '' means: by INSERT.
CREATE TABLE machine_rule (
    machine    text NOT NULL,
    from_state text NOT NULL,
    trigger    text NOT NULL,
    to_state   text NOT NULL,
    PRIMARY KEY (machine, from_state, trigger, to_state)
);

CREATE TABLE transition_log (
    marketplace_id    uuid        NOT NULL,
    machine           text        NOT NULL,
    entity_id         uuid        NOT NULL,
    seq               integer     NOT NULL CHECK (seq > 0),
    trigger           text        NOT NULL,
    from_state        text,       -- NULL: the row was made by this move
    to_state          text        NOT NULL,
    actor_kind        text        NOT NULL,
    actor_id          text        NOT NULL,
    reason            text        NOT NULL,
    request_id        text,
    details           jsonb,      -- ids and codes only
    at                timestamptz NOT NULL,
    previous_hash     bytea,
    hash              bytea       NOT NULL,
    xid               xid8        NOT NULL DEFAULT pg_current_xact_id(),
    system_identifier bigint      NOT NULL DEFAULT (pg_control_system()).system_identifier,
    PRIMARY KEY (marketplace_id, machine, entity_id, seq, at)
) PARTITION BY RANGE (at);
CREATE INDEX transition_log_at ON transition_log (marketplace_id, at, entity_id, seq);

-- A netstring (length ':' bytes ','), or a lone '-,' for NULL: no two different rows share an encoding.
-- For what may be NULL; check_move writes the others itself: each nested call costs a move microseconds.
CREATE FUNCTION netstring(field text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce(octet_length(field)::text || ':' || field, '-') || ',';

CREATE FUNCTION refuse_log_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the transition log is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER refuse_rows BEFORE UPDATE OR DELETE ON transition_log
    FOR EACH ROW EXECUTE FUNCTION refuse_log_change(); -- partitions inherit it
CREATE FUNCTION protect_log_table(log_table regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_log_change()', log_table);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER refuse_rows, ENABLE ALWAYS TRIGGER refuse_truncate', log_table);
END $$;

-- Partitions of this month and the months ahead; called by migrations and by the nightly sweep.
CREATE FUNCTION extend_transition_log(months_ahead integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first date;
    name  text;
    made  integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('extend_transition_log'));
    FOR ahead IN 0 .. least(months_ahead, 24) LOOP
        first := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead))::date;
        name := format('transition_log_%s', to_char(first, 'YYYY_MM'));
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I PARTITION OF transition_log FOR VALUES FROM (%L) TO (%L)', name,
                       first::text || ' 00:00:00+00', (first + interval '1 month')::date::text || ' 00:00:00+00');
        PERFORM protect_log_table(name::regclass);
        EXECUTE format('GRANT SELECT ON %I TO gatehouse_app, gatehouse_auditor', name);
        made := made + 1;
    END LOOP;
    RETURN made;
END $$;

CREATE FUNCTION check_move() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    old_state text := '';
    previous  bytea;
    micros    text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.id <> OLD.id OR NEW.marketplace_id <> OLD.marketplace_id THEN
            RAISE EXCEPTION '% keeps its id and its marketplace', TG_TABLE_NAME USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.state = OLD.state AND NEW.log_seq = OLD.log_seq THEN -- no move: facts may change, the move may not
            NEW.moved_trigger := OLD.moved_trigger; NEW.moved_by := OLD.moved_by;
            NEW.moved_reason := OLD.moved_reason;   NEW.moved_request := OLD.moved_request;
            NEW.moved_details := OLD.moved_details; NEW.moved_at := OLD.moved_at;
            NEW.log_hash := OLD.log_hash;
            RETURN NEW;
        END IF;
        IF NEW.log_seq <> OLD.log_seq + 1 THEN
            RAISE EXCEPTION '%: a change of state must be a move (log_seq % does not follow %)',
                TG_TABLE_NAME, NEW.log_seq, OLD.log_seq USING ERRCODE = 'check_violation';
        END IF;
        old_state := OLD.state;
        previous := OLD.log_hash;
    ELSE
        NEW.log_seq := 1;
    END IF;
    IF NOT EXISTS (SELECT FROM machine_rule AS rule
                   WHERE rule.machine = TG_TABLE_NAME AND rule.from_state = old_state
                     AND rule.trigger = NEW.moved_trigger AND rule.to_state = NEW.state) THEN
        RAISE EXCEPTION 'no rule of % allows: % --%--> %', TG_TABLE_NAME,
            coalesce(nullif(old_state, ''), '(new)'), NEW.moved_trigger, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    NEW.moved_at := clock_timestamp();
    micros := (extract(epoch FROM NEW.moved_at) * 1000000)::bigint::text;
    -- Thirteen netstrings: previous hash, marketplace, machine, entity, seq, trigger, from, to, actor, reason, request,
    -- microseconds since 1970, details.
    NEW.log_hash := sha256(convert_to(format('gatehouse-log-1,%s36:%s,%s:%s,36:%s,%s:%s,%s:%s,%s%s:%s,%s:%s,%s:%s,%s%s:%s,%s',
        CASE WHEN previous IS NULL THEN '-,' ELSE '64:' || encode(previous, 'hex') || ',' END, NEW.marketplace_id,
        octet_length(TG_TABLE_NAME), TG_TABLE_NAME, NEW.id, octet_length(NEW.log_seq::text), NEW.log_seq,
        octet_length(NEW.moved_trigger), NEW.moved_trigger, netstring(nullif(old_state, '')),
        octet_length(NEW.state), NEW.state, octet_length(NEW.moved_by), NEW.moved_by,
        octet_length(NEW.moved_reason), NEW.moved_reason, netstring(NEW.moved_request),
        octet_length(micros), micros, netstring(NEW.moved_details::text)), 'UTF8'));
    RETURN NEW;
END $$;

CREATE FUNCTION write_move() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO transition_log (marketplace_id, machine, entity_id, seq, trigger, from_state, to_state, actor_kind,
                                actor_id, reason, request_id, details, at, previous_hash, hash)
    VALUES (NEW.marketplace_id, TG_TABLE_NAME, NEW.id, NEW.log_seq, NEW.moved_trigger,
            CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state, split_part(NEW.moved_by, ':', 1),
            substr(NEW.moved_by, strpos(NEW.moved_by, ':') + 1), NEW.moved_reason, NEW.moved_request,
            NEW.moved_details, NEW.moved_at, CASE WHEN TG_OP = 'UPDATE' THEN OLD.log_hash END, NEW.log_hash);
    RETURN NULL;
END $$;

-- Gives a table with a state the columns of its last move, the head of its chain, and its triggers.
CREATE FUNCTION keep_moves(state_table regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($ddl$
        ALTER TABLE %1$s
            ADD COLUMN state         text        NOT NULL,
            ADD COLUMN moved_trigger text        NOT NULL,
            ADD COLUMN moved_by      text        NOT NULL CHECK (moved_by ~ '^(customer|staff|api_key|worker|gateway|mailer|clock|import):'),
            ADD COLUMN moved_reason  text        NOT NULL CHECK (moved_reason ~ '^[a-z0-9_.:-]{1,80}$'),
            ADD COLUMN moved_request text,
            ADD COLUMN moved_details jsonb,
            ADD COLUMN moved_at      timestamptz NOT NULL,
            ADD COLUMN log_seq       integer     NOT NULL DEFAULT 1,
            ADD COLUMN log_hash      bytea       NOT NULL;
        CREATE TRIGGER check_move BEFORE INSERT OR UPDATE ON %1$s FOR EACH ROW EXECUTE FUNCTION check_move();
        CREATE TRIGGER write_created AFTER INSERT ON %1$s FOR EACH ROW EXECUTE FUNCTION write_move();
        CREATE TRIGGER write_moved AFTER UPDATE ON %1$s FOR EACH ROW
            WHEN (OLD.log_seq IS DISTINCT FROM NEW.log_seq) EXECUTE FUNCTION write_move();
        ALTER TABLE %1$s ENABLE ALWAYS TRIGGER check_move, ENABLE ALWAYS TRIGGER write_created,
            ENABLE ALWAYS TRIGGER write_moved, SET (fillfactor = 70);
    $ddl$, state_table);
END $$;

REVOKE EXECUTE ON FUNCTION protect_log_table, keep_moves, extend_transition_log, write_move FROM PUBLIC;
SELECT protect_log_table('transition_log');
SELECT extend_transition_log(3);
