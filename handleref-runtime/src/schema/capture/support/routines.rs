//! The functions (PostgreSQL) and procedures (MySQL, MariaDB) by which a
//! connection says something to the triggers, and by which readers number what
//! they see.
//!
//! On a database with an owner they run with the owner's rights, and leave a row of
//! `handleref_switches`, which no other user can write: triggers believe a
//! session only what such a row says, too. See [`Ownership`](super::super::access).

mod changesets;

use super::{CHANGESETS, DATABASE, EVENTS, Part, RECORDINGS, SWITCHES, Support};
use crate::context::{CLOSE_CHANGESET, ONCE, OPEN_CHANGESET, STAMP, SWITCH, Switch};
use crate::engine::Kind;
use crate::schema::dialect::Dialect;
use crate::schema::home;
use crate::schema::postgres::CATALOG;
use crate::sql::now_sql;
use crate::time::TimeKind;

/// Begins the comment by which a text tells that it is of a database with an owner.
const OWNED: &str = "Runs with the rights of the owner.";

impl Support {
    /// All of them.
    pub(super) fn routines(&self, dialect: &dyn Dialect) -> Vec<Part> {
        match dialect.kind() {
            Kind::Sqlite => Vec::new(),
            Kind::Postgres => vec![
                self.function(SWITCH, "switch text, turned boolean", "void", &self.switch_postgres()),
                self.function(
                    OPEN_CHANGESET,
                    "said_at timestamp, said_actor text, said_kind text, said_comment text, said_correlation text, \
                     said_metadata text, said_undoes bigint",
                    "TABLE (no bigint, first bigint, list text, home text)",
                    &self.open_postgres(),
                ),
                self.function(ONCE, "said_key text, said_print text", "void", &self.once_postgres()),
                self.function(CLOSE_CHANGESET, "said_no bigint", "boolean", &self.close_postgres()),
            ],
            Kind::Mysql => vec![
                self.procedure(dialect, SWITCH, "said_switch VARCHAR(16), turned INT", &self.switch_mysql()),
                self.procedure(
                    dialect,
                    OPEN_CHANGESET,
                    "said_at DATETIME(6), said_actor VARCHAR(191) CHARACTER SET utf8mb4, said_kind VARCHAR(191) CHARACTER SET utf8mb4, \
                     said_comment LONGTEXT CHARACTER SET utf8mb4, said_correlation VARCHAR(191) CHARACTER SET utf8mb4, \
                     said_metadata LONGTEXT CHARACTER SET utf8mb4, said_undoes BIGINT",
                    &self.open_mysql(),
                ),
                self.procedure(
                    dialect,
                    ONCE,
                    "said_key VARCHAR(191) CHARACTER SET utf8mb4, said_print VARCHAR(191) CHARACTER SET utf8mb4",
                    &self.once_mysql(),
                ),
                self.procedure(dialect, CLOSE_CHANGESET, "said_no BIGINT", &self.close_mysql()),
                self.procedure(dialect, STAMP, "", &self.stamp_mysql()),
            ],
        }
    }

    /// The line by which a text tells whose rights it has.
    fn made_by(&self) -> String {
        match self.is_owned() {
            true => format!("  -- Made by handleref. {OWNED}\n"),
            false => "  -- Made by handleref.\n".into(),
        }
    }

    fn function(&self, name: &'static str, arguments: &str, gives: &str, body: &str) -> Part {
        let called = self.inside(name);
        let types: Vec<&str> = arguments
            .split(", ")
            .filter_map(|argument| argument.split_once(' '))
            .map(|(_, sql_type)| sql_type)
            .collect();
        let rights = if self.is_owned() {
            " SECURITY DEFINER"
        } else {
            ""
        };
        Part {
            name,
            create: vec![format!(
                "CREATE OR REPLACE FUNCTION {called}({arguments}) RETURNS {gives} LANGUAGE plpgsql{rights} \
                 SET search_path = {CATALOG} AS $handleref${body}$handleref$"
            )],
            drop: format!("DROP FUNCTION {called}({})", types.join(", ")),
            body: Some(body.to_owned()),
            columns: Vec::new(),
        }
    }

    fn procedure(
        &self,
        dialect: &dyn Dialect,
        name: &'static str,
        arguments: &str,
        body: &str,
    ) -> Part {
        let called = self.named(dialect, name);
        let (definer, rights) = match &self.owner {
            Some(owner) => (format!(" DEFINER = {}", owner.sql(Kind::Mysql)), "DEFINER"),
            None => (String::new(), "INVOKER"),
        };
        Part {
            name,
            create: vec![
                crate::schema::capture::mysql::MODE.into(),
                format!(
                    "CREATE{definer} PROCEDURE {called}({arguments}) NOT DETERMINISTIC MODIFIES SQL DATA SQL SECURITY {rights}\n{body}"
                ),
                crate::schema::capture::mysql::MODE_BACK.into(),
            ],
            drop: format!("DROP PROCEDURE {called}"),
            body: Some(body.to_owned()),
            columns: Vec::new(),
        }
    }

    /// The quoted name of one of ours inside of a function of PostgreSQL.
    fn inside(&self, name: &str) -> String {
        match self.place() {
            None => format!("{}.\"{name}\"", home::HOME),
            Some(schema) => format!("{}.\"{name}\"", crate::schema::names::quoted(schema, '"')),
        }
    }

    /// The same as a text.
    fn inside_text(&self, name: &str) -> String {
        let name = match self.place() {
            None => format!("{}.\"{name}\"", home::HOME_IN_TEXT),
            Some(schema) => {
                let schema = crate::schema::names::quoted(schema, '"');
                format!("{}.\"{name}\"", schema.replace('\'', "''"))
            }
        };
        format!("'{name}'::pg_catalog.regclass")
    }

    fn list(&self) -> String {
        format!(
            "{}::pg_catalog.oid::pg_catalog.text",
            self.inside_text(CHANGESETS)
        )
    }

    fn switch_postgres(&self) -> String {
        let switches = self.inside(SWITCHES);
        let leave = match self.is_owned() {
            false => String::new(),
            true => format!(
                "  IF turned THEN\n    \
                 INSERT INTO {switches} (transaction_id, switch, value) VALUES (pg_catalog.pg_current_xact_id(), switch, 1)\n    \
                 ON CONFLICT DO NOTHING;\n    \
                 INSERT INTO {} (occurred_at, event, detail) VALUES ({}, 'switch', \
                 pg_catalog.json_build_object('switch', switch, 'role', session_user)::pg_catalog.text);\n  \
                 ELSE\n    \
                 DELETE FROM {switches} AS s WHERE s.transaction_id OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id_if_assigned() \
                 AND s.switch OPERATOR(pg_catalog.=) {SWITCH}.switch;\n  END IF;\n",
                self.inside(EVENTS),
                now_sql(Kind::Postgres, TimeKind::Plain),
            ),
        };
        format!(
            "\n#variable_conflict use_variable\nBEGIN\n{}  \
             IF switch OPERATOR(pg_catalog.<>) ALL (ARRAY['{}', '{}']) THEN\n    \
             RAISE EXCEPTION 'handleref: there is no switch %', switch;\n  END IF;\n{leave}  \
             PERFORM pg_catalog.set_config('handleref.' OPERATOR(pg_catalog.||) switch OPERATOR(pg_catalog.||) '_' OPERATOR(pg_catalog.||) {}, \
             CASE WHEN turned THEN '1' ELSE '' END, true);\nEND\n",
            self.made_by(),
            Switch::Paused.name(),
            Switch::Door.name(),
            self.list(),
        )
    }

    /// On a database with an owner a variable is believed as long as it is the
    /// number in the row.
    fn switch_mysql(&self) -> String {
        let body = |switch: Switch| {
            let name = switch.name();
            match self.is_owned() {
                false => format!("    SET @handleref_{name} = IF(turned, 1, NULL);\n"),
                true => format!(
                    "    IF turned THEN\n      SET @handleref_{name} = UUID_SHORT();\n      \
                     INSERT INTO {SWITCHES} (connection, switch, value, token) VALUES (CONNECTION_ID(), '{name}', 1, @handleref_{name}) \
                     ON DUPLICATE KEY UPDATE token = @handleref_{name};\n      \
                     INSERT INTO {EVENTS} (occurred_at, event, detail) VALUES ({}, 'switch', \
                     JSON_OBJECT('switch', '{name}', 'role', USER()));\n    ELSE\n      \
                     DELETE FROM {SWITCHES} WHERE connection = CONNECTION_ID() AND switch = '{name}';\n      \
                     SET @handleref_{name} = NULL;\n    END IF;\n",
                    now_sql(Kind::Mysql, TimeKind::Plain)
                ),
            }
        };
        format!(
            "BEGIN\n  IF said_switch = '{}' THEN\n{}  ELSEIF said_switch = '{}' THEN\n{}  ELSE\n    \
             SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'handleref: there is no such switch';\n  END IF;\nEND",
            Switch::Paused.name(),
            body(Switch::Paused),
            Switch::Door.name(),
            body(Switch::Door),
        )
    }

    /// What is listed, with what goes before it. The catalogue shows no table on
    /// which one has no right, so it is not asked.
    fn every_mysql() -> String {
        format!(
            "  DECLARE handleref_every CURSOR FOR SELECT record_table FROM {RECORDINGS} ORDER BY record_table;\n  \
             DECLARE CONTINUE HANDLER FOR NOT FOUND SET handleref_done = 1;\n"
        )
    }

    /// One turn of a reader: gives the next number to what is visible and has
    /// none. See `sync/stamp.rs` for the order of things.
    fn stamp_mysql(&self) -> String {
        let (open, close, shut) = match self.is_owned() {
            false => (
                "SET handleref_door_before = @handleref_door, @handleref_door = 1;".to_owned(),
                "SET @handleref_door = handleref_door_before;".to_owned(),
                "SET @handleref_door = handleref_door_before;",
            ),
            true => (
                format!(
                    "SET handleref_door_before = @handleref_door, @handleref_door = UUID_SHORT();\n    \
                     INSERT INTO {SWITCHES} (connection, switch, value, token) VALUES (CONNECTION_ID(), 'door', 1, @handleref_door) \
                     ON DUPLICATE KEY UPDATE token = @handleref_door;"
                ),
                format!(
                    "IF handleref_door_before IS NULL THEN\n      DELETE FROM {SWITCHES} WHERE connection = CONNECTION_ID() AND switch = 'door';\n    \
                     ELSE\n      UPDATE {SWITCHES} SET token = handleref_door_before WHERE connection = CONNECTION_ID() AND switch = 'door';\n    \
                     END IF;\n    SET @handleref_door = handleref_door_before;"
                ),
                "SET @handleref_door = handleref_door_before;",
            ),
        };
        format!(
            "BEGIN\n  DECLARE handleref_door_before BIGINT UNSIGNED DEFAULT NULL;\n  DECLARE handleref_last, handleref_seen BIGINT;\n  \
             DECLARE handleref_at, handleref_done INT DEFAULT 0;\n  DECLARE handleref_records VARCHAR(191) CHARACTER SET utf8mb4;\n  \
             DECLARE handleref_room BIGINT UNSIGNED DEFAULT @@SESSION.group_concat_max_len;\n{}  \
             DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN\n    {shut}\n    SET SESSION group_concat_max_len = handleref_room;\n    RESIGNAL;\n  END;\n  \
             SET @handleref_stamped = 0;\n  \
             SELECT stamp INTO handleref_last FROM {DATABASE} FOR UPDATE;\n  \
             SELECT stamp INTO handleref_seen FROM {DATABASE};\n  \
             IF handleref_seen = handleref_last THEN\n    \
             SET @handleref_from = '', @handleref_ids = '', @handleref_into = '', @handleref_names = '', handleref_done = 0;\n    \
             OPEN handleref_every;\n    handleref_ask: LOOP\n      FETCH handleref_every INTO handleref_records;\n      \
             IF handleref_done THEN LEAVE handleref_ask; END IF;\n      \
             SET @handleref_from = CONCAT(@handleref_from, IF(handleref_at, ' UNION ALL ', ''), \
             'SELECT * FROM (SELECT record_id AS handleref_id, ', handleref_at, ' AS handleref_at FROM ', {QUOTED_RECORDS}, \
             ' WHERE record_stamp IS NULL AND record_id > 0 ORDER BY record_id LIMIT {TURN}) handleref_', handleref_at), \
             @handleref_ids = CONCAT(@handleref_ids, IF(handleref_at, ', ', ''), \
             'GROUP_CONCAT(IF(handleref_at = ', handleref_at, ', handleref_id, NULL))'), \
             @handleref_into = CONCAT(@handleref_into, IF(handleref_at, ', ', ''), '@handleref_ids_', handleref_at), \
             @handleref_names = CONCAT(@handleref_names, {QUOTED_RECORDS}, '/');\n      \
             SET handleref_at = handleref_at + 1;\n    END LOOP;\n    CLOSE handleref_every;\n  END IF;\n  \
             IF handleref_at > 0 THEN\n    SET SESSION group_concat_max_len = 1048576;\n    \
             SET @handleref_text = CONCAT('SELECT ', @handleref_ids, ' INTO ', @handleref_into, ' FROM (SELECT * FROM (', @handleref_from, \
             ') handleref_all ORDER BY handleref_id LIMIT {TURN}) handleref_turn');\n    \
             PREPARE handleref_statement FROM @handleref_text;\n    EXECUTE handleref_statement;\n    DEALLOCATE PREPARE handleref_statement;\n    \
             {open}\n    WHILE handleref_at > 0 DO\n      SET handleref_at = handleref_at - 1;\n      \
             SET @handleref_text = CONCAT('SET @handleref_ids = @handleref_ids_', handleref_at);\n      \
             PREPARE handleref_statement FROM @handleref_text;\n      EXECUTE handleref_statement;\n      DEALLOCATE PREPARE handleref_statement;\n      \
             IF @handleref_ids IS NOT NULL THEN\n        \
             SET @handleref_text = CONCAT('UPDATE ', SUBSTRING_INDEX(SUBSTRING_INDEX(@handleref_names, '/', handleref_at + 1), '/', -1), \
             ' FORCE INDEX (PRIMARY) SET record_stamp = ', handleref_last + 1, \
             ' WHERE record_id IN (', @handleref_ids, ') AND record_stamp IS NULL');\n        \
             PREPARE handleref_statement FROM @handleref_text;\n        EXECUTE handleref_statement;\n        \
             SET @handleref_stamped = @handleref_stamped + ROW_COUNT();\n        DEALLOCATE PREPARE handleref_statement;\n      \
             END IF;\n    END WHILE;\n    {close}\n    SET SESSION group_concat_max_len = handleref_room;\n    \
             IF @handleref_stamped > 0 THEN\n      UPDATE {DATABASE} SET stamp = handleref_last + 1;\n    END IF;\n  END IF;\nEND",
            Self::every_mysql(),
        )
    }
}

/// How many records a turn numbers.
const TURN: usize = crate::context::TURN;

/// The name of a record table, as it is listed, quoted.
const QUOTED_RECORDS: &str =
    "CONCAT('`', REPLACE(REPLACE(handleref_records, '`', '``'), '.', '`.`'), '`')";
