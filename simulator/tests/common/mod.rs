//! A plain client for the tests: it knows HTTP and the way in, no more.
#![allow(dead_code, reason = "no test uses all of it")]

use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;

use serde_json::{Value, json};
use ucwa_simulator::Simulator;
use ureq::Agent;
use ureq::http::Response;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

pub const REVISION_2: (&str, &str) = ("X-MS-RequiresMinResourceVersion", "2");

pub type Reply = Result<Response<String>, ureq::Error>;

/// A client that trusts the simulator and keeps its connections.
pub fn agent(simulator: &Simulator) -> Agent {
    let ca = Certificate::from_pem(&std::fs::read(simulator.ca_file()).unwrap()).unwrap();
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::Specific(Arc::new(vec![ca])))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    Agent::config_builder().tls_config(tls).http_status_as_error(false).proxy(None).max_redirects(0).build().into()
}

fn read(reply: Result<Response<ureq::Body>, ureq::Error>) -> Reply {
    let (head, mut body) = reply?.into_parts();
    Ok(Response::from_parts(head, body.read_to_string()?))
}

/// A GET of somebody who may go away before it is answered.
pub fn sent(simulator: &Simulator, path: &str) -> TcpStream {
    let mut stream = TcpStream::connect(simulator.http_address()).unwrap();
    let token = simulator.issue_token("127.0.0.1");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n").unwrap();
    stream
}

/// A signed-in client.
pub struct Client {
    pub agent: Agent,
    pub origin: String,
    pub token: String,
    /// The address of the application, without its origin.
    pub application: String,
}

impl Client {
    /// Signs in over HTTPS.
    pub fn sign_in(simulator: &Simulator) -> Client {
        Client::sign_in_at(simulator, simulator.url().trim_end_matches('/'))
    }

    pub fn sign_in_at(simulator: &Simulator, origin: &str) -> Client {
        let agent = agent(simulator);
        let mut client = Client { agent, origin: origin.into(), token: String::new(), application: String::new() };
        let form = [("grant_type", "password"), ("username", simulator.sign_in_address()), ("password", simulator.password())];
        let reply = client.agent.post(format!("{origin}/WebTicket/oauthtoken")).send_form(form);
        client.token = json(&read(reply).unwrap())["access_token"].as_str().unwrap().into();
        client.register();
        client
    }

    /// Creates the application, or finds it again.
    pub fn register(&mut self) -> Response<String> {
        let reply =
            self.post("/ucwa/oauth/v1/applications", &json!({"UserAgent": "tests", "endpointId": "e1", "CULTURE": "en-US"})).unwrap();
        self.application = json(&reply)["_links"]["self"]["href"].as_str().unwrap().into();
        reply
    }

    pub fn get(&self, path: &str) -> Reply {
        self.get_with(path, &[])
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let request = self.agent.get(format!("{}{path}", self.origin)).header("Authorization", format!("Bearer {}", self.token));
        read(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).call())
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        let request = self.agent.post(format!("{}{path}", self.origin)).header("Authorization", format!("Bearer {}", self.token));
        read(request.content_type("application/json").send(body.to_string()))
    }

    pub fn delete(&self, path: &str) -> Reply {
        read(self.agent.delete(format!("{}{path}", self.origin)).header("Authorization", format!("Bearer {}", self.token)).call())
    }

    /// Any request; an empty body is none.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response<String> {
        let request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.origin));
        let request = request.header("Authorization", format!("Bearer {}", self.token));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        read(self.agent.run(request.body(body.to_owned()).unwrap())).unwrap()
    }

    /// The same in the second revision.
    pub fn send_2(&self, method: &str, path: &str, body: &Value) -> Response<String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, &[REVISION_2, ("Content-Type", "application/json")], &body)
    }

    /// Reads the second revision of what has to be there.
    pub fn read_2(&self, below: &str) -> Value {
        let reply = self.send_2("GET", &self.at(below), &Value::Null);
        assert_eq!(reply.status(), 200, "{}", reply.body());
        json(&reply)
    }

    /// The address of something of the application.
    pub fn at(&self, below: &str) -> String {
        format!("{}{below}", self.application)
    }

    /// Reads what has to be there.
    pub fn read(&self, below: &str) -> Value {
        let reply = self.get(&self.at(below)).unwrap();
        assert_eq!(reply.status(), 200, "{}", reply.body());
        json(&reply)
    }

    pub fn sara(&self) -> Reply {
        self.get(&self.at("/people/sarad@contoso.com/presence"))
    }
}

pub fn plain(agent: &Agent, url: &str, headers: &[(&str, &str)]) -> Reply {
    read(headers.iter().fold(agent.get(url), |request, (name, value)| request.header(*name, *value)).call())
}

/// Status and subcode.
pub fn outcome(reply: &Response<String>) -> (u16, String) {
    let subcode = serde_json::from_str::<Value>(reply.body()).ok().and_then(|body| body["subcode"].as_str().map(str::to_owned));
    (reply.status().as_u16(), subcode.unwrap_or_default())
}

pub fn json(reply: &Response<String>) -> Value {
    serde_json::from_str(reply.body()).unwrap_or_else(|error| panic!("{error}: {}", reply.body()))
}

pub fn header<'a>(reply: &'a Response<String>, name: &str) -> &'a str {
    reply.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// A request of the control endpoint.
pub fn control(simulator: &Simulator, method: &str, path: &str, body: &str) -> Response<String> {
    let request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", simulator.control_url())).body(body.to_owned());
    read(agent(simulator).run(request.unwrap())).unwrap()
}
