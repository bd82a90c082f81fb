//! Who may do what.

use crate::models::User;
use axum::http::request::Parts;
use handleref::http::{Action, Ask, Decision, Problem};

/// Who is logged in.
pub fn me(request: &Parts) -> Result<&User, Problem> {
    let user = request.extensions.get::<User>();
    user.ok_or_else(|| Problem::forbidden("log in first"))
}

/// Everybody who is logged in reads and comments, authors see what happened and write their own
/// articles, and editors may do everything.
pub fn roles(ask: &Ask<'_>) -> Decision {
    let Ok(user) = me(ask.request) else {
        return Decision::Deny;
    };
    let is_author = user.role == "author";
    let writes = is_author || ask.model.name() == "Comment";
    let own = ask
        .object
        .is_none_or(|row| row.values["author_id"] == user.id);
    let allowed = match ask.action {
        Action::List | Action::Read => true,
        Action::Create | Action::Update | Action::Delete => writes && own,
        Action::History | Action::Changesets => is_author,
        Action::ReadDeleted => is_author && own,
        _ => false,
    };
    (allowed || user.role == "editor").into()
}
