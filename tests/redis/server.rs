//! A Redis server of one test.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub struct Server {
    port: u16,
    home: PathBuf,
    options: Vec<String>,
    child: Option<Child>,
}

impl Server {
    /// Starts one with these options beside those that keep it to itself.
    pub fn start(options: &[&str]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let home =
            std::env::temp_dir().join(format!("handleref-redis-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&home).unwrap();
        let options = options.iter().map(|&option| option.to_owned()).collect();
        let mut server = Self {
            port,
            home,
            options,
            child: None,
        };
        server.up();
        server
    }

    /// Starts it again.
    pub fn up(&mut self) {
        let binary =
            std::env::var("HANDLEREF_REDIS_SERVER").unwrap_or_else(|_| "redis-server".into());
        let child = Command::new(binary)
            .args([
                "--bind",
                "127.0.0.1",
                "--port",
                &self.port.to_string(),
                "--save",
                "",
                "--dir",
            ])
            .arg(&self.home)
            .args(&self.options)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server");
        self.child = Some(child);
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let client = redis::Client::open(self.url()).unwrap();
            let answer = client
                .get_connection()
                .and_then(|mut conn| redis::cmd("PING").query::<String>(&mut conn));
            if answer.is_ok() {
                return;
            }
            assert!(Instant::now() < until, "Redis does not answer: {answer:?}");
            std::thread::yield_now();
        }
    }

    /// Ends it with SIGKILL.
    pub fn down(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Removes what it has written to the disk.
    pub fn forget(&self) {
        std::fs::remove_dir_all(&self.home).unwrap();
        std::fs::create_dir_all(&self.home).unwrap();
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.down();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}
