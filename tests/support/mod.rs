//! What several whole-room tests share.

pub mod server;

// Each test binary uses a part of this; none of it is dead.
const _: () = {
    let _ = server::Server::start::<fn(&server::Request) -> server::Reply>;
    let _ = server::Server::start_tls::<fn(&server::Request) -> server::Reply>;
    let _ = server::Server::url;
    let _ = server::Server::requests;
    let _ = server::Server::connections;
    let _ = server::Request::header;
    let _ = |request: server::Request| (request.method, request.path, request.headers, request.body);
    let _ = server::Reply::json;
    let _ = server::Reply::text;
    let _ = server::Reply::redirect;
    let _ = server::Reply::header;
    let _ = || [server::Reply::Hang, server::Reply::Reset, server::Reply::Endless];
    let _ = || server::Reply::Drip { body: Vec::new(), pause: std::time::Duration::ZERO };
    let _ = || server::Reply::Raw(Vec::new());
};
