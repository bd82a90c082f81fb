//! Who is logged in. In memory: a restart logs everybody out.

use axum::http::{HeaderMap, header};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const LIFE: Duration = Duration::from_secs(8 * 60 * 60);

/// Sessions by their tokens, which a browser sends as a cookie, and a program as
/// `Authorization: Bearer`.
pub struct Sessions<U>(Arc<Mutex<HashMap<String, Session<U>>>>);

struct Session<U> {
    user: U,
    end: Instant,
}

impl<U> Default for Sessions<U> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<U> Clone for Sessions<U> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<U: Clone> Sessions<U> {
    /// Gives the token.
    pub fn begin(&self, user: U) -> Result<String, getrandom::Error> {
        let token = random_token()?;
        let now = Instant::now();
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.end > now);
        let end = now + LIFE;
        sessions.insert(token.clone(), Session { user, end });
        Ok(token)
    }

    /// The user whose token a request has.
    pub fn user(&self, headers: &HeaderMap) -> Option<U> {
        let sessions = self.lock();
        let session = sessions.get(token(headers)?)?;
        (session.end > Instant::now()).then(|| session.user.clone())
    }

    /// Gives the value of `Set-Cookie` that removes the cookie.
    pub fn end(&self, headers: &HeaderMap) -> String {
        if let Some(token) = token(headers) {
            self.lock().remove(token);
        }
        set_cookie("", Duration::ZERO)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Session<U>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The value of `Set-Cookie` for a token.
pub fn cookie(token: &str) -> String {
    set_cookie(token, LIFE)
}

/// `SameSite` keeps other sites from acting in the name of who is logged in. Behind HTTPS it
/// would be `Secure`, too.
fn set_cookie(token: &str, life: Duration) -> String {
    format!(
        "session={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}",
        life.as_secs()
    )
}

fn token(headers: &HeaderMap) -> Option<&str> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        return value.to_str().ok()?.strip_prefix("Bearer ");
    }
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
