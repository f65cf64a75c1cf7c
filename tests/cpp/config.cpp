// The configuration: every key has its setter, and values are checked.
#include "check.hpp"

#include <set>

using namespace std::chrono_literals;

static void setters()
{
    ucwa::config config;
    config.sign_in_address("sip:lenea@contoso.com")
        .username("CONTOSO\\lenea")
        .password("secret")
        .auth("password")
        .access_token("cwt=1")
        .discovery_url("https://pool.contoso.com/")
        .application_url("https://pool.contoso.com/ucwa/oauth/v1/applications/1")
        .user_agent("test")
        .culture("de-DE")
        .endpoint_id("one")
        .minimum_tls("1.3")
        .proxy("none")
        .no_proxy("localhost")
        .resolve("pool.contoso.com=127.0.0.1")
        .trusted_domains("*.contoso.com")
        .timeout(5s)
        .connect_timeout(1500ms)
        .max_retries(0)
        .max_outstanding(7)
        .allow_insecure_http(true);
    CHECK(config.get("username") == "CONTOSO\\lenea");
    CHECK(config.get("timeout_ms") == "5000" && config.get("connect_timeout_ms") == "1500");
    CHECK(config.get("max_retries") == "0" && config.get("max_outstanding") == "7");
    CHECK(config.get("allow_insecure_http") == "true");
    CHECK(config.allow_insecure_http(false).get("allow_insecure_http") == "false");
    CHECK(config.reset("culture").get("culture") == "en-US");
    CHECK(config.get("ca_file").empty());
    CHECK_THROWS(config.get("password"), ucwa::forbidden_error, "password");
}

static void what_is_refused()
{
    ucwa::config config;
    CHECK_THROWS(config.timeout(0s), ucwa::invalid_config_error, "timeout_ms");
    CHECK_THROWS(config.timeout(-5s), ucwa::invalid_config_error, "timeout_ms");
    CHECK_THROWS(config.max_retries(21), ucwa::invalid_config_error, "max_retries");
    CHECK_THROWS(config.set("colour", "blue"), ucwa::invalid_config_error, "colour");
    CHECK_THROWS(config.ca_file("/no/such/file.pem"), ucwa::invalid_config_error, "ca_file");
    CHECK_THROWS(config.ca_dir("/no/such/folder"), ucwa::invalid_config_error, "ca_dir");
    CHECK_THROWS(config.client_certificate("/no/such/file.pem"), ucwa::invalid_config_error, "client_certificate");
    CHECK_THROWS(config.client_key("/no/such/file.pem"), ucwa::invalid_config_error, "client_key");
    CHECK(config.get("timeout_ms") == "30000");
    CHECK_THROWS(ucwa::sign_in(config), ucwa::invalid_config_error, "sign_in_address");
}

static void keys()
{
    std::set<std::string> names;
    for (const ucwa::config_key &key : ucwa::config::keys()) {
        CHECK(!key.key.empty() && !key.values.empty() && !key.description.empty());
        CHECK(key.secret == (key.key == "password" || key.key == "access_token"));
        names.insert(key.key);
        if (key.key == "timeout_ms") {
            CHECK(key.default_value == "30000");
        }
        if (key.key == "password") {
            CHECK(!key.default_value);
        }
    }
    CHECK(names.count("sign_in_address") == 1 && names.size() > 20);
}

int main()
{
    return run([] {
        setters();
        what_is_refused();
        keys();
    });
}
