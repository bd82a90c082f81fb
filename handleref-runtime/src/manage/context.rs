//! What a command works with: models, and a connection that is opened when it is needed.

use super::args::Global;
use super::connect::{Access, open, url};
use super::failure::Failure;
use super::wait::now;
use crate::registry::{Registry, installed};
use crate::schema::Schema;
use crate::session::Session;

pub(super) struct Context {
    /// How the program was called, for texts that say what to type.
    pub(super) program: String,
    pub(super) global: Global,
    schema: Option<Schema>,
    registry: Option<Registry>,
    conn: Option<(Access, Box<dyn Session>)>,
}

impl Context {
    pub(super) fn new(program: String, global: Global, schema: Option<Schema>) -> Self {
        Self {
            program,
            global,
            registry: schema.as_ref().map(Schema::registry),
            schema,
            conn: None,
        }
    }

    /// A connection that only reads.
    pub(super) fn read(&mut self) -> Result<&mut dyn Session, Failure> {
        self.conn(Access::Read)
    }

    /// A connection that may write.
    pub(super) fn write(&mut self) -> Result<&mut dyn Session, Failure> {
        self.conn(Access::Write)
    }

    fn conn(&mut self, access: Access) -> Result<&mut dyn Session, Failure> {
        let opened = match self.conn.take() {
            Some(opened) if opened.0 == access => opened,
            // A session that may only read stays one.
            _ => (
                access,
                open(&url(self.global.database_url.as_deref())?, access)?,
            ),
        };
        Ok(&mut *self.conn.insert(opened).1)
    }

    /// The models: the program's, or those that the database has.
    pub(super) fn registry(&mut self) -> Result<Registry, Failure> {
        if let Some(registry) = &self.registry {
            return Ok(registry.clone());
        }
        let registry = now(installed(self.read()?))?;
        Ok(self.registry.insert(registry).clone())
    }

    /// The program's schema, for what the database alone cannot say.
    pub(super) fn schema(&self) -> Result<&Schema, Failure> {
        self.schema.as_ref().ok_or_else(|| {
            Failure::usage(
                "this needs the models of your program, which this program does not have",
            )
            .cure(
                "a program of yours with `handleref::manage::run(schema![..])`; see docs/manage.md",
            )
        })
    }

    /// A command line of this program, to be typed.
    pub(super) fn command(&self, rest: impl AsRef<str>) -> String {
        format!("{} {}", self.program, rest.as_ref())
    }
}
