//! Who is logged in. In memory: a restart logs everybody out.

use crate::users::User;
use axum::http::{HeaderMap, header};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const LIFE: Duration = Duration::from_secs(8 * 60 * 60);

#[derive(Clone, Default)]
pub struct Sessions(Arc<Mutex<HashMap<String, Session>>>);

struct Session {
    user: User,
    end: Instant,
}

impl Sessions {
    /// Gives the value of `Set-Cookie`. Behind HTTPS it would be `Secure`, too.
    pub fn begin(&self, user: User) -> Result<String, getrandom::Error> {
        let token = random_token()?;
        let cookie = cookie(&token, LIFE);
        let now = Instant::now();
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.end > now);
        let end = now + LIFE;
        sessions.insert(token, Session { user, end });
        Ok(cookie)
    }

    /// The user whose cookie a request has.
    pub fn user(&self, headers: &HeaderMap) -> Option<User> {
        let sessions = self.lock();
        let session = sessions.get(token(headers)?)?;
        (session.end > Instant::now()).then(|| session.user.clone())
    }

    /// Gives the value of `Set-Cookie` that removes the cookie.
    pub fn end(&self, headers: &HeaderMap) -> String {
        if let Some(token) = token(headers) {
            self.lock().remove(token);
        }
        cookie("", Duration::ZERO)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `SameSite` keeps other sites from acting in the name of who is logged in.
fn cookie(token: &str, life: Duration) -> String {
    format!(
        "session={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}",
        life.as_secs()
    )
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix("session="))
}

/// 128 bits that nobody can guess.
pub fn random_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
