//! Types of columns with two values of each, on each engine.

use crate::support::Engine;

/// A type as DDL says it, two values as SQL, and a wider type that a record
/// table may have instead.
pub(super) struct Kind {
    pub(super) ddl: &'static str,
    pub(super) values: [&'static str; 2],
    pub(super) wider: Option<&'static str>,
}

const fn kind(ddl: &'static str, one: &'static str, other: &'static str) -> Kind {
    Kind {
        ddl,
        values: [one, other],
        wider: None,
    }
}

const fn wide(
    ddl: &'static str,
    one: &'static str,
    other: &'static str,
    wider: &'static str,
) -> Kind {
    Kind {
        ddl,
        values: [one, other],
        wider: Some(wider),
    }
}

const SQLITE: &[Kind] = &[
    wide("INTEGER", "1", "-7", "BIGINT"),
    kind("BIGINT", "1", "9007199254740993"),
    kind("TEXT", "'it''s'", "'ü\\n'"),
    kind("TEXT COLLATE NOCASE", "'a'", "'A'"),
    wide("VARCHAR(40)", "'a'", "'b'", "TEXT"),
    kind("REAL", "0.1", "2.5"),
    kind("NUMERIC(10,2)", "1.50", "2"),
    kind("BLOB", "x'00ff'", "x''"),
    kind("BOOLEAN", "0", "1"),
    kind(
        "TIMESTAMP",
        "'2020-02-29 01:02:03'",
        "'1969-12-31 23:59:59.999'",
    ),
    kind("", "'any'", "3"),
];

const POSTGRES: &[Kind] = &[
    kind("INTEGER", "1", "-7"),
    kind("BIGINT", "1", "9007199254740993"),
    kind("SMALLINT", "1", "2"),
    kind("TEXT", "'it''s'", "E'ü\\n'"),
    kind("TEXT COLLATE \"C\"", "'a'", "'A'"),
    wide("VARCHAR(40)", "'a'", "'b'", "TEXT"),
    kind("CHAR(5)", "'a'", "'b'"),
    kind("NUMERIC(10,2)", "1.50", "2"),
    kind("NUMERIC", "1.50", "1.500"),
    kind("REAL", "0.5", "2.5"),
    kind("DOUBLE PRECISION", "0.1", "'NaN'"),
    kind("BYTEA", "'\\x00ff'", "''"),
    kind("BOOLEAN", "false", "true"),
    kind("DATE", "'2020-02-29'", "'infinity'"),
    wide(
        "TIMESTAMP",
        "'2020-02-29 01:02:03'",
        "'1969-12-31 23:59:59.999999'",
        "TIMESTAMPTZ",
    ),
    kind(
        "TIMESTAMP(0)",
        "'2020-02-29 01:02:03'",
        "'2020-02-29 01:02:04'",
    ),
    kind(
        "TIMESTAMPTZ",
        "'2020-02-29 01:02:03Z'",
        "'2020-02-29 01:02:04Z'",
    ),
    kind("INTERVAL", "'1 day'", "'24 hours 1 second'"),
    kind(
        "UUID",
        "'00000000-0000-0000-0000-000000000001'",
        "gen_random_uuid()",
    ),
    kind("JSON", "'{\"a\": 1}'", "'{\"a\":1}'"),
    kind("JSONB", "'{\"a\": 1}'", "'[]'"),
    kind("INTEGER[]", "'{1,2}'", "'{}'"),
    kind("TEXT[]", "'{\"a,b\"}'", "'{NULL}'"),
    kind("POINT", "'(1,2)'", "'(2,1)'"),
    kind("INET", "'10.0.0.1'", "'10.0.0.1/8'"),
    kind("BIT(3)", "B'101'", "B'111'"),
    kind("INT4RANGE", "'[1,2)'", "'empty'"),
];

const MYSQL: &[Kind] = &[
    wide("INT", "1", "-7", "BIGINT"),
    kind("INT UNSIGNED", "1", "4294967295"),
    kind("BIGINT", "1", "9007199254740993"),
    kind("SMALLINT", "1", "2"),
    kind("TINYINT(1)", "0", "1"),
    wide("VARCHAR(40)", "'it''s'", "'ü'", "LONGTEXT"),
    kind("VARCHAR(40) CHARACTER SET latin1", "'ä'", "'b'"),
    kind("VARCHAR(40) COLLATE utf8mb4_bin", "'a'", "'A'"),
    kind("CHAR(5)", "'a'", "'b'"),
    kind("TEXT", "'a'", "'A'"),
    kind("LONGTEXT", "'a'", "'b'"),
    kind("DECIMAL(10,2)", "1.50", "2"),
    kind("DOUBLE", "0.1", "2.5"),
    kind("FLOAT", "0.5", "2.5"),
    kind("BINARY(4)", "x'00ff00ff'", "x'01000000'"),
    kind("VARBINARY(20)", "x'00ff'", "x''"),
    kind("BLOB", "x'00ff'", "x''"),
    kind("DATE", "'2020-02-29'", "'2020-03-01'"),
    kind("DATETIME", "'2020-02-29 01:02:03'", "'2020-02-29 01:02:04'"),
    kind(
        "DATETIME(6)",
        "'2020-02-29 01:02:03'",
        "'1969-12-31 23:59:59.999999'",
    ),
    kind(
        "TIMESTAMP NULL",
        "'2020-02-29 01:02:03'",
        "'2020-02-29 01:02:04'",
    ),
    kind("TIME(3)", "'01:02:03'", "'-10:00:00.5'"),
    kind("YEAR", "2020", "2021"),
    kind("ENUM('a','b''c')", "'a'", "'b''c'"),
    kind("SET('x','y')", "'x'", "'x,y'"),
    kind("JSON", "'{\"a\": 1}'", "'{\"a\":2}'"),
    kind("BIT(3)", "b'101'", "b'111'"),
];

pub(super) fn kinds(engine: Engine) -> &'static [Kind] {
    match engine {
        Engine::Sqlite => SQLITE,
        Engine::Postgres => POSTGRES,
        Engine::Mysql => MYSQL,
    }
}
