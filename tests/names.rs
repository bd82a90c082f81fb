//! The root of the crate shows what most programs name, and no more; and words of other packages are found.

use std::collections::BTreeSet;

/// How many names the root may have. What a reader cannot take in at one glance
/// belongs into the module of its subject.
const MOST: usize = 40;

#[test]
fn root_is_small() {
    let file = include_str!("../src/lib.rs");
    let mut names = BTreeSet::new();
    // Only what begins a line: the modules indent what they have.
    for item in file.split("\npub use ").skip(1) {
        let path = item.split(';').next().unwrap_or_default();
        let (_, last) = path.rsplit_once("::").unwrap_or(("", path));
        let listed = last.trim_matches(['{', '}']).split(',').map(str::trim);
        names.extend(listed.filter(|name| !name.is_empty() && !is_exempt(name)));
    }
    assert!(
        names.contains("HandleRef") && names.contains("update"),
        "{names:?}"
    );
    assert!(
        names.len() <= MOST,
        "{} names in the root: {names:?}",
        names.len()
    );
}

/// Modules and macros, which are found by other means.
fn is_exempt(name: &str) -> bool {
    let macros = ["allow_records_to_appear_in_same_query"];
    let modules = [
        "changeset",
        "engine",
        "error",
        "feed",
        "maintain",
        "mirror",
        "redis",
        "registry",
        "schema",
        "sync",
    ];
    macros.contains(&name) || modules.contains(&name)
}

/// The words of the five packages that handleref takes over, and of some others.
const WORDS: &str = "
    HandleRefModel delete_cascade prop ref_tag handle split_ref objects undeleted since last_change
    undelete revert_fields rollback changed_fields changes_summary data_sorted previous next create_revision
    RecordedModelMixin RecordModel recording_model recording_fields auditing_relatives audit_all_relatives
    RecordMeta records latest created_in resample records_in_hour
    records_in_day records_in_week records_in_month records_in_year resampled_records_in_hour
    resampled_records_in_day resampled_records_in_week resampled_records_in_month
    resampled_records_in_year
    Timestampable SoftDeletes objects_deleted objects_with_deleted only_deleted without_deleted
    soft_delete hard_delete restore pre_soft_delete post_soft_delete pre_restore post_restore
    ModelViewSet permanent perform_restore perform_destroy perform_bulk_restore perform_bulk_destroy
    TIMESTAMPS__BULK_HARD_DELETE TIMESTAMPS__BULK_RESPONSE_CONTENT
    record_changeset start_recording stop_recording scan delete_only ChangeSetMiddleware
    ObjectWrapper wrap instance is_deleted FieldType for_field is_fk is_m2m clean_value
    rel_content_type get_by_model State ValueChange M2MChange change_type
    register diffs get_by_object_id get_sortedset min_score max_score serialize_diff dirty_fields
    send_diff get_diff_parent _last_save_at use_transactions max_element_age prune_diffs prefix
    redis_host test_mode
    HistoricalRecords history_user history_change_reason has_paper_trail reify whodunnit Audited
    AuditReader kept discarded
";

/// Who comes with a word of another package finds what it is here: by the search of
/// the documentation, and of the book.
#[test]
fn words_of_other_packages_are_found() -> std::io::Result<()> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut source = String::new();
    for folder in ["handleref-derive/src", "handleref-runtime/src"] {
        collect(&root.join(folder), &mut source)?;
    }
    let aliases = source.split("#[doc(alias").skip(1);
    let aliases = aliases.filter_map(|rest| rest.split(']').next());
    let names: BTreeSet<&str> = aliases
        .flat_map(|inside| inside.split('"').skip(1).step_by(2))
        .chain(declared(&source))
        .collect();
    let book = include_str!("../docs/coming_from.md");
    let mut lost: Vec<&str> = Vec::new();
    for word in WORDS.split_whitespace() {
        let in_book = book
            .split(|character: char| !character.is_alphanumeric() && character != '_')
            .any(|there| there == word);
        if !names.contains(word) || !in_book {
            lost.push(word);
        }
    }
    assert!(
        lost.is_empty(),
        "neither a name, an alias nor in the book: {lost:?}"
    );
    Ok(())
}

/// The names of public functions, methods and types.
fn declared(source: &str) -> impl Iterator<Item = &str> {
    let mut words = source.split_whitespace();
    std::iter::from_fn(move || {
        loop {
            let word = words.next()?;
            if ["fn", "struct", "enum", "trait"].contains(&word) {
                let name = words.next()?;
                return name
                    .split(|character: char| !character.is_alphanumeric() && character != '_')
                    .next();
            }
        }
    })
}

fn collect(folder: &std::path::Path, source: &mut String) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => collect(&path, source)?,
            false => source.push_str(&std::fs::read_to_string(&path)?),
        }
    }
    Ok(())
}
