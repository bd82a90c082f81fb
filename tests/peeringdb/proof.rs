//! The proof would notice.

use crate::schema::{networks, organisations};
use crate::verify::Difference;
use crate::{Pair, differences, generate, sync, verify};
use chrono::NaiveDateTime;
use diesel::prelude::*;

/// Each way in which two sides can differ is noticed, and named.
#[test]
fn the_proof_can_fail() {
    let (_pair, mut source, mut mirror) = Pair::new(&generate::objects(4, 5));
    sync().pull(&mut source, &mut mirror).unwrap();
    let compared = verify::compare(&mut source, &mut mirror).unwrap();
    assert_eq!(
        (compared.rows, compared.differences.len()),
        (verify::rows(&mut source).unwrap() as usize, 0)
    );

    diesel::update(networks::table.find(2))
        .set(networks::notes.eq("forged"))
        .execute(&mut mirror)
        .unwrap();
    diesel::update(networks::table.find(3))
        .set(networks::updated.eq(NaiveDateTime::default()))
        .execute(&mut mirror)
        .unwrap();
    diesel::insert_into(organisations::table)
        .values(organisations::name.eq("Extra"))
        .execute(&mut mirror)
        .unwrap();
    diesel::insert_into(organisations::table)
        .values((organisations::id.eq(99), organisations::name.eq("Missing")))
        .execute(&mut source)
        .unwrap();
    assert_eq!(
        differences(&mut source, &mut mirror),
        [
            Difference::Missing {
                row: "org99".into()
            },
            Difference::Extra { row: "org5".into() },
            Difference::Unequal {
                row: "net2".into(),
                columns: vec!["notes".into()]
            },
            Difference::Unequal {
                row: "net3".into(),
                columns: vec!["updated".into()]
            },
        ]
    );
}
