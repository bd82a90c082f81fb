//! The routines by which a changeset is opened, gets its key, and is closed.

use super::{QUOTED_RECORDS, Support};
use crate::engine::Kind;
use crate::schema::capture::numbers::NEXT;
use crate::schema::capture::support::{CHANGESETS, RECORDINGS, SEQUENCE, SWITCHES};
use crate::sql::now_sql;
use crate::time::TimeKind;

impl Support {
    pub(super) fn open_postgres(&self) -> String {
        let leave = match self.is_owned() {
            false => String::new(),
            true => format!(
                "  INSERT INTO {} (transaction_id, switch, value) VALUES (pg_catalog.pg_current_xact_id(), 'changeset', no)\n  \
                 ON CONFLICT (transaction_id, switch) DO UPDATE SET value = EXCLUDED.value;\n",
                self.inside(SWITCHES)
            ),
        };
        format!(
            "\n#variable_conflict use_column\nBEGIN\n{}  \
             INSERT INTO {} AS c (first_record, occurred_at, actor, actor_kind, comment, correlation_id, metadata, undoes)\n  \
             VALUES (pg_catalog.nextval({}), coalesce(said_at, {}), said_actor, said_kind, said_comment, said_correlation, said_metadata, said_undoes)\n  \
             RETURNING c.id, c.first_record INTO no, first;\n{leave}  \
             list := {};\n  \
             home := (SELECT n.nspname FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n \
             ON n.oid OPERATOR(pg_catalog.=) c.relnamespace WHERE c.oid OPERATOR(pg_catalog.=) list::pg_catalog.oid);\n  \
             PERFORM pg_catalog.set_config('handleref.changeset_' OPERATOR(pg_catalog.||) list, no::pg_catalog.text, true);\n  \
             RETURN NEXT;\nEND\n",
            self.made_by(),
            self.inside(CHANGESETS),
            self.inside_text(SEQUENCE),
            now_sql(Kind::Postgres, TimeKind::Plain),
            self.list(),
        )
    }

    pub(super) fn open_mysql(&self) -> String {
        let leave = match self.is_owned() {
            false => String::new(),
            true => format!(
                "  SET @handleref_changeset_token = UUID_SHORT();\n  \
                 INSERT INTO {SWITCHES} (connection, switch, value, token) \
                 VALUES (CONNECTION_ID(), 'changeset', @handleref_changeset, @handleref_changeset_token) \
                 ON DUPLICATE KEY UPDATE value = @handleref_changeset, token = @handleref_changeset_token;\n"
            ),
        };
        format!(
            "BEGIN\n  SET @handleref_changeset_first = {NEXT}();\n  \
             INSERT INTO {CHANGESETS} (first_record, occurred_at, actor, actor_kind, comment, correlation_id, metadata, undoes) \
             VALUES (@handleref_changeset_first, COALESCE(said_at, {}), said_actor, said_kind, said_comment, said_correlation, said_metadata, said_undoes);\n  \
             SET @handleref_changeset = LAST_INSERT_ID(), @handleref_changeset_in = DATABASE();\n{leave}END",
            now_sql(Kind::Mysql, TimeKind::Plain),
        )
    }

    /// What was said of a transaction that is over is no key of the changeset
    /// that is open.
    pub(super) fn once_postgres(&self) -> String {
        let changesets = self.inside(CHANGESETS);
        let own = match self.is_owned() {
            false => String::new(),
            true => format!(
                " AND EXISTS (SELECT FROM {} AS s WHERE s.transaction_id OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id_if_assigned() \
                 AND s.switch OPERATOR(pg_catalog.=) 'changeset' AND s.value OPERATOR(pg_catalog.=) c.id)",
                self.inside(SWITCHES)
            ),
        };
        format!(
            "\n#variable_conflict use_column\nBEGIN\n{}  \
             UPDATE {changesets} AS c SET once_key = said_key, once_print = said_print \
             WHERE c.id OPERATOR(pg_catalog.=) NULLIF(pg_catalog.current_setting('handleref.changeset_' OPERATOR(pg_catalog.||) {}, true), '')::bigint \
             AND c.last_record IS NULL{own};\n  \
             IF NOT FOUND THEN\n    RAISE EXCEPTION 'handleref: no changeset is open';\n  END IF;\nEND\n",
            self.made_by(),
            self.list(),
        )
    }

    pub(super) fn once_mysql(&self) -> String {
        let own = match self.is_owned() {
            false => String::new(),
            true => format!(
                " AND EXISTS (SELECT 1 FROM {SWITCHES} WHERE connection = CONNECTION_ID() AND switch = 'changeset' \
                 AND value = @handleref_changeset AND token = @handleref_changeset_token)"
            ),
        };
        format!(
            "BEGIN\n  UPDATE {CHANGESETS} SET once_key = said_key, once_print = said_print \
             WHERE id = @handleref_changeset AND last_record IS NULL{own};\n  \
             IF ROW_COUNT() = 0 THEN\n    \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'handleref: no changeset is open';\n  END IF;\nEND"
        )
    }

    /// Looks for one record of the changeset. A statement that is made anew for
    /// each table is most of the work: so a table into which this transaction has
    /// inserted comes first, and there its newest record, for which the server has
    /// less to plan. Both are guesses; the last look is at everything since the
    /// changeset began. A name is looked up by itself, since a join with all names
    /// that there are reads the whole catalogue.
    pub(super) fn close_postgres(&self) -> String {
        let changesets = self.inside(CHANGESETS);
        let (check, forget) = match self.is_owned() {
            false => (String::new(), String::new()),
            true => {
                let own = format!(
                    "{} AS s WHERE s.transaction_id OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id_if_assigned() \
                     AND s.switch OPERATOR(pg_catalog.=) 'changeset' AND s.value OPERATOR(pg_catalog.=) said_no",
                    self.inside(SWITCHES)
                );
                (
                    format!(
                        "  IF NOT EXISTS (SELECT FROM {own}) THEN\n    RETURN NULL;\n  END IF;\n"
                    ),
                    format!("  DELETE FROM {own};\n"),
                )
            }
        };
        format!(
            "\n#variable_conflict use_column\nDECLARE\n  began bigint; one record; stored boolean := false;\nBEGIN\n{}{check}  \
             began := (SELECT c.first_record FROM {changesets} AS c WHERE c.id OPERATOR(pg_catalog.=) said_no AND c.last_record IS NULL);\n  \
             IF began IS NULL THEN\n    RETURN NULL;\n  END IF;\n  \
             FOR one IN SELECT t.records, \
             pg_catalog.pg_stat_get_xact_tuples_inserted(t.records) OPERATOR(pg_catalog.>) 0 AS likely FROM {} AS r \
             JOIN pg_catalog.pg_class AS l ON l.oid OPERATOR(pg_catalog.=) {}::pg_catalog.oid \
             JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) l.relnamespace \
             CROSS JOIN LATERAL (VALUES (r.record_table::pg_catalog.text), \
             (CASE WHEN pg_catalog.starts_with(r.record_table::pg_catalog.text, pg_catalog.concat(n.nspname, '.')) \
             THEN pg_catalog.substr(r.record_table::pg_catalog.text, pg_catalog.length(n.nspname::pg_catalog.text) OPERATOR(pg_catalog.+) 2) END)) AS v(name) \
             CROSS JOIN LATERAL (SELECT CASE WHEN v.name::pg_catalog.name::pg_catalog.text OPERATOR(pg_catalog.=) v.name \
             THEN pg_catalog.to_regclass(pg_catalog.format('%I.%I', n.nspname, v.name)) END) AS t(records) \
             WHERE t.records IS NOT NULL \
             ORDER BY likely DESC LOOP\n    \
             IF one.likely THEN\n      \
             EXECUTE pg_catalog.format('SELECT record_id OPERATOR(pg_catalog.>) $1 AND record_changeset OPERATOR(pg_catalog.=) $2 \
             FROM %s ORDER BY record_id DESC LIMIT 1', one.records)\n      \
             INTO stored USING began, said_no;\n    END IF;\n    EXIT WHEN stored;\n    \
             EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM %s WHERE record_id OPERATOR(pg_catalog.>) $1 \
             AND record_id OPERATOR(pg_catalog.<) {} AND record_changeset OPERATOR(pg_catalog.=) $2)', one.records)\n    \
             INTO stored USING began, said_no;\n    EXIT WHEN stored;\n  END LOOP;\n  \
             IF stored THEN\n    \
             UPDATE {changesets} AS c SET last_record = pg_catalog.nextval({}) WHERE c.id OPERATOR(pg_catalog.=) said_no;\n  ELSE\n    \
             DELETE FROM {changesets} AS c WHERE c.id OPERATOR(pg_catalog.=) said_no;\n  END IF;\n{forget}  \
             PERFORM pg_catalog.set_config('handleref.changeset_' OPERATOR(pg_catalog.||) {}, '', true);\n  RETURN stored;\nEND\n",
            self.made_by(),
            self.inside(RECORDINGS),
            self.inside_text(CHANGESETS),
            i64::MAX,
            self.inside_text(SEQUENCE),
            self.list(),
        )
    }

    pub(super) fn close_mysql(&self) -> String {
        let (check, forget) = match self.is_owned() {
            false => (String::new(), String::new()),
            true => {
                let own = format!(
                    "FROM {SWITCHES} WHERE connection = CONNECTION_ID() AND switch = 'changeset'"
                );
                (
                    format!(
                        " AND EXISTS (SELECT 1 {own} AND value = said_no AND token = @handleref_changeset_token)"
                    ),
                    format!("    DELETE {own};\n"),
                )
            }
        };
        format!(
            "BEGIN\n  DECLARE handleref_began BIGINT DEFAULT NULL;\n  DECLARE handleref_records VARCHAR(191) CHARACTER SET utf8mb4;\n  \
             DECLARE handleref_done INT DEFAULT 0;\n{}  SET @handleref_stored = NULL;\n  \
             SELECT first_record INTO handleref_began FROM {CHANGESETS} WHERE id = said_no AND last_record IS NULL{check};\n  \
             IF handleref_began IS NOT NULL THEN\n    SET handleref_done = 0, @handleref_stored = 0;\n    OPEN handleref_every;\n    \
             handleref_scan: LOOP\n      FETCH handleref_every INTO handleref_records;\n      \
             IF handleref_done THEN LEAVE handleref_scan; END IF;\n      \
             BEGIN\n      DECLARE EXIT HANDLER FOR 1146 BEGIN END;\n      \
             SET @handleref_text = CONCAT('SELECT EXISTS (SELECT 1 FROM ', {}, ' WHERE record_id > ', handleref_began, \
             ' AND record_changeset = ', said_no, ') INTO @handleref_stored');\n      \
             PREPARE handleref_statement FROM @handleref_text;\n      EXECUTE handleref_statement;\n      \
             DEALLOCATE PREPARE handleref_statement;\n      \
             END;\n      \
             IF @handleref_stored THEN LEAVE handleref_scan; END IF;\n    END LOOP;\n    CLOSE handleref_every;\n    \
             IF @handleref_stored THEN\n      UPDATE {CHANGESETS} SET last_record = {NEXT}() WHERE id = said_no;\n    \
             ELSE\n      DELETE FROM {CHANGESETS} WHERE id = said_no;\n    END IF;\n{forget}    \
             SET @handleref_changeset = NULL, @handleref_changeset_in = NULL;\n  END IF;\nEND",
            Self::every_mysql(),
            QUOTED_RECORDS,
        )
    }
}
