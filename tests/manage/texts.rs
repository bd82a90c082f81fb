//! What needs no connection: completions, the manual, help.

use crate::program::piped_at;

#[test]
fn completions() {
    for (shell, part) in [
        ("bash", "complete -F _manage"),
        ("zsh", "#compdef manage"),
        ("fish", "complete -c manage"),
    ] {
        let said = piped_at(None, &["completions", shell]);
        assert_eq!((said.code, said.err.as_str()), (0, ""));
        assert!(
            said.out.contains(part) && said.out.contains("changesets"),
            "{}",
            said.out
        );
    }
    assert_eq!(piped_at(None, &["completions", "tcsh"]).code, 2);
}

#[test]
fn manual() {
    let said = piped_at(None, &["man"]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    assert!(said.out.contains(".TH manage 1"), "{}", said.out);
    assert!(said.out.contains("Exit codes"), "{}", said.out);

    let folder = std::env::temp_dir().join(format!("handleref-man-{}", std::process::id()));
    let said = piped_at(None, &["man", "--out", folder.to_str().unwrap()]);
    assert_eq!((said.code, said.err.as_str()), (0, ""));
    let page = std::fs::read_to_string(folder.join("manage-log.1")).unwrap();
    assert!(
        page.contains("manage\\-log") && page.contains("\\-\\-since"),
        "{page}"
    );
    assert!(folder.join("manage.1").exists() && folder.join("manage-stats.1").exists());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn help() {
    let said = piped_at(None, &["--help"]);
    assert_eq!(said.code, 0);
    assert!(
        said.out.contains("Exit codes") && said.out.contains("DATABASE_URL"),
        "{}",
        said.out
    );
}
