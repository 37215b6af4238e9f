//! Opens a yard by hand: `cargo run -p signalbox-yard --example yard -- [speed] [services] [path of nats-server] [nodes]`, until a line comes in or standard input ends.

use std::{path::PathBuf, sync::Arc};

use yard::{NatsOptions, Options, WallClock, Yard};

#[tokio::main]
async fn main() -> Result<(), yard::Error> {
    let mut arguments = std::env::args().skip(1);
    let speed = arguments.next().and_then(|speed| speed.parse().ok()).unwrap_or(1.0);
    let services = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(23);
    let server = arguments.next().map(PathBuf::from);
    let nodes = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(5);
    let nats = server.map(|server| NatsOptions { nodes, server: Some(server), ..NatsOptions::default() });
    let options = Options {
        services,
        nats,
        clock: Arc::new(WallClock::new(speed)),
        progress: Some(Arc::new(|step: &str| eprintln!("{step}"))),
        ..Options::default()
    };
    let yard = Yard::start(options).await?;
    println!("{}", serde_json::json!(yard.endpoints()));
    let mut line = String::new();
    let ended = tokio::task::spawn_blocking(move || std::io::stdin().read_line(&mut line)).await;
    drop(ended);
    yard.stop().await;
    Ok(())
}
