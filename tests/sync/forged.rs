//! Cursors that somebody made. A cursor is a text that a client may send, and its
//! check is no secret.

use crate::posts::recorded as tables;
use crate::posts::{All, Topic, posts, topics};
use crate::support::dice::Dice;
use crate::support::{Engine, each_engine};
use diesel::prelude::ExpressionMethods;
use handleref::sync::InvalidCursor;
use handleref::{Cursor, Error, changes};

/// A text with the check of a cursor.
fn signed(text: &str) -> String {
    let check = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("{text}.{check:08x}")
}

/// The same cursor with another position.
fn at(cursor: &Cursor, position: &str) -> String {
    let text = cursor.to_string();
    let parts: Vec<&str> = text.split('.').collect();
    signed(&format!("hr1.{}.{}.{position}.", parts[1], parts[2]))
}

const NUMBERS: [&str; 12] = [
    "0",
    "1",
    "2",
    "3",
    "7",
    "99",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "-1",
    "007",
];

/// The text with one of its numbers, signs or parts changed.
fn mutated(text: &str, dice: &mut Dice) -> String {
    let (text, _) = text.rsplit_once('.').unwrap_or((text, ""));
    let mut parts: Vec<String> = text.split('.').map(str::to_owned).collect();
    let at = match dice.roll(8) {
        0 => 2,
        1 => 4,
        _ => 3,
    };
    let Some(part) = parts.get_mut(at) else {
        return signed(text);
    };
    let words: Vec<&str> = part.split_inclusive(['-', '_']).collect();
    let which = usize::try_from(dice.roll(words.len().max(1) as i32)).unwrap();
    let number = NUMBERS[usize::try_from(dice.roll(12)).unwrap()];
    let other = ["", "-", "_", "-5-6", "_5", "t", "s", "w"];
    let other = other[usize::try_from(dice.roll(8)).unwrap()];
    let mut made = String::new();
    for (at, word) in words.iter().enumerate() {
        let (letters, rest) = word.split_at(usize::from(word.starts_with(['t', 's', 'w'])));
        match dice.roll(if at == which { 3 } else { 1 }) {
            1 => {
                let sign = rest.trim_start_matches(|it: char| it.is_ascii_alphanumeric());
                made += &format!("{letters}{number}{sign}");
            }
            2 => made += &format!("{word}{other}"),
            _ => made += word,
        }
    }
    *part = made;
    signed(&parts.join("."))
}

macro_rules! topic {
    ($conn:expr, $id:expr) => {
        go!(diesel::insert_into(topics::table)
            .values(&Topic {
                id: $id,
                name: format!("topic {}", $id)
            })
            .execute($conn))?
    };
}

each_engine! {
    /// Whatever is changed in a cursor: it is none, or a read says what is wrong, or
    /// it reads from somewhere else. Never does the server complain.
    async fn whatever_is_changed(db: tables, conn) {
        for id in 1..6 {
            topic!(conn, id);
        }
        go!(diesel::insert_into(posts::table).values((posts::id.eq(1), posts::title.eq("a"))).execute(conn))?;
        let part = go!(changes::<All>().limit(2).load(conn))?.cursor;
        let further = go!(changes::<All>().since(&part).limit(2).load(conn))?.cursor;
        let end = go!(changes::<All>().load(conn))?.cursor;
        let (mut dice, mut read, mut none) = (Dice(11), 0, 0);
        for round in 0..400 {
            let mut text = [&part, &further, &end][round % 3].to_string();
            for _ in 0..=dice.roll(3) {
                text = mutated(&text, &mut dice);
            }
            let Ok(cursor) = text.parse::<Cursor>() else {
                none += 1;
                continue;
            };
            assert_eq!(cursor.to_string(), text);
            match go!(changes::<All>().since(&cursor).limit(3).load(conn)) {
                Ok(_) => read += 1,
                Err(Error::InvalidCursor | Error::Foreign | Error::WrongModels { .. } | Error::TooOld { .. }) => {}
                Err(error) => panic!("{text}: {error:?}"),
            }
        }
        assert!(read > 15 && none > 60, "{read} were read, {none} were none");
    }

    /// What no server has ever said.
    async fn what_is_no_cursor(db: tables, conn) {
        topic!(conn, 1);
        let genuine = go!(changes::<All>().load(conn))?.cursor;
        let many: String = (5..200_000).map(|xid| format!("-{xid}")).collect();
        let positions = [
            "t-5", "t+5", "t05", "t5.5", "t9223372036854775808", "s1", "s1-+2", "s-1-2", "x5", "",
            // Out of order, twice, outside of the snapshot, of no transaction.
            "w0_5-9-8-7", "w0_5-9-7-7", "w0_5-9-4", "w0_5-9-9", "w0_9-5", "w0_0-9", "w0_5:9:7", "w0_5-9-",
            // A window that goes back; negative bounds; a part of a mark.
            "w0_5-20_5-9_0-1", "w-1_5-9", "w1-2_5-9", "w1--2-3_5-9", "w0_5-9_5-9", "w0_5-9_5-9_1", "w0_5-9_5-9_1--2",
            &format!("w0_5-900000{many}"),
        ];
        for position in positions {
            let text = at(&genuine, position);
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{}", &text[..text.len().min(99)]);
        }
        let long = "Post-".repeat(1_000_000);
        assert_eq!(signed(&format!("hr1.0f.{long}.t1.")).parse::<Cursor>(), Err(InvalidCursor));
        // A position of another engine, with the name of this database.
        let others = match db.engine {
            Engine::Sqlite => ["s1-2", "w0_5-9"],
            Engine::Postgres => ["t5", "s1-2"],
            Engine::Mysql => ["t5", "w0_5-9"],
        };
        for position in others {
            let cursor: Cursor = at(&genuine, position).parse()?;
            let asked = go!(changes::<All>().since(&cursor).load(conn));
            assert!(matches!(asked, Err(Error::InvalidCursor)), "{position}: {asked:?}");
        }
        // Further than anything here.
        let further = match db.engine {
            Engine::Sqlite => "t9223372036854775807",
            Engine::Postgres => "w9223372036854775807_5-9",
            Engine::Mysql => "s9223372036854775807-9223372036854775807",
        };
        let cursor: Cursor = at(&genuine, further).parse()?;
        let asked = go!(changes::<All>().since(&cursor).load(conn));
        assert!(matches!(asked, Err(Error::Foreign)), "{asked:?}");
    }
}
