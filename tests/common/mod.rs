//! The C functions as tests call them: safe, with owned texts and parsed JSON.
#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "all hand over live handles, and texts that end with NUL and outlive the call")]

pub mod golden;
pub mod small;

use serde_json::Value;
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;
use std::time::Duration;
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
    pub fn last() -> Failure {
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
    text(result).map(|text| {
        assert!(is_readable(&text), "the library's own reader refuses {text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    })
}

/// Whether the library's own reader takes a text.
pub fn is_readable(text: &str) -> bool {
    unsafe {
        let parsed = ucwa_json_parse(c(text).as_ptr());
        ucwa_json_free(parsed);
        !parsed.is_null()
    }
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

    /// Asks a function for tokens.
    pub fn on_token(&self, give: Box<dyn Fn(Value) -> Option<String> + Send + Sync>) {
        type Give = Box<dyn Fn(Value) -> Option<String> + Send + Sync>;
        unsafe extern "C" fn token(challenge_json: *const c_char, user_data: *mut c_void) -> *mut c_char {
            unsafe {
                let give = &*user_data.cast::<Give>();
                let token = give(serde_json::from_str(CStr::from_ptr(challenge_json).to_str().unwrap()).unwrap());
                token.map_or(ptr::null_mut(), |token| ucwa_string_new(c(&token).as_ptr()))
            }
        }
        unsafe extern "C" fn destroy(user_data: *mut c_void) {
            unsafe { drop(Box::from_raw(user_data.cast::<Give>())) }
        }
        let data = Box::into_raw(Box::new(give)).cast::<c_void>();
        done(unsafe { ucwa_config_set_token_callback(self.0, Some(token), data, Some(destroy)) }).unwrap();
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

    /// For calls of which a test measures what they cost, without what these wrappers add.
    pub fn handle(&self) -> *mut ucwa_application {
        self.0
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

    pub fn presences(&self, contacts_json: &str) -> Outcome<Value> {
        json(unsafe { ucwa_get_contacts_presence(self.0, c(contacts_json).as_ptr()) })
    }

    /// The presences of these contacts, in an array.
    pub fn presences_of<T: AsRef<str>>(&self, contacts: &[T]) -> Outcome<Vec<Value>> {
        let contacts: Vec<&str> = contacts.iter().map(AsRef::as_ref).collect();
        let found = self.presences(&serde_json::to_string(&contacts).unwrap())?;
        Ok(found["presences"].as_array().unwrap().clone())
    }

    pub fn group_presence(&self, group: &str) -> Outcome<Value> {
        json(unsafe { ucwa_get_group_presence(self.0, c(group).as_ptr()) })
    }

    pub fn facet(&self, name: &str, contact: &str) -> Outcome<Value> {
        let contact = c(contact);
        json(unsafe {
            match name {
                "note" => ucwa_get_contact_note(self.0, contact.as_ptr()),
                "location" => ucwa_get_contact_location(self.0, contact.as_ptr()),
                "supported_modalities" => ucwa_get_contact_supported_modalities(self.0, contact.as_ptr()),
                "privacy_relationship" => ucwa_get_contact_privacy_relationship(self.0, contact.as_ptr()),
                _ => panic!("{name}"),
            }
        })
    }

    pub fn set_privacy(&self, contact: &str, level: &str) -> Outcome<()> {
        done(unsafe { ucwa_set_contact_privacy_relationship(self.0, c(contact).as_ptr(), c(level).as_ptr()) })
    }

    pub fn reset_privacy(&self, contact: &str) -> Outcome<()> {
        done(unsafe { ucwa_reset_contact_privacy_relationship(self.0, c(contact).as_ptr()) })
    }

    /// Bytes and media type; `None` asks for the user's own photo.
    pub fn photo(&self, contact: Option<&str>, size: Option<&str>) -> Outcome<(Vec<u8>, String)> {
        let size = size.map(c);
        let size = size.as_ref().map_or(ptr::null(), |size| size.as_ptr());
        let (mut data, mut data_size, mut media_type) = (ptr::null_mut(), 7, ptr::null_mut());
        unsafe {
            let status = match contact {
                Some(contact) => ucwa_get_contact_photo(self.0, c(contact).as_ptr(), size, &mut data, &mut data_size, &mut media_type),
                None => ucwa_get_my_photo(self.0, size, &mut data, &mut data_size, &mut media_type),
            };
            if status != UCWA_OK {
                assert!(data.is_null() && data_size == 0 && media_type.is_null());
            }
            done(status)?;
            let bytes = std::slice::from_raw_parts(data, data_size).to_vec();
            ucwa_bytes_free(data, data_size);
            Ok((bytes, owned(media_type).unwrap()))
        }
    }

    pub fn add_contact(&self, contact: &str, group: Option<&str>) -> Outcome<Value> {
        let group = group.map(c);
        json(unsafe { ucwa_add_contact(self.0, c(contact).as_ptr(), group.as_ref().map_or(ptr::null(), |group| group.as_ptr())) })
    }

    pub fn remove_contact(&self, contact: &str, group: Option<&str>) -> Outcome<()> {
        let group = group.map(c);
        done(unsafe { ucwa_remove_contact(self.0, c(contact).as_ptr(), group.as_ref().map_or(ptr::null(), |group| group.as_ptr())) })
    }

    pub fn add_group(&self, name: &str) -> Outcome<Value> {
        json(unsafe { ucwa_add_group(self.0, c(name).as_ptr()) })
    }

    pub fn rename_group(&self, group: &str, name: &str) -> Outcome<()> {
        done(unsafe { ucwa_rename_group(self.0, c(group).as_ptr(), c(name).as_ptr()) })
    }

    pub fn remove_group(&self, group: &str) -> Outcome<()> {
        done(unsafe { ucwa_remove_group(self.0, c(group).as_ptr()) })
    }

    pub fn me(&self) -> Outcome<Value> {
        json(unsafe { ucwa_get_me(self.0) })
    }

    pub fn make_me_available(&self, options: Option<&str>) -> Outcome<()> {
        let options = options.map(c);
        done(unsafe { ucwa_make_me_available(self.0, options.as_ref().map_or(ptr::null(), |options| options.as_ptr())) })
    }

    pub fn report_my_activity(&self) -> Outcome<()> {
        done(unsafe { ucwa_report_my_activity(self.0) })
    }

    pub fn mine(&self, name: &str) -> Outcome<Value> {
        json(unsafe {
            match name {
                "presence" => ucwa_get_my_presence(self.0),
                "note" => ucwa_get_my_note(self.0),
                "location" => ucwa_get_my_location(self.0),
                "phones" => ucwa_get_my_phones(self.0),
                _ => panic!("{name}"),
            }
        })
    }

    /// Sets what is the user's own; `None` resets it.
    pub fn set_mine(&self, name: &str, value: Option<&str>) -> Outcome<()> {
        let value = value.map(c);
        done(unsafe {
            match (name, value) {
                ("presence", Some(value)) => ucwa_set_my_presence(self.0, value.as_ptr()),
                ("presence", None) => ucwa_reset_my_presence(self.0),
                ("note", Some(value)) => ucwa_set_my_note(self.0, value.as_ptr()),
                ("note", None) => ucwa_reset_my_note(self.0),
                ("location", Some(value)) => ucwa_set_my_location(self.0, value.as_ptr()),
                ("location", None) => ucwa_reset_my_location(self.0),
                _ => panic!("{name}"),
            }
        })
    }

    pub fn request(&self, method: &str, href: &str, body: Option<&str>) -> Outcome<Value> {
        let body = body.map(c);
        let body = body.as_ref().map_or(ptr::null(), |body| body.as_ptr());
        json(unsafe { ucwa_request(self.0, c(method).as_ptr(), c(href).as_ptr(), body) })
    }

    pub fn groups(&self) -> Outcome<Value> {
        json(unsafe { ucwa_get_groups(self.0) })
    }

    pub fn group_contacts(&self, group: &str) -> Outcome<Value> {
        json(unsafe { ucwa_get_group_contacts(self.0, c(group).as_ptr()) })
    }

    pub fn navigate_text(&self, path: &str) -> Outcome<String> {
        text(unsafe { ucwa_navigate(self.0, c(path).as_ptr()) })
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

    pub fn subscribe(&self, contacts_json: &str) -> Outcome<Value> {
        json(unsafe { ucwa_subscribe_presence(self.0, c(contacts_json).as_ptr()) })
    }

    pub fn subscribe_group(&self, group: &str) -> Outcome<Value> {
        json(unsafe { ucwa_subscribe_group_presence(self.0, c(group).as_ptr()) })
    }

    pub fn subscribe_lists(&self) -> Outcome<Value> {
        json(unsafe { ucwa_subscribe_contacts_and_groups(self.0) })
    }

    pub fn change_subscription(&self, id: &str, change_json: &str) -> Outcome<Value> {
        json(unsafe { ucwa_change_subscription(self.0, c(id).as_ptr(), c(change_json).as_ptr()) })
    }

    pub fn unsubscribe(&self, id: &str) -> Outcome<()> {
        done(unsafe { ucwa_unsubscribe_presence(self.0, c(id).as_ptr()) })
    }

    pub fn next_event(&self, timeout_ms: i32) -> Outcome<Value> {
        json(unsafe { ucwa_next_event(self.0, timeout_ms) })
    }

    /// Hands each event to a function, from a thread of the library.
    pub fn on_event(&self, take: Box<dyn Fn(Value) + Send + Sync>) -> Outcome<()> {
        unsafe extern "C" fn event(event_json: *const c_char, user_data: *mut c_void) {
            unsafe {
                let take = &*user_data.cast::<Box<dyn Fn(Value) + Send + Sync>>();
                take(serde_json::from_str(CStr::from_ptr(event_json).to_str().unwrap()).unwrap());
            }
        }
        unsafe extern "C" fn destroy(user_data: *mut c_void) {
            unsafe { drop(Box::from_raw(user_data.cast::<Box<dyn Fn(Value) + Send + Sync>>())) }
        }
        let data = Box::into_raw(Box::new(take)).cast::<c_void>();
        let outcome = done(unsafe { ucwa_set_event_callback(self.0, Some(event), data, Some(destroy)) });
        if outcome.is_err() {
            unsafe { destroy(data) }
        }
        outcome
    }

    pub fn no_callback(&self) -> Outcome<()> {
        done(unsafe { ucwa_set_event_callback(self.0, None, ptr::null_mut(), None) })
    }

    pub fn descriptor(&self) -> Outcome<isize> {
        match unsafe { ucwa_event_descriptor(self.0) } {
            -1 => Err(Failure::last()),
            number => Ok(number),
        }
    }

    pub fn health(&self) -> Outcome<Value> {
        json(unsafe { ucwa_get_health(self.0) })
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

/// For what is over in a moment on an idle machine: a guard against waiting for a deadline, and no measurement.
pub const GUARD: Duration = Duration::from_secs(25);

pub const SARA: &str = "sip:SaraD@contoso.com";
