//! What the server refuses, in words.

use tokio::net::TcpListener;

use super::*;
use crate::store::fault::StoreFault;

/// What `error` says, in the words of a person.
fn words(error: &StoreError) -> (String, String, bool) {
    assert!(!error.to_string().contains("hunter2") && !format!("{error:?}").contains("hunter2"));
    (error.to_string(), error.hint().to_owned(), error.is_away())
}

#[tokio::test]
async fn a_read_only_server_refuses_writes_and_still_answers() {
    let Some(server) = server() else { return };
    let database = Database::new(&server).await;
    let store = open(&database.url()).await.unwrap();
    record(&store, "before").await.unwrap();
    database.admin("ALTER DATABASE DB SET default_transaction_read_only = on").await;
    database.cut_sessions().await;
    let (said_so, hint, away) = words(&record(&store, "no").await.unwrap_err());
    assert!(said_so.contains("the server is read-only") && hint.contains("primary") && away, "{said_so}");
    assert_eq!(said(&open(&database.url()).await.unwrap()).await, ["before"]);
    database.admin("ALTER DATABASE DB RESET default_transaction_read_only").await;
    database.cut_sessions().await;
    record(&store, "after").await.unwrap();
    database.end().await;
}

#[tokio::test]
async fn what_keeps_a_store_from_being_opened_is_said_in_plain_words() {
    let Some(server) = server() else { return };
    let database = Database::new(&server).await;
    let expect = async |url: &str, text: &str, hint: &str| {
        let error = open(url).await.unwrap_err();
        let (said, hinted, away) = words(&error);
        assert!(said.contains(text) && hinted.contains(hint) && away, "{said}; {hinted}");
    };
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    expect(&database.url_over(&free.to_string()), "no server accepts connections there", "listen_addresses").await;
    expect("postgres://ana@nowhere.invalid/ops", "the host name can't be resolved", "DNS").await;
    expect(&format!("postgres://postgres@{server}/no_such"), "the database does not exist", "createdb").await;
    expect(&format!("postgres://nobody_here@{server}/postgres"), "the server rejected the login", "pg_hba").await;
    expect(&format!("{}?sslmode=require", database.url()), "TLS", "sslmode").await;
    database.admin("ALTER DATABASE DB ALLOW_CONNECTIONS false").await;
    expect(&database.url(), "the database accepts no connections", "ALLOW_CONNECTIONS").await;
    database.admin("ALTER DATABASE DB ALLOW_CONNECTIONS true").await;
    database.admin("ALTER ROLE of_DB NOLOGIN").await;
    expect(&database.url(), "the server rejected the login", "may log in").await;
    database.admin("ALTER ROLE of_DB LOGIN").await;
    let other = Database::new(&server).await;
    let foreign = format!("postgres://of_{}@{server}/{}", other.name, database.name);
    expect(&foreign, "the role has no permission", "owner").await;
    database.admin("ALTER DATABASE DB CONNECTION LIMIT 1").await;
    let first = open(&database.url()).await.unwrap();
    record(&first, "x").await.unwrap();
    expect(&database.url(), "the server has no free connections", "max_connections").await;
    first.close().await;
    other.end().await;
    database.end().await;
}

#[tokio::test]
async fn a_role_that_may_only_read_opens_the_store_and_writes_nothing() {
    let Some(server) = server() else { return };
    let (database, other) = (Database::new(&server).await, Database::new(&server).await);
    let store = open(&database.url()).await.unwrap();
    record(&store, "before").await.unwrap();
    let role = format!("of_{}", other.name);
    sql(&database.url(), &format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")).await;
    let looking = open(&format!("postgres://{role}@{server}/{}", database.name)).await.unwrap();
    assert!(looking.is_read_only() && !store.is_read_only());
    let refused = record(&looking, "no").await.unwrap_err();
    assert!(refused.is_of_rights());
    let (said_so, hint, away) = words(&refused);
    assert!(said_so.contains(&format!("the role `{role}` may only read the store postgres://{role}@")), "{said_so}");
    assert!(hint.contains("GRANT SELECT, INSERT, UPDATE, DELETE") && !away, "{hint}");
    record(&store, "after").await.unwrap();
    assert_eq!(said(&looking).await, ["before", "after"]);
    database.end().await;
    other.end().await;
}

#[tokio::test]
async fn a_role_that_lacks_a_right_looks_on_and_is_told_which() {
    let Some(server) = server() else { return };
    let (database, other) = (Database::new(&server).await, Database::new(&server).await);
    let store = open(&database.url()).await.unwrap();
    record(&store, "before").await.unwrap();
    let role = format!("of_{}", other.name);
    let grant = async |rights: &str| {
        sql(&database.url(), &format!("GRANT {rights} ON ALL TABLES IN SCHEMA public TO {role}")).await;
        open(&format!("postgres://{role}@{server}/{}", database.name)).await.unwrap()
    };
    let looking = grant("SELECT, INSERT").await;
    let (said_so, hint, away) = words(&record(&looking, "no").await.unwrap_err());
    let lacks = "permission denied for table keep (DELETE, UPDATE), lease (UPDATE), rollup (DELETE, UPDATE), store (UPDATE), \
                 thing (DELETE, UPDATE)";
    assert!(said_so.contains(lacks), "{said_so}");
    assert!(hint.contains("GRANT SELECT, INSERT, UPDATE, DELETE") && !away && looking.is_read_only(), "{hint}");
    assert_eq!(said(&looking).await, ["before"]);
    // What the program asks for is all that it needs.
    grant("UPDATE, DELETE").await;
    sql(&database.url(), &format!("REVOKE UPDATE, DELETE ON fact FROM {role}")).await;
    let writing = open(&format!("postgres://{role}@{server}/{}", database.name)).await.unwrap();
    assert!(!writing.is_read_only());
    record(&writing, "after").await.unwrap();
    assert_eq!(said(&store).await, ["before", "after"]);
    database.end().await;
    other.end().await;
}

#[tokio::test]
async fn a_role_that_may_not_make_the_tables_is_told_what_to_grant() {
    let Some(server) = server() else { return };
    let (database, other) = (Database::new(&server).await, Database::new(&server).await);
    let error = open(&format!("postgres://of_{}@{server}/{}", other.name, database.name)).await.unwrap_err();
    let (said, hint, _) = words(&error);
    assert!(
        said.contains("no permission to create its tables") && hint.contains("GRANT USAGE, CREATE"),
        "{said}; {hint}"
    );
    database.end().await;
    other.end().await;
}

#[test]
fn the_states_of_the_server_have_their_words() {
    let state = |code: &str| StoreFault::of_state(code);
    assert_eq!([state("53100"), state("53200")], [StoreFault::ServerFull, StoreFault::Memory]);
    assert_eq!([state("57P01"), state("57P03")], [StoreFault::Stopping; 2]);
    assert_eq!([state("08006"), state("57P05")], [StoreFault::Cut; 2]);
    assert_eq!([state("57014"), state("55P03")], [StoreFault::Slow, StoreFault::Blocked]);
    assert_eq!([state("28P01"), state("28000")], [StoreFault::Password, StoreFault::Login]);
    assert_eq!([state("55000"), state("22012")], [StoreFault::Closed, StoreFault::Server]);
    // No hint for a file stands beside what a server says.
    for code in [
        "08006", "22012", "25006", "28000", "28P01", "3D000", "3F000", "40001", "42501", "42601", "53000", "53100",
        "53200", "53300", "53400", "54000", "55000", "55006", "55P03", "57014", "57P01", "57P03", "57P04", "57P05",
        "58030", "58P01", "XX000", "XX001",
    ] {
        let hint = state(code).hint();
        assert!(
            !["--store FILE", "sqlite3", "fuser", "its directory"].iter().any(|word| hint.contains(word)),
            "{code}"
        );
    }
}

#[tokio::test]
async fn what_the_server_says_otherwise_is_quoted_without_its_source() {
    let Some(server) = server() else { return };
    let mut connection = PgConnection::connect(&format!("postgres://postgres@{server}/postgres")).await.unwrap();
    let error = StoreError::Database(connection.execute("SELECT 1 / 0").await.unwrap_err());
    let (said, hint, away) = words(&error);
    assert_eq!(said, "the store failed: the server says `division by zero` (SQLSTATE 22012)");
    assert!(hint.contains("server's log") && !away, "{hint}");
}
