//! The address of a store as a person writes it: what it means, and why it means nothing. What stands before the last `@` of an
//! address may be a password, and no word of it is repeated.

use super::nearest;

/// What an address means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreUrl<'a> {
    /// The file in the usual place.
    Usual,
    /// A file.
    File(&'a str),
    /// A database on a server.
    Server,
}

/// Why it means nothing, and what to do about that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadStoreUrl {
    /// What is wrong.
    pub what: String,
    /// What to write.
    pub hint: String,
}

/// The parameters that the URL of a database may have.
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "statement-cache-capacity",
    "ssl-mode",
    "ssl-root-cert",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
];
/// What `sslmode` may be.
const TLS_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
/// So many of them are named where none is near: the rest are other spellings.
const NAMED: usize = 12;

/// Reads an address.
///
/// # Errors
/// It looks like that of a database, and is none.
pub(crate) fn read(url: &str) -> Result<StoreUrl<'_>, BadStoreUrl> {
    let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    if url.is_empty() || url.eq_ignore_ascii_case("sqlite") {
        return Ok(StoreUrl::Usual);
    }
    if is("sqlite") {
        return read_file(rest);
    }
    if let Some(rest) = rest.strip_prefix("//").filter(|_| is("postgres") || is("postgresql")) {
        return judge_server(rest).map(|()| StoreUrl::Server);
    }
    if rest.starts_with("//") && is_scheme(scheme) {
        return Err(BadStoreUrl {
            what: format!(
                "`{scheme}://…` is not a supported store: use `sqlite`, the path of a file or a `postgres://` URL"
            ),
            hint: "omit --store to use the default place".to_owned(),
        });
    }
    if is_path(url) { Ok(StoreUrl::File(url)) } else { Err(no_address()) }
}

/// Reads what follows `sqlite:`.
fn read_file(rest: &str) -> Result<StoreUrl<'_>, BadStoreUrl> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    let says_where = ["./", "../", "/"].iter().any(|start| path.starts_with(start)) && !path.starts_with("//");
    // After `//` stands what would be a user and a password in every other address.
    let has_slashes = path.len() < rest.len();
    let may_be_user = match path.rsplit_once('@') {
        None => false,
        Some(_) if says_where && !has_slashes => false,
        Some((user, _)) => user.contains(':') || has_slashes && !says_where,
    };
    if path.contains("://") || may_be_user {
        return Err(no_address());
    }
    Ok(if path.is_empty() { StoreUrl::Usual } else { StoreUrl::File(path) })
}

/// The same, of an address that may ask for secrets.
///
/// # Errors
/// As [`read`].
pub(crate) fn judge_template(url: &str) -> Result<(), BadStoreUrl> {
    read(&without_secrets(url)).map(drop)
}

/// Whether a URL has a password of its own, and not one of `[secret]`.
pub(crate) fn holds_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let is_open = |value: &str| !value.is_empty() && !value.starts_with("{secret:");
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let user = place.rsplit_once('@').map_or("", |(user, _)| user);
    let password = without_secrets(user).split_once(':').map(|(_, password)| password.to_owned());
    let given = query.split('&').filter_map(|pair| pair.strip_prefix("password="));
    password.is_some_and(|password| is_open(&password)) || given.into_iter().any(is_open)
}

/// The same URL without its password; `None`: it has none, or one of `[secret]`.
pub(crate) fn without_password(url: &str) -> Option<String> {
    if !holds_password(url) {
        return None;
    }
    let (scheme, rest) = url.split_once("://")?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let place = match place.rsplit_once('@') {
        Some((user, host)) => format!("{}@{host}", user.split_once(':').map_or(user, |(user, _)| user)),
        None => place.to_owned(),
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("password=")).collect();
    let mark = if kept.is_empty() { "" } else { "?" };
    Some(format!("{scheme}://{place}{mark}{}", kept.join("&")))
}

/// A text without what asks for a secret: its colon is none that ends a user's name.
fn without_secrets(text: &str) -> String {
    let mut out = text.to_owned();
    while let Some(start) = out.find("{secret:") {
        let end = out[start..].find('}').map_or(out.len(), |end| start + end + 1);
        out.replace_range(start..end, "");
    }
    out
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// Whether a text is a path and can't be meant otherwise. One that says where it begins may hold what others may not.
fn is_path(text: &str) -> bool {
    let says_where = ["./", "../", "/"].iter().any(|start| text.starts_with(start)) && !text.starts_with("//");
    let user = text.rsplit_once('@').map(|(user, _)| user);
    if says_where {
        return !user.is_some_and(|user| user.contains(':'));
    }
    let kind = text.split('/').next().unwrap_or_default();
    let is_kind = ["postgres", "postgresql"].iter().any(|name| kind.eq_ignore_ascii_case(name));
    !(text.contains([':', '=', '@']) || text.contains("//") || is_kind && kind == text)
}

fn no_address() -> BadStoreUrl {
    BadStoreUrl {
        what: "this looks like the address of a database, but it is not a valid one".to_owned(),
        hint: "write postgres://USER@HOST:PORT/DATABASE, or sqlite:PATH for a file".to_owned(),
    }
}

/// Judges what follows `postgres://`.
fn judge_server(rest: &str) -> Result<(), BadStoreUrl> {
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    // The last `@` ends what may be a password: where it does not end the user, something before it did so too early.
    let cut_early = place.get(authority..).is_some_and(|path| path.contains('@'));
    if cut_early || rest.contains('#') {
        return Err(not_encoded());
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let name = pair.split('=').next().unwrap_or_default();
        let name = name.strip_suffix("%5D").or_else(|| name.strip_suffix(']')).map_or(name, |_| "options");
        if !PARAMETERS.contains(&name) {
            return Err(unknown_parameter(name, query));
        }
        let value = pair.split_once('=').map_or("", |(_, value)| value);
        if matches!(name, "sslmode" | "ssl-mode") && !TLS_MODES.iter().any(|mode| value.eq_ignore_ascii_case(mode)) {
            return Err(unknown_mode(name));
        }
    }
    Ok(())
}

/// Refuses an address of the command line that asks for a secret.
///
/// # Errors
/// It does.
pub(crate) fn refuse_secret(url: &str) -> Result<(), BadStoreUrl> {
    if !url.contains("{secret:") {
        return Ok(());
    }
    Err(BadStoreUrl {
        what: "`{secret:NAME}` is filled in only in `[store] url`".to_owned(),
        hint: "write the address into [store] url of the configuration, or the password into PGPASSWORD or ~/.pgpass"
            .to_owned(),
    })
}

/// The value is not repeated: it may be the end of a password.
fn unknown_mode(name: &str) -> BadStoreUrl {
    BadStoreUrl {
        what: format!("the store's URL has an unknown value of `{name}`"),
        hint: format!("there are {}", TLS_MODES.join(", ")),
    }
}

fn not_encoded() -> BadStoreUrl {
    BadStoreUrl {
        what: "the store's URL is not valid: a special character of its user or password is not percent-encoded"
            .to_owned(),
        hint: "write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25; {secret:NAME} in [store] url does it by itself"
            .to_owned(),
    }
}

fn unknown_parameter(name: &str, query: &str) -> BadStoreUrl {
    if query.contains('@') && nearest::nearest(name, PARAMETERS.into_iter()).is_none() {
        return not_encoded();
    }
    let shown = if query.contains('@') { String::new() } else { format!(" `{name}`") };
    BadStoreUrl {
        what: format!("the store's URL has an unknown parameter{shown}"),
        hint: nearest::suggest(nearest::nearest(name, PARAMETERS.into_iter()), || {
            format!("there are {}", PARAMETERS[..NAMED].join(", "))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_an_address_is_no_file() {
        for url in [
            "postgres:/ana:hunter2@db/ops",
            "postgres//ana:hunter2@db/ops",
            "//ana:hunter2@db/ops",
            "/ana:hunter2@db/ops",
            "ana:hunter2@db/ops",
            "hunter2@db",
            "host=db user=ana password=hunter2",
            "password=hunter2",
            "db.example.com:5432/ops",
            "127.0.0.1:5432",
            "postgres",
            "PostgreSQL",
            "file:/x/y.db",
        ] {
            let refused = read(url).unwrap_err();
            assert!(!refused.what.contains("hunter2") && !refused.hint.contains("hunter2"), "{url}: {refused:?}");
            assert!(refused.hint.contains("sqlite:PATH"), "{url}: {refused:?}");
        }
        for path in ["y.db", "/x/y.db", "./a=b.db", "/run/x@1/y.db", "../y:1.db", "postgres/y.db", "a b.db"] {
            assert_eq!(read(path), Ok(StoreUrl::File(path)));
        }
        assert_eq!(read("sqlite:a=b@c:d"), Ok(StoreUrl::File("a=b@c:d")));
        for url in ["Postgres://db/ops", "POSTGRESQL://ana:p%40ss@db:5433/ops?sslmode=require&options[search_path]=x"] {
            assert_eq!(read(url), Ok(StoreUrl::Server), "{url}");
        }
    }

    #[test]
    fn nothing_before_the_last_at_is_repeated() {
        for url in [
            "postgres://ana:p@ss:w/ord@db/ops",
            "postgres://ana:secr/et@db/ops",
            "postgres://ana:secr?et@db/ops",
            "postgres://ana:secr?et=1@db/ops?sslmode=require",
            "postgres://ana:secr#et@db/ops",
        ] {
            let BadStoreUrl { what, hint } = read(url).unwrap_err();
            assert!(what.contains("percent-encoded") && hint.contains("%40"), "{url}: {what}");
            let said = format!("{what} {hint}").replace("{secret:NAME}", "");
            assert!(["ss:w", "w/ord", "secr", "ana"].iter().all(|part| !said.contains(part)), "{said}");
        }
    }

    #[test]
    fn no_part_of_a_password_is_repeated_nor_becomes_a_file() {
        for scheme in
            ["sqlite:", "SQLite:", "sqlite://", "sqlite:postgres:", "postgres:", "postgresql:", "mysql:", "http:", ""]
        {
            for begin in ["//", "//ana:", "//:", "///ana:", "ana:"] {
                for end in ["@db/ops", "@/ops", "@db:5432/ops?x=y", "@"] {
                    let url = format!("{scheme}{begin}hunter2{end}");
                    match read(&url) {
                        Err(refused) => assert!(!format!("{refused:?}").contains("hunter2"), "{url}: {refused:?}"),
                        Ok(StoreUrl::Server) => assert!(url.starts_with("postgres"), "{url}"),
                        Ok(read) => panic!("{url}: {read:?}"),
                    }
                }
            }
        }
        for url in ["sqlite:///run/x@1/y.db", "sqlite:/run/x@1/y.db", "sqlite:./x:1@2.db", "sqlite://y.db"] {
            assert!(matches!(read(url), Ok(StoreUrl::File(_))), "{url}");
        }
    }

    #[test]
    fn a_mode_that_is_not_known_and_a_secret_in_its_place_are_not_taken_literally() {
        let refused = read("postgres://ana@db/ops?sslmode=hunter2").unwrap_err();
        assert_eq!(refused.what, "the store's URL has an unknown value of `sslmode`");
        assert!(refused.hint.contains("verify-full") && !format!("{refused:?}").contains("hunter2"), "{refused:?}");
        for mode in TLS_MODES {
            assert_eq!(read(&format!("postgres://ana@db/ops?sslmode={mode}")), Ok(StoreUrl::Server));
        }
        for url in ["postgres://ana:{secret:db}@db/ops", "{secret:file}"] {
            assert!(refuse_secret(url).unwrap_err().what.contains("only in `[store] url`"), "{url}");
            assert_eq!(judge_template(url), Ok(()));
        }
    }

    #[test]
    fn a_parameter_that_is_not_known_is_named_with_the_near_one() {
        let refused = read("postgres://ana@db/ops?sslmod=require").unwrap_err();
        assert_eq!(refused.what, "the store's URL has an unknown parameter `sslmod`");
        assert_eq!(refused.hint, "did you mean `sslmode`?");
        let refused = read("postgres://ana@db/ops?colour=red").unwrap_err();
        assert!(refused.hint.starts_with("there are sslmode, "), "{refused:?}");
        let refused = read("postgres://db/ops?sslmod=require&user=a@b").unwrap_err();
        assert_eq!(refused.what, "the store's URL has an unknown parameter");
    }

    #[test]
    fn a_password_that_is_written_out_is_known() {
        for (url, holds) in [
            ("postgres://ana:hunter2@db/ops", true),
            ("postgres://db/ops?user=ana&password=hunter2", true),
            ("postgres://ana:{secret:store}@db/ops", false),
            ("postgres://{secret:user}:{secret:store}@db/ops", false),
            ("postgres://{secret:user}:x@db/ops", true),
            ("postgres://db/ops?password={secret:store}", false),
            ("postgres://ana@db:5432/ops", false),
            ("{secret:url}", false),
            ("sqlite:/x:y@z", false),
        ] {
            assert_eq!(holds_password(url), holds, "{url}");
        }
        for (url, bare) in [
            ("postgres://ana:hunt@r:2@db/ops", Some("postgres://ana@db/ops")),
            ("postgres://db/ops?user=ana&password=hunter2", Some("postgres://db/ops?user=ana")),
            ("postgres://ana:hunter2@db/ops?password=hunter2", Some("postgres://ana@db/ops")),
            ("postgres://ana@db/ops?sslmode=require", None),
            ("postgres://ana:{secret:store}@db/ops", None),
        ] {
            assert_eq!(without_password(url).as_deref(), bare, "{url}");
        }
    }
}
