//! What arguments for the test binaries say about which tests run.

/// Arguments whose value is the next one.
const WITH_VALUE: [&str; 6] = [
    "--test-threads",
    "--format",
    "--color",
    "--logfile",
    "--shuffle-seed",
    "-Z",
];

/// The filters among the arguments for the test binaries.
#[derive(Debug, Default)]
pub(crate) struct Filters<'a> {
    only: Vec<&'a str>,
    skip: Vec<&'a str>,
    exact: bool,
    /// Tests are listed, or others than the ordinary ones run.
    others: bool,
}

impl<'a> Filters<'a> {
    /// Reads the arguments.
    pub(crate) fn read(harness: &'a [String]) -> Filters<'a> {
        let mut filters = Filters::default();
        let mut args = harness.iter().map(String::as_str);
        while let Some(arg) = args.next() {
            match arg {
                "--skip" => filters.skip.extend(args.next()),
                "--exact" => filters.exact = true,
                "--ignored" | "--list" | "--bench" => filters.others = true,
                _ if WITH_VALUE.contains(&arg) => {
                    args.next();
                }
                _ => match arg.strip_prefix("--skip=") {
                    Some(skip) => filters.skip.push(skip),
                    None if !arg.starts_with('-') => filters.only.push(arg),
                    None => {}
                },
            }
        }
        filters
    }

    /// Whether they narrow down what runs, so that an engine may rightly run no test.
    pub(crate) fn narrow(&self) -> bool {
        self.others || !self.only.is_empty() || !self.skip.is_empty()
    }

    /// Whether the test `name` runs.
    pub(crate) fn take(&self, name: &str) -> bool {
        let meets = |filter: &&str| match self.exact {
            true => name == *filter,
            false => name.contains(filter),
        };
        let only = self.only.is_empty() || self.only.iter().any(meets);
        !self.others && only && !self.skip.iter().any(meets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn only_filters_narrow() {
        let narrow = |line| Filters::read(&words(line)).narrow();
        assert!(!narrow(""));
        assert!(!narrow("--nocapture --test-threads 1 --color=always"));
        assert!(narrow("since"));
        assert!(narrow("--test-threads 1 since"));
        assert!(narrow("--skip slow"));
        assert!(narrow("--skip=slow"));
        assert!(narrow("--ignored"));
    }

    #[test]
    fn they_take_what_libtest_takes() {
        let take = |line| Filters::read(&words(line)).take("client_a::sqlite");
        for line in ["", "--nocapture", "since sqlite", "--skip since", "client_"] {
            assert!(take(line), "{line}");
        }
        for line in [
            "since",
            "--skip client_",
            "--skip=a:: sqlite",
            "--list",
            "--exact sqlite",
        ] {
            assert!(!take(line), "{line}");
        }
        assert!(take("client_a::sqlite --exact"));
    }
}
