//! What the presence of a team costs, in requests and in multiples of the server's latency.
//!
//!     cargo run --release --example team_cost
//!
//! The simulator answers each request after 20 ms. Contacts are warm: their addresses are known, their presence is read.

use std::time::{Duration, Instant};
use ucwa::{Client, Config};
use ucwa_simulator::Simulator;

const LATENCY: Duration = Duration::from_millis(20);
const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("| contacts | outstanding | requests | time / latency |");
    println!("| ---: | ---: | ---: | ---: |");
    for outstanding in [100, 1_000] {
        // With a limit of its own the simulator turns away what is too much; lifted, it takes everything.
        let limit = if outstanding == 100 { 100 } else { 0 };
        let simulator = Simulator::builder().contacts(5_000).latency(LATENCY).max_outstanding(limit).start()?;
        let client = sign_in(&simulator, outstanding)?;
        let uris = contacts(&client)?;
        for count in [1, 40, 100, 1_000, 5_000] {
            let wanted = serde_json::to_string(&uris[..count])?;
            client.get_contacts_presence(&wanted)?;
            let mut times = Vec::new();
            for _ in 0..ROUNDS {
                simulator.clear_requests();
                let started = Instant::now();
                client.get_contacts_presence(&wanted)?;
                times.push(started.elapsed());
            }
            times.sort_unstable();
            let ratio = times[ROUNDS / 2].as_secs_f64() / LATENCY.as_secs_f64();
            println!("| {count} | {outstanding} | {} | {ratio:.2} |", simulator.requests().len());
        }
    }
    Ok(())
}

fn sign_in(simulator: &Simulator, outstanding: u32) -> Result<Client, Box<dyn std::error::Error>> {
    let mut config = Config::new();
    config.set("discovery_url", Some(simulator.url()))?;
    config.set("ca_file", simulator.ca_file().to_str())?;
    config.set("sign_in_address", Some(simulator.sign_in_address()))?;
    config.set("password", Some(simulator.password()))?;
    config.set("proxy", Some("none"))?;
    config.set("max_outstanding", Some(&outstanding.to_string()))?;
    Ok(Client::sign_in(&config)?)
}

fn contacts(client: &Client) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let list: serde_json::Value = serde_json::from_str(&client.get_contacts()?)?;
    let contacts = list["contacts"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(contacts.iter().filter_map(|contact| contact["uri"].as_str().map(str::to_owned)).collect())
}
