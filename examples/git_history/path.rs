//! Paths of git, which are bytes, as the texts that are keys of the table.
//!
//! A path that is UTF-8 is itself, but for a backslash, which is doubled. A
//! byte that is not UTF-8 is written as `\x` and two digits. So no two paths
//! are one text, and each can be read back.

use std::ffi::OsString;
use std::fmt::Write;

/// The text of a path.
pub fn text(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character == '\\' {
                text.push('\\');
            }
            text.push(character);
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// The path that [`text`] was given.
pub fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        match after {
            [b'x', high, low, after @ ..] => {
                let digit = |digit: &u8| char::from(*digit).to_digit(16).unwrap_or(0);
                // Two digits are at most 255.
                bytes.push((digit(high) * 16 + digit(low)) as u8);
                rest = after;
            }
            [_, after @ ..] => {
                bytes.push(b'\\');
                rest = after;
            }
            [] => bytes.push(b'\\'),
        }
    }
    bytes
}

/// Bytes as an argument of a command.
#[cfg(unix)]
pub fn argument(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

/// Bytes as an argument of a command; elsewhere git's paths are UTF-8.
#[cfg(not(unix))]
pub fn argument(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}
