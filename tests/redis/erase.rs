//! What is erased from the history leaves Redis.

use crate::beside::{Beside, assert_same, catch_up, store};
use crate::models::recorded as tables;
use crate::models::{All, Choice, Note, choices, notes};
use crate::support::each_engine;
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;
use handleref::prelude::*;
use handleref::redis::Relay;

macro_rules! run {
    ($conn:expr, $statement:expr) => {
        go!($statement.execute($conn))?
    };
}

each_engine! {
    /// Of a row that is there, of one that is gone, of one that hid its foreign key.
    async fn values(db: tables, conn) {
        let (store, redis) = (store(), &mut go!(Conn::redis()));
        let relay = Relay::<All>::new(&store).batch(3);
        for id in [1, 2] {
            run!(conn, diesel::insert_into(notes::table).values(&Note { id, text: format!("private {id}") }));
        }
        run!(conn, diesel::delete(notes::table.find(2)));
        let choice = Choice { id: 5, question_id: Some(1), label: "private 5".into(), votes: 0 };
        run!(conn, diesel::insert_into(choices::table).values(&choice));
        run!(conn, diesel::update(choices::table).set((choices::votes.eq(1), choices::label.eq("public"))));
        catch_up!(relay, conn, redis);
        let text = format!("{:?}", assert_same!(&store, conn, redis));
        assert!(["private 1", "private 2", "private 5"].iter().all(|one| text.contains(one)));

        run!(conn, diesel::update(notes::table.find(1)).set(notes::text.eq("public")));
        go!(Note::erase(1).column_with(notes::text, "'-'").execute(conn))?;
        go!(Note::erase(2).column_with(notes::text, "'-'").execute(conn))?;
        go!(Choice::erase(5).column_with(choices::label, "'-'").execute(conn))?;
        catch_up!(relay, conn, redis);
        let text = format!("{:?}", assert_same!(&store, conn, redis));
        assert!(!text.contains("private"), "{text}");
    }
}
