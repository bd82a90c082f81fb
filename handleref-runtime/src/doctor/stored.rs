//! What our own tables say.

use super::checked::counted;
use super::finding::{Area, Cure, Findings, Severity};
use super::{Patient, latest};
use crate::context::STAMP;
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{RECORD_CHANGESET, RECORD_ID, RECORD_STAMP, RECORDED_AT};
use crate::history::tables::quoted_table;
use crate::session::Session;
use crate::sql::{Raw, Sql, literal, micros_back, now_sql, raw};
use crate::time::TimeKind;
use chrono::{NaiveDateTime, TimeDelta, Utc};

pub(super) async fn look(
    conn: &mut dyn Session,
    patient: &Patient<'_>,
    findings: &mut Findings,
) -> Result<(), Error> {
    foreign(conn, patient, findings).await?;
    changesets(conn, patient, findings).await?;
    clock(conn, patient, findings).await?;
    if conn.kind() == Kind::Mysql {
        unstamped(conn, patient, findings).await?;
    }
    Ok(())
}

/// Record tables that no model of this program has.
async fn foreign(
    conn: &mut dyn Session,
    patient: &Patient<'_>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let kind = conn.kind();
    let known: Vec<String> = patient
        .doctor
        .schema
        .recorded()
        .map(|it| it.listed())
        .collect();
    let sql = "SELECT record_table FROM handleref_recordings ORDER BY record_table";
    let rows: Vec<(String,)> = conn.rows(Sql::new(sql)).await?;
    let listed = counted(
        i64::try_from(rows.len()).unwrap_or(i64::MAX),
        "record table",
    );
    for (name,) in rows {
        if !patient.doctor.only.is_empty() || known.contains(&name) {
            continue;
        }
        let unlist = raw!(
            "DELETE FROM handleref_recordings WHERE record_table = {};",
            [literal(kind, &name)]
        )
        .into_string();
        let there = patient.listed.contains(&name);
        // What deletes a history is for a person, and not for a script that follows cures.
        let drop = raw!("DROP TABLE {};", [quoted_table(kind, &name)]).into_string();
        let (text, cure) = match there {
            true => (
                "no model of this program has this record table: it is another program's, or a former model's",
                Cure::Person(format!(
                    "leave it, if another program has the model; add the model here; or, if nobody needs this history any more: {drop} {unlist}"
                )),
            ),
            false => (
                "the list has a record table that is not there, and that no model of this program has",
                Cure::Sql(unlist),
            ),
        };
        let (text, cures) = (text.to_owned(), vec![cure]);
        findings.add((Area::Library, Severity::Warning), name, text, cures);
    }
    findings.fine(
        Area::Library,
        format!("made by this version's layout; {listed} listed, none of them unknown"),
    );
    Ok(())
}

/// Records whose changeset is gone.
async fn changesets(
    conn: &mut dyn Session,
    patient: &Patient<'_>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let kind = conn.kind();
    for name in &patient.listed {
        let table = quoted_table(kind, name);
        let orphans = raw!(
            "FROM {table} r WHERE r.{RECORD_CHANGESET} IS NOT NULL AND NOT EXISTS \
             (SELECT 1 FROM handleref_changesets c WHERE c.id = r.{RECORD_CHANGESET})",
            table,
            RECORD_CHANGESET
        );
        let sql = raw!(
            "SELECT COUNT(*), MIN(r.{RECORD_CHANGESET}) {orphans}",
            RECORD_CHANGESET,
            orphans
        );
        let (count, first): (i64, Option<i64>) = conn.one(Sql::once(sql)).await?;
        if let Some(first) = first {
            let cure = raw!(
                "INSERT INTO handleref_changesets (id, occurred_at, comment, first_record, last_record) \
                 SELECT r.{RECORD_CHANGESET}, MIN(r.{RECORDED_AT}), 'put back by doctor: who and why is lost', \
                 MIN(r.{RECORD_ID}) - 1, MAX(r.{RECORD_ID}) {orphans} GROUP BY r.{RECORD_CHANGESET};",
                RECORD_CHANGESET,
                RECORDED_AT,
                RECORD_ID,
                orphans
            );
            findings.add(
                (Area::Changesets, Severity::Warning),
                name.clone(),
                format!(
                    "{} of a changeset that is not there, such as #{first}",
                    counted(count, "record")
                ),
                vec![Cure::Sql(cure.into_string())],
            );
        }
    }
    unended(conn, patient, findings).await?;
    let (count,): (i64,) = conn
        .one(Sql::new("SELECT COUNT(*) FROM handleref_changesets"))
        .await?;
    findings.fine(
        Area::Changesets,
        format!("all records have the changeset that they name; there are {count}"),
    );
    Ok(())
}

/// Changesets without an end. One that is going on is seen by nobody else, and what ends one writes
/// it, so somebody has committed in the middle of it.
async fn unended(
    conn: &mut dyn Session,
    patient: &Patient<'_>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let kind = conn.kind();
    let sql = "SELECT COUNT(*), MIN(id) FROM handleref_changesets WHERE last_record IS NULL";
    let (count, first): (i64, Option<i64>) = conn.one(Sql::new(sql)).await?;
    let Some(first) = first else {
        return Ok(());
    };
    let last = |name: &String| {
        raw!(
            "COALESCE((SELECT MAX(r.{RECORD_ID}) FROM {} r WHERE r.{RECORD_CHANGESET} = handleref_changesets.id), 0)",
            [quoted_table(kind, name)],
            RECORD_ID,
            RECORD_CHANGESET
        )
    };
    let lasts = patient
        .listed
        .iter()
        .map(last)
        .chain(["first_record".into()]);
    let cure = raw!(
        "UPDATE handleref_changesets SET last_record = {}({}) WHERE last_record IS NULL;",
        [
            Raw::from(if kind == Kind::Sqlite {
                "max"
            } else {
                "greatest"
            }),
            Raw::join(lasts, ", ")
        ]
    );
    findings.add(
        (Area::Changesets, Severity::Warning),
        format!("#{first}"),
        format!(
            "{} without an end: somebody committed in the middle of it",
            counted(count, "changeset")
        ),
        vec![Cure::Sql(cure.into_string())],
    );
    Ok(())
}

/// The clock of the database, this machine's, and the times of records.
async fn clock(
    conn: &mut dyn Session,
    patient: &Patient<'_>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let begun = Utc::now().naive_utc();
    let sql = raw!("SELECT {}", [now_sql(conn.kind(), TimeKind::Plain)]);
    let (now,): (NaiveDateTime,) = conn.one(Sql::once(sql)).await?;
    let here = begun + (Utc::now().naive_utc() - begun) / 2;
    let apart = now - here;
    if apart.abs() > TimeDelta::seconds(5) {
        findings.add(
            (Area::Clock, Severity::Warning),
            None,
            format!(
                "the database's clock and this machine's are {} s apart",
                apart.abs().num_seconds()
            ),
            vec![Cure::Person(
                "let both machines take the time from the network (NTP)".into(),
            )],
        );
    }
    for name in &patient.listed {
        let Some(last) = latest(conn, name).await? else {
            continue;
        };
        if last > now + TimeDelta::seconds(60) {
            findings.add(
                (Area::Clock, Severity::Failure),
                name.clone(),
                format!(
                    "the last record is dated {}, and the database's clock says {}",
                    last.format("%F %T"),
                    now.format("%F %T")
                ),
                vec![Cure::Person(
                    "put the database's clock right; records are dated no earlier than the one before them, so until then \
                     time travel by time (not by version or changeset) is wrong for this table"
                        .into(),
                )],
            );
        }
    }
    findings.fine(
        Area::Clock,
        "the database's clock is this machine's, and no record is dated after it",
    );
    Ok(())
}

/// Records that became visible, and that no reader has numbered; where anybody follows.
async fn unstamped(
    conn: &mut dyn Session,
    patient: &Patient<'_>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let sql = Sql::new("SELECT CAST(MAX(stamp) AS SIGNED) FROM handleref_database");
    let (stamp,): (Option<i64>,) = conn.one(sql).await?;
    let (before, after) = micros_back(Kind::Mysql);
    let mut all = 0;
    for name in &patient.listed {
        let table = quoted_table(Kind::Mysql, name);
        let sql = raw!(
            "SELECT COUNT(*) FROM {table} WHERE {RECORD_STAMP} IS NULL AND {RECORD_ID} > 0 AND {RECORDED_AT} < {before}600000000{after}",
            table,
            RECORD_STAMP,
            RECORD_ID,
            RECORDED_AT,
            before,
            after
        );
        all += conn.one::<(i64,)>(Sql::once(sql)).await?.0;
    }
    let followed = stamp.is_some_and(|it| it > 0);
    if all > 0 && followed {
        findings.add(
            (Area::Settings, Severity::Warning),
            None,
            format!(
                "{} waited more than 10 minutes for a reader to give it its place (`{RECORD_STAMP}`): \
                 nobody follows the changes any more",
                counted(all, "record")
            ),
            vec![
                Cure::Person("start what follows the changes; or give them their places (2,000 at a time):".into()),
                Cure::Sql(raw!("CALL {STAMP}();", STAMP).into_string()),
            ],
        );
    }
    findings.fine(
        Area::Settings,
        match followed {
            true => "those who follow the changes are not far behind",
            false => "nobody follows the changes",
        },
    );
    Ok(())
}
