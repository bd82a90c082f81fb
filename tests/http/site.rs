//! A server of these models, on a port of its own.

use crate::client::Client;
use crate::models::{
    Article, Comment, EditArticle, EditTag, NewArticle, NewComment, NewTag, Options, Tag,
    WholeComment, articles, comments,
};
use crate::support::{Db, Engine};
use axum::Router;
use axum::http::request::Parts;
use diesel::{ExpressionMethods, TextExpressionMethods};
use handleref::changeset::ChangesetLayer;
use handleref::http::{self, Api, Failure, Problem};
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use tokio::runtime::Runtime;

/// A server; it ends with this value.
pub struct Site {
    client: Client,
    pub db: Db,
    /// See `Options`.
    pub hard: handleref::http::Switch,
    /// See `Options`.
    pub shutdown: handleref::http::Shutdown,
    failures: Arc<Mutex<Vec<String>>>,
    _runtime: Runtime,
}

impl Deref for Site {
    type Target = Client;
    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Site {
    /// What the program was told of, which is all right.
    pub fn take_failures(&self) -> Vec<String> {
        std::mem::take(&mut self.failures.lock().unwrap())
    }

    /// What the program was told of.
    pub fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap().clone()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.failures(), Vec::<String>::new());
        }
    }
}

/// Articles 1 to 4, of which 4 is soft-deleted, and two comments of 1.
fn tables(db: &Db) {
    let id = match db.engine {
        Engine::Sqlite => "id INTEGER PRIMARY KEY",
        Engine::Postgres => "id SERIAL PRIMARY KEY",
        Engine::Mysql => "id INTEGER PRIMARY KEY AUTO_INCREMENT",
    };
    db.create(&format!(
        "CREATE TABLE articles ({id}, slug VARCHAR(100) NOT NULL UNIQUE, title {{TEXT}} NOT NULL, note {{TEXT}}, \
         secret {{TEXT}}, owner INTEGER)"
    ));
    db.create(&format!(
        "CREATE TABLE comments ({id}, article_id INTEGER NOT NULL, body {{TEXT}} NOT NULL, \
         FOREIGN KEY (article_id) REFERENCES articles (id))"
    ));
    db.create("CREATE TABLE tags (name VARCHAR(100) PRIMARY KEY, weight BIGINT NOT NULL)");
    db.install(&schema());
    for at in 1..=4 {
        let title = ["Beta", "Alpha", "Beta", "Gone"][at - 1];
        db.create(&format!(
            "INSERT INTO articles (slug, title, secret, owner) VALUES ('a{at}', '{title}', 's{at}', {})",
            at % 2
        ));
    }
    for body in ["one", "two"] {
        let insert = format!("INSERT INTO comments (article_id, body) VALUES (1, '{body}')");
        db.create(&insert);
    }
    db.create("UPDATE articles SET deleted_at = {NOW} WHERE id = 4");
}

fn schema() -> handleref::schema::Schema {
    handleref::schema![Article, Comment, Tag]
}

fn start(
    db: Db,
    options: &Options,
    make: impl FnOnce(&Db, Arc<Mutex<Vec<String>>>) -> Router,
) -> Site {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let failures = Arc::new(Mutex::new(Vec::new()));
    let router = {
        let _inside = runtime.enter();
        make(&db, failures.clone())
    };
    let user = |request: &Parts| request.headers.get("x-user")?.to_str().ok().map(Into::into);
    let router = router.fallback(http::not_found).layer(
        ChangesetLayer::new()
            .actor(user)
            .comment_header("x-comment"),
    );
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let client = Client(listener.local_addr().unwrap());
    runtime.spawn(async move { axum::serve(listener, router).await });
    Site {
        client,
        db,
        hard: options.hard.clone(),
        shutdown: options.shutdown.clone(),
        failures,
        _runtime: runtime,
    }
}

/// The router over a pool of some type, as a program writes it.
macro_rules! routes {
    ($pool:expr, $options:expr, $failures:expr) => {{
        let (options, failures): (&Options, Arc<Mutex<Vec<String>>>) = ($options, $failures);
        let api = Api::new($pool, schema().registry()).on_failure(move |failure: &Failure<'_>| {
            failures.lock().unwrap().push(format!("{failure:?}"));
        });
        let api = match options.timeout {
            Some(most) => api.timeout(most),
            None => api,
        };
        let mut shown = api
            .resource::<Article>(options.policy.clone())
            .unwrap()
            .create_with(|_, new: NewArticle| match new.title.trim() {
                "" => Err(Problem::invalid("an article needs a title").field("title", "is empty")),
                _ => Ok(new),
            })
            .update::<EditArticle>()
            .filter("title", |title: String| articles::title.eq(title))
            .filter("id__in", |ids: Vec<i32>| articles::id.eq_any(ids))
            .filter("id__gte", |id: i32| articles::id.ge(id))
            .filter("title__contains", |part: String| {
                articles::title.like(format!("%{part}%"))
            })
            .filter("secret", |secret: String| articles::secret.eq(secret))
            .order("title", articles::title, |article| article.title.clone())
            .order("note", articles::note, |article| article.note.clone())
            .order("id", articles::id, |article| article.id)
            .order("secret", articles::secret, |article| article.secret.clone())
            .feed()
            .bulk_hard_delete(options.hard.clone())
            .bulk_content(options.content.clone())
            .bulk_limit(options.bulk_limit)
            .body_limit(10_000)
            .page(100, 200);
        if options.gone {
            shown = shown.gone();
        }
        if options.post_updates {
            shown = shown.post_updates();
        }
        if options.if_match {
            shown = shown.require_if_match();
        }
        if options.needs_key {
            shown = shown.require_idempotency_key();
        }
        if options.needs_filter {
            shown = shown.bulk_needs_filter();
        }
        let said = api
            .resource::<Comment>(options.policy.clone())
            .unwrap()
            .create::<NewComment>()
            .replace::<WholeComment>()
            .feed()
            .filter("article", |id: i32| comments::article_id.eq(id));
        let tags = api
            .resource::<Tag>(options.policy.clone())
            .unwrap()
            .create::<NewTag>()
            .update::<EditTag>()
            .integers_as_text(options.texts.then_some("weight"))
            .bulk_hard_delete(options.hard.clone());
        let log = http::Log::of([shown.served(), said.served(), tags.served()])
            .shutdown(&options.shutdown)
            .streams(std::time::Duration::from_millis(50), 100);
        let router = Router::new();
        #[cfg(feature = "openapi")]
        let shown = shown
            .row_schema::<Article>()
            .create_schema::<NewArticle>()
            .update_schema::<EditArticle>();
        #[cfg(feature = "openapi")]
        let router = {
            let document = http::Document::new("Test", "1.0")
                .resource("/articles", &shown)
                .resource("/comments", &said)
                .resource("/api/tags", &tags)
                .log("/log", &log)
                .build()
                .unwrap();
            let document = axum::Json(document);
            router.route("/openapi.json", axum::routing::get(async move || document))
        };
        router
            .merge(log.router("/log"))
            .merge(shown.router("/articles"))
            .merge(said.router("/comments"))
            .nest("/api", tags.router("/tags"))
    }};
}

macro_rules! sites {
    ($($feature:literal $engine:ident $name:ident $conn:ty, $asynchronous:ty;)*) => { $(
        #[cfg(feature = $feature)]
        pub fn $engine(options: &Options) -> Site {
            let db = Db::$engine();
            tables(&db);
            start(db, options, |db, failures| {
                let manager = diesel::r2d2::ConnectionManager::<$conn>::new(&db.url);
                let pool = diesel::r2d2::Pool::builder()
                    .max_size(4)
                    .connection_customizer(Box::new(Patient))
                    .build(manager)
                    .unwrap();
                routes!(pool, options, failures)
            })
        }
        #[cfg(all(feature = "deadpool", feature = $feature))]
        pub fn $name(options: &Options) -> Site {
            use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig};
            let db = Db::$engine();
            tables(&db);
            start(db, options, |db, failures| {
                let mut config = ManagerConfig::default();
                config.custom_setup = Box::new(|url| Box::pin(established::<$asynchronous>(url)));
                let url = db.url.clone();
                let manager = AsyncDieselConnectionManager::<$asynchronous>::new_with_config(url, config);
                let pool = diesel_async::pooled_connection::deadpool::Pool::builder(manager);
                routes!(pool.max_size(4).build().unwrap(), options, failures)
            })
        }
    )* };
}
sites! {
    "sqlite" sqlite sqlite_async diesel::SqliteConnection,
        diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>;
    "postgres" postgres postgres_async diesel::PgConnection, diesel_async::AsyncPgConnection;
    "mysql" mysql mysql_async diesel::MysqlConnection, diesel_async::AsyncMysqlConnection;
}

const PATIENT: &str =
    "PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON; PRAGMA synchronous = OFF";

#[cfg(feature = "deadpool")]
async fn established<C: diesel_async::AsyncConnection + diesel_async::SimpleAsyncConnection>(
    url: &str,
) -> diesel::ConnectionResult<C> {
    let mut conn = C::establish(url).await?;
    // A path, and no URL of a server.
    if !url.contains("://") {
        conn.batch_execute(PATIENT)
            .await
            .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
    }
    Ok(conn)
}

#[derive(Debug)]
struct Patient;

impl<C: diesel::connection::SimpleConnection + 'static>
    diesel::r2d2::CustomizeConnection<C, diesel::r2d2::Error> for Patient
{
    fn on_acquire(&self, conn: &mut C) -> Result<(), diesel::r2d2::Error> {
        let is_sqlite = std::any::type_name::<C>().contains("Sqlite");
        match is_sqlite {
            true => conn
                .batch_execute(PATIENT)
                .map_err(diesel::r2d2::Error::QueryError),
            false => Ok(()),
        }
    }
}
