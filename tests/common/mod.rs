//! The C functions as tests call them: safe, with owned texts and parsed JSON.
#![allow(dead_code, reason = "each test program uses its part")]

use serde_json::Value;
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use ucwa::ffi::*;
use ucwa_simulator::Simulator;

/// A failure as the C ABI tells it.
#[derive(Debug)]
pub struct Failure {
    pub status: i32,
    pub message: String,
    pub json: Value,
}

impl Failure {
    fn last() -> Failure {
        unsafe {
            let message = CStr::from_ptr(ucwa_last_error_message()).to_str().unwrap().to_owned();
            let status = ucwa_last_error_status();
            let json: Value = serde_json::from_str(&owned(ucwa_last_error_json()).unwrap()).unwrap();
            assert_eq!(json["message"], message.as_str(), "the same message in both places");
            Failure { status, message, json }
        }
    }

    pub fn request(&self) -> &str {
        self.json["request"].as_str().unwrap_or_default()
    }
}

pub type Outcome<T> = Result<T, Failure>;

fn c(text: &str) -> CString {
    CString::new(text).unwrap()
}

unsafe fn owned(text: *mut c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    unsafe {
        let copy = CStr::from_ptr(text).to_str().unwrap().to_owned();
        ucwa_string_free(text);
        Some(copy)
    }
}

fn text(result: *mut c_char) -> Outcome<String> {
    match unsafe { owned(result) } {
        Some(text) => {
            assert_eq!(unsafe { ucwa_last_error_status() }, UCWA_OK);
            Ok(text)
        }
        None => Err(Failure::last()),
    }
}

fn json(result: *mut c_char) -> Outcome<Value> {
    text(result).map(|text| serde_json::from_str(&text).unwrap())
}

fn done(status: ucwa_status) -> Outcome<()> {
    assert_eq!(status, unsafe { ucwa_last_error_status() });
    if status == UCWA_OK { Ok(()) } else { Err(Failure::last()) }
}

/// A configuration.
pub struct Config(*mut ucwa_config);

unsafe impl Send for Config {}
unsafe impl Sync for Config {}

impl Config {
    pub fn new() -> Config {
        Config(unsafe { ucwa_config_new() })
    }

    /// What signs in to a simulator.
    pub fn of(simulator: &Simulator) -> Config {
        Config::new()
            .with("discovery_url", simulator.url())
            .with("ca_file", simulator.ca_file().to_str().unwrap())
            .with("sign_in_address", simulator.sign_in_address())
            .with("password", simulator.password())
            .with("proxy", "none")
    }

    /// The same without discovery_url: names in contoso.com lead to the simulator, but for the external one.
    pub fn by_name(simulator: &Simulator) -> Config {
        let address = simulator.https_address();
        let hosts = ["lyncdiscoverinternal.contoso.com", "pool1.contoso.com", "pool2.contoso.com"];
        let mut map: Vec<String> = hosts.iter().map(|host| format!("{host}={address}")).collect();
        map.push(format!("lyncdiscover.contoso.com={}", nowhere()));
        Config::of(simulator).without("discovery_url").with("resolve", &map.join(","))
    }

    pub fn with(self, key: &str, value: &str) -> Config {
        self.set(key, Some(value)).unwrap();
        self
    }

    pub fn without(self, key: &str) -> Config {
        self.set(key, None).unwrap();
        self
    }

    pub fn set(&self, key: &str, value: Option<&str>) -> Outcome<()> {
        let value = value.map(c);
        done(unsafe { ucwa_config_set(self.0, c(key).as_ptr(), value.as_ref().map_or(ptr::null(), |v| v.as_ptr())) })
    }

    pub fn get(&self, key: &str) -> Outcome<String> {
        text(unsafe { ucwa_config_get(self.0, c(key).as_ptr()) })
    }

    pub fn sign_in(&self) -> Outcome<App> {
        let application = unsafe { ucwa_sign_in(self.0) };
        if application.is_null() { Err(Failure::last()) } else { Ok(App(application)) }
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        unsafe { ucwa_config_free(self.0) }
    }
}

/// An address where nothing listens: connections are refused at once.
pub fn nowhere() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A signed-in application.
pub struct App(*mut ucwa_application);

unsafe impl Send for App {}
unsafe impl Sync for App {}

impl App {
    /// Signs in to a simulator, and forgets what that cost.
    pub fn on(simulator: &Simulator) -> App {
        let app = Config::of(simulator).sign_in().unwrap();
        simulator.clear_requests();
        app
    }

    pub fn application(&self) -> Outcome<Value> {
        json(unsafe { ucwa_get_application(self.0) })
    }

    pub fn set(&self, key: &str, value: &str) -> Outcome<()> {
        done(unsafe { ucwa_application_set(self.0, c(key).as_ptr(), c(value).as_ptr()) })
    }

    pub fn cancel(&self) {
        done(unsafe { ucwa_application_cancel(self.0) }).unwrap();
    }

    pub fn sign_out(&self) -> Outcome<()> {
        done(unsafe { ucwa_sign_out(self.0) })
    }

    pub fn presence(&self, contact: &str) -> Outcome<Value> {
        self.presence_text(contact).map(|text| serde_json::from_str(&text).unwrap())
    }

    pub fn presence_text(&self, contact: &str) -> Outcome<String> {
        text(unsafe { ucwa_get_contact_presence(self.0, c(contact).as_ptr()) })
    }

    pub fn groups(&self) -> Outcome<Value> {
        json(unsafe { ucwa_get_groups(self.0) })
    }

    pub fn group_contacts(&self, group: &str) -> Outcome<Value> {
        json(unsafe { ucwa_get_group_contacts(self.0, c(group).as_ptr()) })
    }

    pub fn contacts(&self) -> Outcome<Value> {
        json(unsafe { ucwa_get_contacts(self.0) })
    }

    pub fn contact(&self, contact: &str) -> Outcome<Value> {
        json(unsafe { ucwa_get_contact(self.0, c(contact).as_ptr()) })
    }

    pub fn search(&self, query: &str, limit: u32) -> Outcome<Value> {
        json(unsafe { ucwa_search_contacts(self.0, c(query).as_ptr(), limit) })
    }

    pub fn navigate(&self, path: &str) -> Outcome<Value> {
        json(unsafe { ucwa_navigate(self.0, c(path).as_ptr()) })
    }
}

impl Drop for App {
    fn drop(&mut self) {
        unsafe { ucwa_application_free(self.0) }
    }
}

/// The routes that were asked for, in order.
pub fn routes(simulator: &Simulator) -> Vec<String> {
    simulator.requests().into_iter().map(|request| format!("{} {}", request.method, request.route)).collect()
}

/// A simulator, and the library's waits shortened to nearly nothing.
pub fn simulator() -> Simulator {
    shorten_waits();
    Simulator::start().unwrap()
}

pub fn shorten_waits() {
    ucwa::test_clock::set_speed(100);
}

pub const SARA: &str = "sip:SaraD@contoso.com";
