//! A client that sends what it is told, byte by byte.

use serde_json::Value;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// That it is this status; a refusal must be a problem document of the same status, and say
    /// nothing of SQL.
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        if status >= 400 && !self.body.is_empty() {
            assert_eq!(
                self.header("content-type"),
                "application/problem+json",
                "{self:?}"
            );
            let document = self.json();
            assert_eq!(document["status"], status, "{self:?}");
            let kind = document["type"].as_str().unwrap();
            assert!(kind.starts_with("urn:handleref:problem:"), "{self:?}");
            for word in ["SELECT", "constraint", "UNIQUE", "127.0.0.1", "_records"] {
                assert!(!self.body.contains(word), "{self:?}");
            }
        }
        self
    }

    /// The code of a problem.
    pub fn problem(&self) -> String {
        let document = self.json();
        let kind = document["type"].as_str().unwrap();
        kind.trim_start_matches("urn:handleref:problem:").to_owned()
    }

    /// The fields that a problem names.
    pub fn fields(&self) -> Vec<String> {
        let document = self.json();
        let errors = document["errors"].as_array().cloned().unwrap_or_default();
        let names = errors
            .iter()
            .map(|it| it["field"].as_str().unwrap().to_owned());
        names.collect()
    }

    /// What the members of a list have under a name.
    pub fn all(&self, name: &str) -> Vec<Value> {
        let list = self.json();
        let rows = list
            .as_array()
            .unwrap_or_else(|| panic!("no list: {self:?}"));
        rows.iter().map(|row| row[name].clone()).collect()
    }

    /// The query of the next page.
    pub fn next(&self) -> Option<String> {
        let link = self.headers.get("link")?;
        let (target, _) = link.strip_prefix('<')?.split_once(">; rel=\"next\"")?;
        Some(target.to_owned())
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Client(pub SocketAddr);

impl Client {
    /// Sends bytes and reads until the server closes; nothing if it closes at once.
    pub fn raw(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.0).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let mut reply = Vec::new();
        // A server that refuses may close before it has read everything.
        let _ = stream.write_all(request);
        let _ = stream.read_to_end(&mut reply);
        reply
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut text = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += &format!("content-length: {}\r\n\r\n{body}", body.len());
        let reply = self.raw(text.as_bytes());
        parse(&reply).unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&reply)))
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "")
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &[], "")
    }

    /// `POST`, `PUT` or `PATCH` of JSON.
    pub fn json(&self, method: &str, path: &str, body: &Value) -> Reply {
        let headers = [("content-type", "application/json")];
        self.send(method, path, &headers, &body.to_string())
    }

    pub fn patch(&self, path: &str) -> Reply {
        self.send("PATCH", path, &[], "")
    }
}

pub fn parse(reply: &[u8]) -> Option<Reply> {
    let text = String::from_utf8_lossy(reply);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    Some(Reply {
        status,
        headers: headers.collect(),
        body: body.to_owned(),
    })
}

/// An open stream of server-sent events.
pub struct Stream(BufReader<TcpStream>);

#[derive(Debug, PartialEq)]
pub struct Event {
    pub name: String,
    pub id: String,
    pub data: String,
}

impl Stream {
    pub fn open(site: &Client, query: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(site.0).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let request = format!(
            "GET /log/changes/events{query} HTTP/1.1\r\nhost: x\r\nconnection: close\r\naccept: text/event-stream\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        Self(BufReader::new(stream))
    }

    /// The next event; `None` at the end. The chunks of HTTP are lines of their own.
    pub fn next(&mut self) -> Option<Event> {
        let (mut name, mut id, mut data) = (String::new(), String::new(), String::new());
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("event", text)) => name = text.to_owned(),
                Some(("id", text)) => id = text.to_owned(),
                Some(("data", text)) => data = text.to_owned(),
                None if line.trim_end().is_empty() && !name.is_empty() => {
                    return Some(Event { name, id, data });
                }
                _ => {}
            }
        }
    }

    /// Changes, up to where at least so many have come and a cursor is behind them.
    pub fn changes(&mut self, count: usize) -> (Vec<String>, String) {
        let mut all = Vec::new();
        loop {
            let event = self.next().unwrap();
            match event.name.as_str() {
                "change" => all.push(event.data),
                "cursor" if all.len() >= count => return (all, event.id),
                "cursor" => {}
                other => panic!("{other}: {}", event.data),
            }
        }
    }
}
