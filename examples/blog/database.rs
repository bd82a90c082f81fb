//! The database, on `super::Connection`.

use super::{Connection, ID, SETUP};
use crate::accounts::{Found, Users, passwords};
use crate::models::{User, schema, users};
use diesel::{ConnectionError, ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, deadpool};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use std::error::Error;

#[derive(Clone)]
pub struct Database(pub deadpool::Pool<Connection>);

impl Database {
    /// Opens it, and creates what is not there yet.
    pub async fn open(url: &str) -> Result<Self, Box<dyn Error>> {
        let mut config = ManagerConfig::default();
        config.custom_setup = Box::new(|url| Box::pin(connect(url.to_owned())));
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        let pool = deadpool::Pool::builder(manager).max_size(8).build()?;
        let mut conn = pool.get().await?;
        conn.batch_execute(&format!(
            "CREATE TABLE IF NOT EXISTS users (
                 {ID}, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, password_hash TEXT NOT NULL
             );
             CREATE TABLE IF NOT EXISTS articles (
                 {ID}, author_id INTEGER NOT NULL REFERENCES users (id),
                 slug TEXT NOT NULL, title TEXT NOT NULL, body TEXT
             );
             CREATE TABLE IF NOT EXISTS comments (
                 {ID}, article_id INTEGER NOT NULL REFERENCES articles (id),
                 author_id INTEGER NOT NULL REFERENCES users (id), body TEXT NOT NULL
             );"
        ))
        .await?;
        schema().install(&mut *conn).await?;
        drop(conn);
        Ok(Self(pool))
    }

    /// Adds a user; not if there is one of this name.
    pub async fn add_user(
        &self,
        name: &str,
        role: &str,
        password: &str,
    ) -> Result<bool, Box<dyn Error>> {
        let user = (
            users::name.eq(name),
            users::role.eq(role),
            users::password_hash.eq(passwords::hash(password)?),
        );
        let insert = diesel::insert_into(users::table).values(user);
        let insert = insert.on_conflict_do_nothing();
        Ok(insert.execute(&mut self.0.get().await?).await? > 0)
    }
}

async fn connect(url: String) -> Result<Connection, ConnectionError> {
    let mut conn = Connection::establish(&url).await?;
    let set_up = conn.batch_execute(SETUP).await;
    set_up.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}

impl Users for Database {
    type User = User;

    async fn find(&self, name: String) -> Found<User> {
        let mut conn = self.0.get().await?;
        let query = users::table.filter(users::name.eq(name));
        let found = query.first::<User>(&mut conn).await.optional()?;
        Ok(found.map(|user| (user.clone(), user.password_hash)))
    }
}
