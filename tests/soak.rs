//! Days of live presence in seconds: the clocks run two thousand times as fast, and leap where nothing happens; two thousand
//! people change, some leave and others come in their place, and whatever can go wrong does. In the end the caller's view is
//! the server's.
//!
//! `UCWA_SOAK_SEED` repeats a run, `UCWA_SOAK_DAYS` makes it shorter or longer: `.ci/long` has a month of it.

mod common;
mod extent;

use common::*;
use serde_json::{Value, json};
use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use ucwa::ffi::UCWA_CANCELLED;
use ucwa_simulator::{Fault, Group, Person, Simulator};

const SPEED: u32 = 2_000;
const PEOPLE: usize = 2_000;
/// How many leave at a time, and as many come.
const TURNOVER: usize = 20;
const TEAM: &str = "Team";
const DAYS: u64 = 3;
const HOUR: Duration = Duration::from_secs(3_600);
/// The shortest leap, in which a pending GET is over, and the longest, shorter than the time in which a subscription is
/// extended: in seconds.
const LEAP: (usize, usize) = (181, 8 * 60);
/// Longer than anything takes in real time, on any machine.
const LONGEST: Duration = Duration::from_secs(600);

/// Prints past what cargo keeps back of tests that pass: the seed and the figures are there to be seen.
macro_rules! say {
    ($($text:tt)*) => {
        std::io::stderr().write_all(format!("{}\n", format_args!($($text)*)).as_bytes()).unwrap()
    };
}

/// What is made to happen.
const TROUBLES: [&str; 16] = [
    "tokens expire",
    "application is deleted",
    "application expires",
    "subscriptions end silently",
    "subscriptions end",
    "server restarts",
    "pending GET is cut",
    "pending GET hangs",
    "429 storm",
    "503 storm",
    "connections dropped",
    "connections reset",
    "answers cut off",
    "proxy's pages",
    "batches fail",
    "network gone for an hour",
];

/// What the caller has been told.
#[derive(Default)]
struct Told {
    latest: HashMap<String, Value>,
    /// How often each change was told, by its number.
    changes: Vec<u8>,
    /// When those of this step were told, on the simulator's clock and in fact.
    times: HashMap<usize, (Duration, Instant)>,
    events: usize,
    interruptions: usize,
    lagged: usize,
    refused: usize,
}

impl Told {
    fn count(&self, change: usize) -> u8 {
        self.changes.get(change).copied().unwrap_or(0)
    }
}

struct Listener {
    told: Mutex<Told>,
    bell: Condvar,
    /// The subscription to everybody. There is another one, to a group.
    main: OnceLock<String>,
}

impl Listener {
    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(&self, app: &App, simulator: &Simulator) {
        loop {
            let event = match app.next_event(-1) {
                Ok(event) => event,
                Err(failure) => {
                    assert_eq!(failure.status, UCWA_CANCELLED, "{failure:?}");
                    return;
                }
            };
            let mut told = self.lock();
            told.events += 1;
            match event["event"].as_str().unwrap() {
                "presence" => {
                    let presence = &event["presence"];
                    // Whoever joins the group is told of to that subscription alone.
                    let is_main = |id: &Value| self.main.get().is_some_and(|main| id == main.as_str());
                    if event["subscriptions"].as_array().unwrap().iter().any(is_main)
                        && let Some(number) = presence["activity"].as_str().and_then(|activity| activity.strip_prefix("change "))
                    {
                        let number: usize = number.parse().unwrap();
                        if told.changes.len() <= number {
                            told.changes.resize(number + 1, 0);
                        }
                        told.changes[number] += 1;
                        told.times.insert(number, (simulator.elapsed(), Instant::now()));
                    }
                    told.latest.insert(event["uri"].as_str().unwrap().to_lowercase(), presence.clone());
                }
                "connection" if event["state"] == "interrupted" => told.interruptions += 1,
                "connection" => assert_eq!(event["state"], "restored", "{event}"),
                "lagged" => told.lagged += 1,
                "subscription" if self.main.get().is_none_or(|main| event["id"] == main.as_str()) => told.refused += 1,
                _ => {}
            }
            drop(told);
            self.bell.notify_all();
        }
    }

    /// Waits until the caller has been told enough.
    fn wait(&self, what: impl Fn(&Told) -> bool, otherwise: impl Fn(&Told) -> String) {
        let deadline = Instant::now() + LONGEST;
        let mut told = self.lock();
        while !what(&told) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{}", otherwise(&told));
            told = self.bell.wait_timeout(told, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Marsaglia's xorshift: the same numbers for the same seed, everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}

struct Soak<'a> {
    simulator: &'a Simulator,
    app: &'a App,
    listener: &'a Listener,
    uris: Vec<String>,
    newcomers: usize,
    /// The troubles that are still to come until all have been there.
    deck: Vec<&'static str>,
    dice: Dice,
    changes: usize,
    troubles: BTreeMap<&'static str, usize>,
    longest: (Duration, Duration),
}

impl Soak<'_> {
    /// Time leaps, once the channel waits and nothing else is under way.
    fn leap(&mut self) {
        let by = Duration::from_secs(u64::try_from(LEAP.0 + self.dice.roll(LEAP.1 - LEAP.0)).unwrap());
        let rests = |simulator: &Simulator| simulator.pending_events() == 1 && simulator.outstanding() == 1;
        assert!(self.simulator.wait_until(LONGEST, rests), "{:?}", self.simulator.requests());
        let before = self.simulator.count("events");
        ucwa::test_clock::advance(by);
        self.simulator.advance(by);
        let went_on = |simulator: &Simulator| simulator.count("events") > before;
        assert!(self.simulator.wait_until(LONGEST, went_on), "{:?}", self.simulator.requests());
    }

    /// Some people change, perhaps more than once; something may go wrong meanwhile. Then everybody's last change is told.
    fn step(&mut self, quiet: bool) {
        let mut last: HashMap<String, usize> = HashMap::new();
        let mut since: HashMap<usize, (Duration, Instant)> = HashMap::new();
        let count = 1 + self.dice.roll(8);
        let trouble = (!quiet && self.dice.roll(8) == 0).then(|| self.draw());
        let place = self.dice.roll(count);
        for number in 0..count {
            if number == place
                && let Some(trouble) = trouble
            {
                self.make(trouble);
            }
            let uri = self.uris[self.dice.roll(self.uris.len())].clone();
            self.changes += 1;
            let change = self.changes;
            since.insert(change, (self.simulator.elapsed(), Instant::now()));
            let availability = ["Online", "Busy", "Away", "DoNotDisturb"][self.dice.roll(4)];
            assert!(self.simulator.set_presence(&uri, json!({"availability": availability, "activity": format!("change {change}")})));
            last.insert(uri, change);
        }
        let missing = |told: &Told| last.iter().filter(|(_, change)| told.count(**change) == 0).count();
        self.listener.wait(
            |told| missing(told) == 0,
            |told| {
                let missing: Vec<_> = last.iter().filter(|(_, change)| told.count(**change) == 0).collect();
                format!(
                    "after {trouble:?} never told: {missing:?}; {:?}",
                    self.simulator.requests().iter().rev().take(20).collect::<Vec<_>>()
                )
            },
        );
        let mut told = self.listener.lock();
        for change in last.values() {
            let ((simulated, real), (simulated_since, real_since)) = (told.times[change], since[change]);
            if trouble.is_none() {
                self.longest.0 = self.longest.0.max(simulated.saturating_sub(simulated_since));
                self.longest.1 = self.longest.1.max(real.saturating_duration_since(real_since));
            }
        }
        told.times.clear();
        drop(told);
        self.simulator.clear_faults();
    }

    /// The next trouble: each comes as often as the others.
    fn draw(&mut self) -> &'static str {
        if self.deck.is_empty() {
            self.deck = TROUBLES.to_vec();
        }
        let place = self.dice.roll(self.deck.len());
        self.deck.swap_remove(place)
    }

    /// Some people leave the company, and others come: half of them are on the contact list, the rest is found by searching.
    fn turn_over(&mut self) {
        let left: Vec<String> = (0..TURNOVER).map(|_| self.uris.swap_remove(self.dice.roll(self.uris.len()))).collect();
        let came: Vec<String> = (0..TURNOVER).map(|number| format!("sip:newcomer{}@contoso.com", self.newcomers + number)).collect();
        self.newcomers += TURNOVER;
        self.simulator.edit(|directory| {
            for (number, uri) in came.iter().enumerate() {
                let mut person = Person::new(uri, &format!("Newcomer {number}"));
                person.presence.availability = Some("Online".to_owned());
                match number % 2 {
                    0 => directory.add_contact(person, (number == 0).then_some(TEAM)),
                    _ => directory.add_person(person),
                }
            }
        });
        let change = json!({"add": came, "remove": left}).to_string();
        self.app.change_subscription(self.listener.main.get().unwrap(), &change).unwrap();
        self.simulator.edit(|directory| left.iter().for_each(|uri| drop(directory.remove_person(uri))));
        let missing = |told: &Told| came.iter().filter(|uri| !told.latest.contains_key(&uri.to_lowercase())).count();
        self.listener.wait(|told| missing(told) == 0, |told| format!("{} newcomers were never told", missing(told)));
        let mut told = self.listener.lock();
        left.iter().for_each(|uri| drop(told.latest.remove(&uri.to_lowercase())));
        drop(told);
        self.uris.extend(came);
        self.simulator.clear_changes();
    }

    fn make(&mut self, trouble: &'static str) {
        *self.troubles.entry(trouble).or_default() += 1;
        let some = u32::try_from(2 + self.dice.roll(12)).unwrap();
        let simulator = self.simulator;
        match trouble {
            "tokens expire" => simulator.expire_tokens(),
            "application is deleted" => simulator.delete_applications(),
            "application expires" => simulator.expire_applications(),
            "subscriptions end silently" => simulator.end_subscriptions(),
            "subscriptions end" => simulator.expire_subscriptions(),
            "server restarts" => simulator.restart(),
            "pending GET is cut" => simulator.cut_events(),
            "pending GET hangs" => {
                // Until the library takes the connection for dead it is some seconds of real time.
                simulator.fault(Fault::on("events").hang());
                simulator.cut_events();
            }
            "429 storm" => simulator.fault(Fault::any().status(429).times(some)),
            "503 storm" => simulator.fault(Fault::any().status(503).header("Retry-After", "1").times(some)),
            "connections dropped" => simulator.fault(Fault::any().drop().times(some)),
            "connections reset" => simulator.fault(Fault::any().reset().times(some)),
            "answers cut off" => simulator.fault(Fault::any().truncate(20).times(some)),
            "proxy's pages" => simulator.fault(Fault::any().html_page(200).times(some)),
            "batches fail" => simulator.fault(Fault::on("batch").status(500).times(some)),
            "network gone for an hour" => {
                let before = self.listener.lock().interruptions;
                simulator.offline(true);
                self.listener.wait(|told| told.interruptions > before, |_| "nobody was told that the network is gone".to_owned());
                ucwa::test_clock::advance(HOUR);
                simulator.advance(HOUR);
                simulator.offline(false);
            }
            _ => {}
        }
    }
}

/// Counts what is allocated and not freed: what the process has of the system says more of its allocator's habits.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: all is done by the system's allocator, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller's layout is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the block is the system's, and has that layout.
        unsafe { System.dealloc(block, layout) }
    }
}

/// What is used while nothing is under way.
#[derive(Default)]
struct Usage {
    threads: usize,
    heap_kb: usize,
    resident_kb: usize,
}

impl Usage {
    fn now() -> Usage {
        let (threads, resident_kb) = threads_and_resident_kb();
        Usage { threads, heap_kb: IN_USE.load(Relaxed) / 1024, resident_kb }
    }

    fn most(&self, other: Usage) -> Usage {
        Usage {
            threads: self.threads.max(other.threads),
            heap_kb: self.heap_kb.max(other.heap_kb),
            resident_kb: self.resident_kb.max(other.resident_kb),
        }
    }
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} threads, {} kB allocated, {} kB resident", self.threads, self.heap_kb, self.resident_kb)
    }
}

#[cfg(target_os = "linux")]
fn threads_and_resident_kb() -> (usize, usize) {
    let ours = ["ucwa-live", "ucwa-events", "ucwa-callback"];
    let threads = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| ours.contains(&name.trim()));
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    (threads.count(), resident.trim().trim_end_matches(" kB").parse().unwrap())
}

/// Elsewhere the system tells neither so simply.
#[cfg(not(target_os = "linux"))]
fn threads_and_resident_kb() -> (usize, usize) {
    (0, 0)
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

#[test]
fn days_of_trouble() {
    let seed = setting("UCWA_SOAK_SEED")
        .unwrap_or_else(|| u64::from(std::process::id()) << 32 | u64::from(std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos()));
    let days = u32::try_from(setting("UCWA_SOAK_DAYS").unwrap_or(if extent::long() { 30 } else { DAYS })).unwrap();
    say!("UCWA_SOAK_SEED={seed}");
    let started = Instant::now();
    ucwa::test_clock::run_at(SPEED);
    let simulator = Simulator::builder()
        .contacts(PEOPLE)
        .clock_speed(f64::from(SPEED))
        .max_subscription_contacts(700)
        .kept_requests(200)
        .start()
        .unwrap();
    let mut uris = Vec::new();
    simulator.edit(|directory| uris = directory.contacts().iter().map(|person| person.uri().to_owned()).collect());
    uris.truncate(PEOPLE);
    simulator.edit(|directory| {
        directory.add_group(Group { members: uris[..50].to_vec(), ..Group::own(TEAM) });
    });
    let app = App::on(&simulator);
    let listener = Arc::new(Listener { told: Mutex::default(), bell: Condvar::new(), main: OnceLock::new() });
    std::thread::scope(|scope| {
        scope.spawn(|| listener.listen(&app, &simulator));
        // Whatever goes wrong: whoever listens is to end.
        let _end = OnDrop(&app);
        let made = app.subscribe(&json!(uris).to_string()).unwrap();
        listener.main.set(made["id"].as_str().unwrap().to_owned()).unwrap();
        app.subscribe_group(TEAM).unwrap();
        listener.wait(|told| told.latest.len() == PEOPLE, |told| format!("{} of {PEOPLE} were told", told.latest.len()));

        let mut soak = Soak {
            simulator: &simulator,
            app: &app,
            listener: &listener,
            uris,
            newcomers: 0,
            deck: Vec::new(),
            dice: Dice(seed | 1),
            changes: 0,
            troubles: BTreeMap::new(),
            longest: (Duration::ZERO, Duration::ZERO),
        };
        let month = 24 * days * HOUR;
        let mut early = Usage::default();
        while simulator.elapsed() < month.saturating_sub(12 * HOUR) {
            if soak.dice.roll(2) == 0 {
                soak.step(false);
            }
            if soak.dice.roll(20) == 0 {
                soak.turn_over();
            }
            soak.leap();
            if simulator.elapsed() < month / 3 {
                early = early.most(Usage::now());
            }
        }
        // Quiet hours: what it costs when nothing happens.
        soak.step(true);
        let (before, from) = (app.health().unwrap()["requests"].as_u64().unwrap(), simulator.elapsed());
        while simulator.elapsed() < from + 10 * HOUR {
            soak.leap();
        }
        let hours = (simulator.elapsed() - from).as_secs_f64() / 3_600.0;
        let quiet = (app.health().unwrap()["requests"].as_u64().unwrap() - before) as f64 / hours;
        soak.step(true);

        let told = listener.lock();
        let health = app.health().unwrap();
        say!(
            "{:.1} days in {:.1} s; {} changes, {} events, {} interruptions told; applications: {}, requests: {}, retries: {}, throttled: {}",
            simulator.elapsed().as_secs_f64() / 86_400.0,
            started.elapsed().as_secs_f64(),
            soak.changes,
            told.events,
            told.interruptions,
            health["applications"],
            health["requests"],
            health["retries"],
            health["throttled"]
        );
        say!("{} newcomers; faults: {:?}", soak.newcomers, soak.troubles);
        say!(
            "longest from a change to its event, without a fault: {:.1} s simulated, {:?} in fact",
            soak.longest.0.as_secs_f64(),
            soak.longest.1
        );
        say!("in quiet hours {quiet:.1} requests an hour, {:.4} for each contact", quiet / PEOPLE as f64);
        let late = Usage::now();
        say!("in the first third at most {early}; at the end {late}");

        assert_eq!((told.lagged, told.refused), (0, 0));
        let twice: Vec<_> = told.changes.iter().enumerate().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty(), "told twice: {twice:?}");
        simulator.edit(|directory| {
            let mut seen = HashSet::new();
            for uri in &soak.uris {
                let (now, view) = (&directory.person(uri).unwrap().presence, &told.latest[&uri.to_lowercase()]);
                assert_eq!(
                    (view["availability"].as_str(), view["activity"].as_str()),
                    (now.availability.as_deref(), now.activity.as_deref()),
                    "{uri}"
                );
                seen.insert(uri.to_lowercase());
            }
            assert_eq!(seen.len(), PEOPLE);
        });
        assert_eq!(early.threads, late.threads, "threads");
        // The test itself keeps a byte of each change.
        assert!(late.heap_kb < early.heap_kb + 1_024, "memory: {early}; {late}");
        assert!(days < 3 || soak.troubles.len() == TROUBLES.len(), "not all went wrong: {:?}", soak.troubles);
        drop(told);
    });
}

struct OnDrop<'a>(&'a App);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
