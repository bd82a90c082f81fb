//! The history of rows that handleref keeps, of any database in which it is installed: no model
//! is needed, for the database knows them.

fn main() -> std::process::ExitCode {
    handleref::manage::run_generic()
}
