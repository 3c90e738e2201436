//! What a text names: a dependency, something else, or nothing in particular.

/// Words that say that something is wrong, and not what.
const VAGUE: &str = " a aborted address after again alive all an and answer answered answers any are at attempt \
    attempts available bad be been body broken by byte can cannot check checks closed code component components \
    connect connected connecting connection connections could critical degraded dependencies dependency detail details \
    did do does document down downstream duration econnaborted econnrefused econnreset eof ehostunreach end ended \
    enetunreach epipe error errors etimedout exception exit fail failed failing fails failure failures false first for \
    free from gateway get green hang has have headers health healthy here hold holds host http https in \
    info internal is it its json later latency least listens live liveness local many message middle more ms \
    network no none not nothing null of ok on one operational or out outage output overall own part parts pass ping \
    pipe please reach reached read readiness ready reason red refused request requests reset response responses retries \
    retry route saw says seconds self server service services signal size socket some state status subsystem \
    subsystems temporarily temporary text than that the there this though time timed timeout timeouts to too total \
    true try unable unavailable unexpected unhealthy unknown unreachable up upstream value version waiting warn warning \
    was while with within without write yellow currently occurred oops our processing something sorry we went wrong your ";

/// Kinds of things that are depended on: general words for one, and its products, each with its spellings.
const KINDS: &[(&[&str], &[&[&str]])] = &[
    (
        &["db", "database", "datastore", "sql"],
        &[
            &["postgres", "postgresql", "pg", "psql"],
            &["mysql", "mariadb"],
            &["mongo", "mongodb"],
            &["sqlite"],
            &["cockroach", "cockroachdb"],
        ],
    ),
    (&["cache"], &[&["redis"], &["valkey"], &["memcached", "memcache"]]),
    (&["queue", "broker", "mq"], &[&["rabbitmq", "amqp"], &["kafka"], &["nats"], &["sqs"]]),
    (&["mail", "email", "smtp"], &[&["postfix"], &["sendgrid"]]),
    (&["search"], &[&["elasticsearch", "elastic"], &["opensearch"], &["solr"]]),
    (&["storage", "bucket", "blob"], &[&["s3"], &["minio"]]),
];

/// What a text names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// A dependency that is in trouble.
    Dependency,
    /// Something else.
    Other,
    /// Nothing in particular.
    Nothing,
}

/// The dependencies that are in trouble, each by the words of one of its names.
#[derive(Debug)]
pub(crate) struct Suspects(Vec<Vec<String>>);

impl Suspects {
    /// Of all the names by which they may be told of.
    pub(crate) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(words_of).filter(|words| !words.is_empty()).collect())
    }

    /// Whether a part called `name` is one of them: by its whole name, its last word (`db` for `shop-db`), its kind
    /// (`database` for `db`) or its product (`redis` for `cache`).
    pub(super) fn is_called(&self, name: &str) -> bool {
        let words = words_of(name);
        let told: Vec<&String> = words.iter().filter(|word| !is_vague(word)).collect();
        self.named_by(&words)
            || self.0.iter().any(|suspect| match (told.as_slice(), suspect.last()) {
                ([only], Some(last)) => alike(only, last),
                _ => false,
            })
    }

    pub(super) fn named_in(&self, text: &str) -> Names {
        let words = words_of(text);
        if self.named_by(&words) {
            return Names::Dependency;
        }
        // A figure (`5s`) or a lone letter names nothing.
        let names = |word: &String| word.len() > 1 && word.starts_with(char::is_alphabetic) && !is_vague(word);
        if words.iter().any(names) { Names::Other } else { Names::Nothing }
    }

    /// What the error of a check names.
    pub(super) fn named_in_error(&self, error: &str) -> Names {
        if let Some(code) =
            error.strip_prefix("HTTP ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok())
        {
            // A server that fails may do so for what it depends on; a request that is wrong is wrong by itself.
            return if matches!(code, 400..=499_u16) && !matches!(code, 408 | 429) {
                Names::Other
            } else {
                Names::Nothing
            };
        }
        let said = without_status(error);
        if let Some((words, why)) = said_by_answer(said) {
            let (by_words, by_error) = (self.named_in(words), self.named_in_error(why));
            let error_says_more = match by_words {
                Names::Nothing => true,
                Names::Other => by_error == Names::Dependency,
                Names::Dependency => false,
            };
            return if error_says_more { by_error } else { by_words };
        }
        if said.len() < error.len() || said.ends_with(')') && said.contains("(exit code ") {
            return self.named_in(said);
        }
        if let Some((program, seen)) = said.split_once(" saw ") {
            let quoted = |text: &str| text.split('"').skip(1).step_by(2).collect::<Vec<_>>().join(" ");
            // What it is compared with is what was hoped for: it names nothing.
            let path: String = program.split('"').step_by(2).collect::<Vec<_>>().join(" ");
            return self.named_in(&[path, quoted(seen)].join(" "));
        }
        // Our own words for a connection name the address that was tried, which is the check's.
        let ours =
            ["the connection", "onnection refused", "no answer within", "no route to", "is unreachable from here"];
        if ours.iter().any(|words| said.contains(words)) {
            let without_address: Vec<&str> = said.split(' ').filter(|word| !is_address(word)).collect();
            return self.named_in(&without_address.join(" "));
        }
        self.named_in(said)
    }

    fn named_by(&self, words: &[String]) -> bool {
        self.0.iter().any(|suspect| {
            let whole = words.windows(suspect.len()).any(|part| part.iter().zip(suspect).all(|(a, b)| alike(a, b)));
            let kind = suspect.last().filter(|last| is_kind(last));
            whole || kind.is_some_and(|last| words.iter().any(|word| alike(word, last)))
        })
    }
}

/// An error without the status that stands before it.
pub(super) fn without_status(error: &str) -> &str {
    ["unhealthy: ", "degraded: "].into_iter().find_map(|word| error.strip_prefix(word)).unwrap_or(error)
}

/// What an answer says itself, and what is wrong with it: `pool exhausted (.status == 200 saw 503)`, `no such app (HTTP 404
/// Not Found)`.
fn said_by_answer(error: &str) -> Option<(&str, &str)> {
    let inner = error.strip_suffix(')')?;
    let (words, why) = inner.rsplit_once(" (HTTP ").or_else(|| inner.split_once(" (."))?;
    // The sign that begins it belongs to it.
    Some((words, &inner[words.len() + 2..])).filter(|_| !why.is_empty() && !words.starts_with(['.', '(']))
}

/// Whether an error is the list of bad parts that begins with `name`.
pub(super) fn repeats(said: &str, name: &str) -> bool {
    said.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(" (") || rest.starts_with(", "))
}

/// The words of a text, in lower case: `dbConnection` has two, `cache:6379` too.
pub(super) fn words_of(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()) {
        let mut word = String::new();
        let mut lower = false;
        for c in part.chars() {
            if c.is_uppercase() && lower {
                words.push(std::mem::take(&mut word));
            }
            lower = c.is_lowercase();
            word.extend(c.to_lowercase());
        }
        words.push(word);
    }
    words
}

fn is_vague(word: &str) -> bool {
    VAGUE.split_ascii_whitespace().any(|vague| vague == word)
}

/// `10.0.0.5:5432`, `(shop.example.com:443)`
fn is_address(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    word.contains(['.', ':']) || word == "localhost"
}

/// Whether two words mean one thing: equal, one the kind of the other, or two spellings of one product.
fn alike(a: &str, b: &str) -> bool {
    a == b
        || KINDS.iter().any(|(general, products)| {
            let product = |word: &str| products.iter().position(|spellings| spellings.contains(&word));
            match (general.contains(&a), general.contains(&b)) {
                (true, true) => true,
                (true, false) => product(b).is_some(),
                (false, true) => product(a).is_some(),
                (false, false) => product(a).is_some() && product(a) == product(b),
            }
        })
}

fn is_kind(word: &str) -> bool {
    KINDS.iter().any(|(general, products)| {
        general.contains(&word) || products.iter().any(|spellings| spellings.contains(&word))
    })
}
