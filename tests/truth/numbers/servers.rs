//! Another server takes over, or stands by.

mod a_replica_takes_over {
    #[cfg(feature = "mysql")]
    use super::super::server::{Folder, Server, as_account, free_port, run};
    #[cfg(feature = "mysql")]
    use crate::support::recorded::{Author, Label, Paper, papers};
    #[cfg(feature = "mysql")]
    use crate::support::{Db, Engine};
    #[cfg(feature = "mysql")]
    use diesel::connection::SimpleConnection;
    #[cfg(feature = "mysql")]
    use diesel::prelude::*;
    #[cfg(feature = "mysql")]
    use handleref::prelude::*;

    #[cfg(feature = "mysql")]
    fn mariadb(folder: &Folder, id: u16) -> Server {
        let (data, port) = (format!("{}/{id}", folder.0.display()), free_port());
        let mut install = as_account("mysql", "mariadb-install-db", &folder.0);
        install.args([
            "--no-defaults",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
        ]);
        // A server that starts clears its folder for temporary tables, also of
        // those of a server that runs.
        install.env("TMPDIR", &folder.0);
        run(install.arg(format!("--datadir={data}")));
        let init = folder.0.join(format!("{id}.sql"));
        let sql = "CREATE DATABASE IF NOT EXISTS handleref; CREATE USER IF NOT EXISTS handleref@'%' IDENTIFIED BY 'handleref';\n\
                   GRANT ALL ON *.* TO handleref@'%' WITH GRANT OPTION;\n";
        std::fs::write(&init, sql.replace("; ", ";\n")).unwrap();
        let mut command = as_account("mysql", "/usr/sbin/mariadbd", &folder.0);
        command.env("TMPDIR", &data);
        command.args([
            "--no-defaults".to_owned(),
            format!("--datadir={data}"),
            format!("--init-file={}", init.display()),
            format!("--port={port}"),
            format!("--socket={data}.socket"),
            format!("--pid-file={data}.pid"),
            format!("--server-id={id}"),
            format!("--log-bin={data}/log"),
        ]);
        command.args([
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--character-set-server=utf8mb4",
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=32M",
            "--log-bin-trust-function-creators=1",
            // Without what the initial statements wrote.
            "--gtid-domain-id=1",
        ]);
        let url = url(port);
        let log = folder.0.join(format!("{id}.log"));
        Server::start(&mut command, port, &log, || {
            MysqlConnection::establish(&url).is_ok()
        })
    }

    #[cfg(feature = "mysql")]
    fn url(port: u16) -> String {
        format!("mysql://handleref:handleref@127.0.0.1:{port}/handleref")
    }

    /// The replica was started before, and its `server_id` is lower: whatever a
    /// server makes numbers of by itself runs backwards.
    #[cfg(feature = "mysql")]
    #[test]
    fn mysql() -> crate::support::Done {
        let folder = Folder::new("mysql");
        let (replica, primary) = (mariadb(&folder, 1), mariadb(&folder, 2));
        let there = &mut MysqlConnection::establish(&url(replica.port))?;
        there.batch_execute(&format!(
            "RESET MASTER; CHANGE MASTER TO master_host = '127.0.0.1', master_port = {}, master_user = 'handleref', \
             master_password = 'handleref', master_use_gtid = no; START SLAVE",
            primary.port
        ))?;
        let db = Db::at(Engine::Mysql, url(primary.port));
        let conn = &mut MysqlConnection::establish(&db.url)?;
        crate::support::recorded::papers(&db);
        db.install(&handleref::schema![Author, Paper, Label]);
        for id in 1..=3 {
            diesel::sql_query(format!(
                "INSERT INTO papers (id, title) VALUES ({id}, 'old {id}')"
            ))
            .execute(conn)?;
        }
        diesel::sql_query("DELETE FROM papers WHERE id = 2").execute(conn)?;
        // Numbers that were taken and rolled back are gone with the server.
        conn.batch_execute(
            "START TRANSACTION; UPDATE papers SET title = 'never' WHERE id = 1; ROLLBACK",
        )?;
        diesel::sql_query("UPDATE papers SET title = 'last' WHERE id = 1").execute(conn)?;
        let (file, at) = position(&run(client(primary.port).args(["-e", "SHOW MASTER STATUS"])));
        let waited = format!("SELECT MASTER_POS_WAIT('{file}', {at}, 60)");
        run(client(replica.port).args(["-e", &waited]));
        let last = handleref::history::latest_record(conn)?;
        drop(primary);
        there.batch_execute("STOP SLAVE")?;

        let schema = handleref::schema![Author, Paper, Label];
        assert_eq!(handleref::history::latest_record(there)?, last);
        let report = schema.check(there)?;
        assert!(report.is_ok(), "{report}");
        diesel::sql_query("UPDATE papers SET title = 'new' WHERE id = 1").execute(there)?;
        diesel::sql_query("DELETE FROM papers WHERE id = 3").execute(there)?;
        let now = handleref::history::latest_record(there)?;
        assert!(now > last, "{now:?} after {last:?}");
        let titles = papers::table.order(papers::id).select(papers::title);
        assert_eq!(titles.as_of::<Paper>(now).load::<String>(there)?, ["new"]);
        assert_eq!(
            titles.as_of::<Paper>(last).load::<String>(there)?,
            ["last", "old 3"]
        );
        assert_eq!(Paper::reinsert(there, &3)?.title, "old 3");
        assert!(schema.check(there)?.is_ok());

        // A dump that is loaded into another database takes the counter along.
        dump_and_load(&replica);
        let copy = &mut MysqlConnection::establish(&format!(
            "mysql://handleref:handleref@127.0.0.1:{}/copy",
            replica.port
        ))?;
        let report = schema.check(copy)?;
        assert!(report.is_ok(), "{report}");
        let before = handleref::history::latest_record(copy)?;
        diesel::sql_query("UPDATE papers SET title = 'newest' WHERE id = 1").execute(copy)?;
        assert!(handleref::history::latest_record(copy)? > before);
        let titles = papers::table.filter(papers::id.eq(1)).select(papers::title);
        assert_eq!(
            titles
                .as_of::<Paper>(handleref::history::latest_record(copy)?)
                .load::<String>(copy)?,
            ["newest"]
        );
        Ok(())
    }

    #[cfg(feature = "mysql")]
    fn client(port: u16) -> std::process::Command {
        let mut command = std::process::Command::new("mariadb");
        command.args([
            "--no-defaults",
            "--protocol=TCP",
            "-h127.0.0.1",
            "-uhandleref",
            "-phandleref",
            "-BN",
        ]);
        command.arg(format!("-P{port}"));
        command
    }

    #[cfg(feature = "mysql")]
    fn position(shown: &str) -> (String, String) {
        let mut fields = shown.split_whitespace().map(str::to_owned);
        (fields.next().unwrap(), fields.next().unwrap())
    }

    #[cfg(feature = "mysql")]
    fn dump_and_load(server: &Server) {
        let mut dump = std::process::Command::new("mariadb-dump");
        dump.args([
            "--no-defaults",
            "--protocol=TCP",
            "-h127.0.0.1",
            "-uhandleref",
            "-phandleref",
        ]);
        dump.args(["--routines", "--single-transaction", "handleref"])
            .arg(format!("-P{}", server.port));
        let dump = run(&mut dump);
        run(client(server.port).args(["-e", "CREATE DATABASE copy"]));
        let mut load = client(server.port)
            .arg("copy")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut load.stdin.take().unwrap(), dump.as_bytes()).unwrap();
        assert!(load.wait().unwrap().success());
    }
}

mod a_standby {
    #[cfg(feature = "postgres")]
    use super::super::server::{Folder, Server, as_account, free_port, run};
    #[cfg(feature = "postgres")]
    use crate::support::recorded::{Paper, papers};
    #[cfg(feature = "postgres")]
    use crate::support::{Db, Engine};
    #[cfg(feature = "postgres")]
    use diesel::prelude::*;
    #[cfg(feature = "postgres")]
    use handleref::prelude::*;

    /// The newest of Debian's, or what is on the `PATH`.
    #[cfg(feature = "postgres")]
    fn program(name: &str) -> std::path::PathBuf {
        let versions = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten();
        let mut found: Vec<_> = versions
            .flatten()
            .map(|it| it.path().join("bin").join(name))
            .collect();
        found.retain(|path| path.is_file());
        found.sort();
        found.pop().unwrap_or_else(|| name.into())
    }

    #[cfg(feature = "postgres")]
    fn url(port: u16) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/postgres")
    }

    #[cfg(feature = "postgres")]
    fn postgres_at(folder: &Folder, data: &str) -> Server {
        let port = free_port();
        let mut command = as_account("postgres", program("postgres"), &folder.0);
        command.args([
            "-D",
            data,
            "-p",
            &port.to_string(),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "fsync=off",
        ]);
        command
            .arg("-c")
            .arg(format!("unix_socket_directories={}", folder.0.display()));
        let log = folder.0.join(format!("{data}.log"));
        Server::start(&mut command, port, &log, || {
            PgConnection::establish(&url(port)).is_ok()
        })
    }

    /// What is asked there is answered from what has arrived, or refused.
    #[cfg(feature = "postgres")]
    #[test]
    fn postgres() -> crate::support::Done {
        let folder = Folder::new("postgres");
        let mut initdb = as_account("postgres", program("initdb"), &folder.0);
        run(initdb.args([
            "-D",
            "primary",
            "-A",
            "trust",
            "-U",
            "postgres",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]));
        let primary = postgres_at(&folder, "primary");
        let db = Db::at(Engine::Postgres, url(primary.port));
        crate::support::recorded::papers(&db);
        let conn = &mut PgConnection::establish(&db.url)?;
        diesel::sql_query("INSERT INTO papers (id, title) VALUES (1, 'one'), (2, 'two')")
            .execute(conn)?;
        let mut backup = as_account("postgres", program("pg_basebackup"), &folder.0);
        backup.args([
            "-h",
            "127.0.0.1",
            "-p",
            &primary.port.to_string(),
            "-U",
            "postgres",
            "-D",
            "standby",
        ]);
        run(backup.args(["-R", "-X", "stream", "-c", "fast"]));
        let standby = postgres_at(&folder, "standby");
        let there = &mut PgConnection::establish(&url(standby.port))?;
        diesel::sql_query("UPDATE papers SET title = 'new' WHERE id = 1").execute(conn)?;
        let last = handleref::history::latest_record(conn)?;
        // A transaction is open, and there is one more number in the log.
        let other = &mut PgConnection::establish(&db.url)?;
        diesel::connection::SimpleConnection::batch_execute(
            other,
            "BEGIN; UPDATE papers SET title = 'open' WHERE id = 2",
        )?;
        let titles = || papers::table.order(papers::id).select(papers::title);
        // The log is on its way; the standby says when it is there.
        let began = std::time::Instant::now();
        while titles().load::<String>(there)? != ["new", "two"] {
            assert!(
                began.elapsed().as_secs() < 60,
                "the standby does not follow"
            );
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert_eq!(handleref::history::latest_record(there)?, last);
        let then = titles().as_of::<Paper>(handleref::history::latest_record(there)?);
        assert_eq!(then.load::<String>(there)?, ["new", "two"]);
        let open = handleref::sync::open_transactions(conn)?;
        assert_eq!(open.len(), 1, "{open:?}");
        let refused = handleref::sync::open_transactions(there);
        assert!(
            matches!(refused, Err(handleref::Error::Standby)),
            "{refused:?}"
        );
        // A moment that was read stays what it is, whatever goes on.
        let moment = handleref::history::latest_record(there)?;
        diesel::connection::SimpleConnection::batch_execute(other, "COMMIT")?;
        let began = std::time::Instant::now();
        while titles().load::<String>(there)? != ["new", "open"] {
            assert!(
                began.elapsed().as_secs() < 60,
                "the standby does not follow"
            );
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        assert_eq!(
            titles().as_of::<Paper>(moment).load::<String>(there)?,
            ["new", "two"]
        );
        assert!(handleref::history::latest_record(there)? > moment);
        Ok(())
    }
}
