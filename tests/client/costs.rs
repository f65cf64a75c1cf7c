//! What README.md says that things cost, counted.

use crate::common::*;
use ucwa_simulator::{Person, Simulator};

const README: &str = include_str!("../../README.md");

/// The requests that the table tells for this row.
fn told(row: &str) -> usize {
    let line = README.lines().find(|line| line.starts_with(&format!("| {row} |")));
    let line = line.unwrap_or_else(|| panic!("README.md has no row \"{row}\""));
    let cost = line.split('|').nth(2).unwrap().trim().trim_matches('*');
    let digits: String = cost.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("\"{cost}\" begins with no number"))
}

fn costs<T>(simulator: &Simulator, row: &str, work: impl FnOnce() -> T) -> T {
    simulator.clear_requests();
    let done = work();
    assert_eq!(simulator.requests().len(), told(row), "{row}: {:?}", routes(simulator));
    done
}

#[test]
fn the_table_of_costs() {
    shorten_waits();
    let simulator = Simulator::builder().contacts(150).start().unwrap();
    simulator.edit(|directory| {
        for name in ["one", "two"] {
            directory.add_person(Person::new(&format!("sip:{name}@contoso.com"), name));
        }
    });
    let address = simulator.https_address();
    let names = ["lyncdiscoverinternal.contoso.com", "lyncdiscover.contoso.com"].map(|host| format!("{host}={address}"));
    let by_name = Config::of(&simulator).without("discovery_url").with("resolve", &names.join(","));
    by_name.sign_in().unwrap();
    // The one name may answer before the other was asked.
    let least = told("signing in by the address alone");
    assert!((least..=least + 1).contains(&simulator.requests().len()), "{:?}", routes(&simulator));

    let app = costs(&simulator, "signing in at `discovery_url`", || Config::of(&simulator).sign_in().unwrap());
    costs(&simulator, "the first presence of somebody on the contact list", || app.presence(SARA).unwrap());
    costs(&simulator, "**every further presence**", || app.presence(SARA).unwrap());
    let met = app.contacts().unwrap();
    let uris: Vec<&str> = met["contacts"].as_array().unwrap().iter().map(|contact| contact["uri"].as_str().unwrap()).collect();
    costs(&simulator, "many presences whose contacts were met before", || app.presences_of(&uris[..100]).unwrap());
    costs(&simulator, "a group's presence, the first time", || app.group_presence("Sales").unwrap());
    costs(&simulator, "a group's presence from then on", || app.group_presence("Sales").unwrap());
    costs(&simulator, "signing out", || app.sign_out().unwrap());

    let app = App::on(&simulator);
    costs(&simulator, "somebody on no list, the first time in a minute", || app.presence("one@contoso.com").unwrap());
    costs(&simulator, "the next one of those", || app.presence("two@contoso.com").unwrap());
}
