//! Functions in compiled libraries.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::baseline::Baseline;
use super::package::{Package, Packages};
use crate::process::{output, require};
use crate::scratch::workspace;

/// The functions of a library, and the bytes of their code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) functions: u64,
    pub(super) bytes: u64,
}

/// The functions that a library defines, all of them and those that name handleref.
pub(super) fn count(library: &Path) -> Result<(Code, Code)> {
    let mut nm = Command::new(require("nm")?);
    nm.args(["--portability", "--demangle", "--defined-only"]);
    Ok(counted(&output(nm.arg(library))?))
}

/// Reads what `nm` prints: a name, a type, an address and a size, both hexadecimal.
fn counted(text: &str) -> (Code, Code) {
    let (mut all, mut ours) = (Code::default(), Code::default());
    for line in text.lines() {
        let mut fields = line.rsplitn(4, ' ');
        let (Some(size), Some(_), Some("t" | "T" | "W"), Some(name)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let Ok(size) = u64::from_str_radix(size, 16) else {
            continue;
        };
        let sums = [
            Some(&mut all),
            name.contains("handleref").then_some(&mut ours),
        ];
        for sum in sums.into_iter().flatten() {
            sum.functions += 1;
            sum.bytes += size;
        }
    }
    (all, ours)
}

/// Bytes with three digits that count.
pub(super) fn size(bytes: u64) -> String {
    match bytes as f64 / 1e6 {
        mega if mega < 1.0 => format!("{:.0} kB", mega * 1e3),
        mega if mega < 10.0 => format!("{mega:.2} MB"),
        mega => format!("{mega:.1} MB"),
    }
}

const EXAMPLE: &str = "quickstart";

/// The example as a library, so that nothing has to be linked: in a module of which only `main`
/// is used, as in a program.
pub(super) fn package() -> Result<Package> {
    let file = workspace().join(format!("examples/{EXAMPLE}.rs"));
    let text = fs::read_to_string(&file)?;
    let (before, after) = text
        .split_once("\nfn main() ->")
        .with_context(|| format!("{} has no `main`", file.display()))?;
    Ok(Package {
        name: EXAMPLE.to_owned(),
        source: format!(
            "mod example {{\n{before}\npub(super) fn main() ->{after}}}\n\
             pub fn run() -> Result<(), Box<dyn std::error::Error>> {{\n    example::main()\n}}\n"
        ),
        features: vec![],
    })
}

/// Counts the functions of the example and of the runtime.
pub(super) fn measure(packages: &Packages, now: &mut Baseline) -> Result<()> {
    // The names of this version say with which types a generic function is compiled. Other names
    // make other code, so what is measured elsewhere is not compiled so.
    let libraries = packages.libraries(EXAMPLE, "symbols", "-C symbol-mangling-version=v0")?;
    for (key, library) in ROWS.map(|(key, _, library)| (key, library)) {
        let path = libraries
            .iter()
            .find(|path| {
                let name = path.file_name().and_then(|name| name.to_str());
                name.is_some_and(|name| name.starts_with(library))
            })
            .with_context(|| format!("{library} was not compiled"))?;
        let (all, ours) = count(path)?;
        now.set(
            key,
            [ours.functions, ours.bytes, all.functions, all.bytes].map(|n| n as f64),
        );
    }
    Ok(())
}

/// The libraries: a name for the baseline, one for people, and how its file begins.
const ROWS: [(&str, &str, &str); 2] = [
    ("example", "the crate of the example", "libquickstart"),
    ("runtime", "`handleref-runtime`", "libhandleref_runtime"),
];

/// Draws the table.
pub(super) fn table(now: &Baseline, before: Option<&Baseline>) -> String {
    let mut text = format!(
        "Functions that are compiled for the example `{EXAMPLE}` (debug):\n\n\
         | | that name handleref | code | all | code |"
    );
    let past = before.map_or("", |_| " name handleref, before |");
    let _ = writeln!(text, "{past}");
    let rule = before.map_or("", |_| " ---: |");
    let _ = writeln!(text, "| --- | ---: | ---: | ---: | ---: |{rule}");
    for (key, label, _) in ROWS {
        let [ours, our_code, all, code] = now.get(key);
        let _ = write!(
            text,
            "| {label} | {ours:.0} | {} | {all:.0} | {} |",
            size(our_code as u64),
            size(code as u64)
        );
        if let Some(before) = before {
            let [ours, ..] = before.get::<4>(key);
            let _ = write!(text, " {ours:.0} |");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_told_from_data() {
        let text = "liba.rlib[a.o]:\n\
                    <a::Row as handleref_runtime::row::Row<_>>::columns T 0 1c\n\
                    core::ptr::drop_in_place::<(alloc::string::String, handleref_runtime::Error)> t 20 10\n\
                    core::mem::swap::<u8> W 0 8\n\
                    handleref_runtime::TABLE R 0 40\n\
                    GCC_except_table1 r 0 \n";
        let (all, ours) = counted(text);
        let code = |functions, bytes| Code { functions, bytes };
        assert_eq!((all, ours), (code(3, 0x34), code(2, 0x2c)));
    }

    #[test]
    fn the_example_is_a_module() -> Result<()> {
        let source = package()?.source;
        assert!(source.contains("\npub(super) fn main() -> "), "{source}");
        assert!(!source.contains("\nfn main()"), "{source}");
        Ok(())
    }

    #[test]
    fn bytes_have_three_digits() {
        assert_eq!(size(123_456), "123 kB");
        assert_eq!(size(1_444_423), "1.44 MB");
    }
}
