//! How the API writes a moment: RFC 3339 in UTC, with six digits of a second
//! or none, as in `2023-04-21T13:46:31.571746Z`. For `#[serde(with = "..")]`.

use chrono::{DateTime, NaiveDateTime, SubsecRound, Timelike};
use serde::{Deserialize, Deserializer, Serializer, de::Error};
use std::borrow::Cow;

pub fn serialize<S: Serializer>(moment: &NaiveDateTime, to: S) -> Result<S::Ok, S::Error> {
    let whole = moment.nanosecond() == 0;
    to.collect_str(&moment.format(if whole {
        "%Y-%m-%dT%H:%M:%SZ"
    } else {
        "%Y-%m-%dT%H:%M:%S%.6fZ"
    }))
}

pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<NaiveDateTime, D::Error> {
    let text = Cow::<'de, str>::deserialize(from)?;
    let moment = DateTime::parse_from_rfc3339(&text).map_err(|error| {
        D::Error::custom(format_args!(
            "`{text}` is not a moment in RFC 3339: {error}"
        ))
    })?;
    // Nothing finer than a microsecond can be written back.
    Ok(moment.naive_utc().trunc_subsecs(6))
}
