/// @file
/// How to sign in.
#ifndef UCWA_CONFIG_HPP
#define UCWA_CONFIG_HPP

#include "json.hpp"

#include <functional>

namespace ucwa {

/// What a server asks for when it wants a token.
struct token_challenge {
    std::string url;                       ///< What the library wants to ask for.
    std::string host;                      ///< Scheme, name and port: the token is sent to this host and to no other.
    std::optional<std::string> token_url;  ///< Where the server gives tokens.
    std::vector<std::string> grants;       ///< The kinds of grant that it offers.
    std::string reason;                    ///< "challenged", or "refused" where the last token is no longer good.
};

/// Brings a bearer token, without "Bearer "; or nothing, where there is none.
///
/// It runs on the thread whose call needs the token, perhaps on several threads at once. The call then fails with
/// ucwa::authentication_failed_error where there is no token; where the callback threw, what it threw is nested in that
/// (std::rethrow_if_nested).
using token_callback = std::function<std::optional<std::string>(const token_challenge &)>;

/// A line of the table of configuration keys.
struct config_key {
    std::string key;                           ///< The name for config::set.
    std::optional<std::string> default_value;  ///< The value without setting it.
    std::string values;                        ///< What is allowed, for people.
    bool secret = false;                       ///< Whether config::get refuses to hand it out.
    std::string description;                   ///< What it is for, for people.
};

/// How to sign in: a value for each key, and perhaps a token callback.
///
/// Every key of the table in ucwa.h has a setter of its name. A value is checked at once; one that cannot be used
/// throws ucwa::invalid_config_error and changes nothing. Any number of threads may read it or sign in with it; while
/// one changes it, no other uses it.
class config {
public:
    /// Every key with its default.
    config() : handle_(ucwa_config_new())
    {
        if (!handle_) {
            detail::raise_last();
        }
    }

    /// Sets a key by its name.
    config &set(std::string_view key, std::string_view value)
    {
        check(ucwa_config_set(handle(), detail::c_text(key, "key").get(), detail::c_text(value, "value").get()));
        return *this;
    }

    /// Puts a key back to its default.
    config &reset(std::string_view key)
    {
        check(ucwa_config_set(handle(), detail::c_text(key, "key").get(), nullptr));
        return *this;
    }

    /// What was set, else the default, else nothing at all. A secret is ucwa::forbidden_error.
    std::string get(std::string_view key) const { return owned(ucwa_config_get(handle(), detail::c_text(key, "key").get())); }

    /// The table of keys that the library knows.
    static std::vector<config_key> keys()
    {
        const json table = detail::parsed(ucwa_config_keys());
        std::vector<config_key> keys;
        const std::size_t count = table.size("").value_or(0);
        for (std::size_t i = 0; i < count; i++) {
            const detail::object line(table.handle(), '/' + std::to_string(i));
            config_key key;
            key.key = line.text("key").value_or("");
            key.default_value = line.text("default");
            key.values = line.text("values").value_or("");
            key.secret = line.boolean("secret").value_or(false);
            key.description = line.text("description").value_or("");
            keys.push_back(std::move(key));
        }
        return keys;
    }

    /// Who signs in, a SIP URI; discovery starts at its domain.
    config &sign_in_address(std::string_view address) { return set("sign_in_address", address); }
    /// The account, where it is called otherwise than the sign-in address.
    config &username(std::string_view name) { return set("username", name); }
    /// The password.
    config &password(std::string_view password) { return set("password", password); }
    /// Which way of signing in to use: "password" or "token".
    config &auth(std::string_view way) { return set("auth", way); }
    /// A bearer token obtained elsewhere, without "Bearer ".
    config &access_token(std::string_view token) { return set("access_token", token); }
    /// Where discovery starts, instead of the domain's well-known names.
    config &discovery_url(std::string_view url) { return set("discovery_url", url); }
    /// An application that exists already, to attach to.
    config &application_url(std::string_view url) { return set("application_url", url); }
    /// What the application calls itself.
    config &user_agent(std::string_view name) { return set("user_agent", name); }
    /// The language of texts that the server writes, such as "de-DE".
    config &culture(std::string_view name) { return set("culture", name); }
    /// Identifies this process to the server.
    config &endpoint_id(std::string_view id) { return set("endpoint_id", id); }
    /// A file in PEM or DER with further trusted certificate authorities.
    config &ca_file(std::string_view path) { return set("ca_file", path); }
    /// A folder of such files.
    config &ca_dir(std::string_view path) { return set("ca_dir", path); }
    /// A PEM file with the client's certificate chain.
    config &client_certificate(std::string_view path) { return set("client_certificate", path); }
    /// A PEM file with its private key.
    config &client_key(std::string_view path) { return set("client_key", path); }
    /// The oldest TLS version taken: "1.2" or "1.3".
    config &minimum_tls(std::string_view version) { return set("minimum_tls", version); }
    /// The proxy's URL, or "none".
    config &proxy(std::string_view url) { return set("proxy", url); }
    /// Hosts that bypass it or the environment's, separated by commas, semicolons or blanks.
    config &no_proxy(std::string_view hosts) { return set("no_proxy", hosts); }
    /// host=address[:port], separated by commas: addresses used instead of name resolution.
    config &resolve(std::string_view addresses) { return set("resolve", addresses); }
    /// Where discovery over plain http may be led to: hosts or *.domain, separated by commas.
    config &trusted_domains(std::string_view hosts) { return set("trusted_domains", hosts); }
    /// How long one call may take as a whole, retries included.
    config &timeout(std::chrono::milliseconds time) { return set("timeout_ms", std::to_string(time.count())); }
    /// How long making one connection may take, all addresses of a name included.
    config &connect_timeout(std::chrono::milliseconds time) { return set("connect_timeout_ms", std::to_string(time.count())); }
    /// How often one request is repeated that failed in a way worth repeating.
    config &max_retries(unsigned count) { return set("max_retries", std::to_string(count)); }
    /// How many requests may be under way at once.
    config &max_outstanding(unsigned count) { return set("max_outstanding", std::to_string(count)); }
    /// Lets passwords and tokens go over plain http beyond this machine. For laboratories only.
    config &allow_insecure_http(bool allow) { return set("allow_insecure_http", allow ? "true" : "false"); }

    /// Sets what is asked for a token whenever one is needed; an empty function removes it. What is signed in with
    /// this configuration keeps the one that was set then.
    config &on_token(token_callback callback)
    {
        if (!callback) {
            check(ucwa_config_set_token_callback(handle(), nullptr, nullptr, nullptr));
            return *this;
        }
        auto data = std::make_unique<token_callback>(std::move(callback));
        check(ucwa_config_set_token_callback(handle(), ask, data.get(), destroy));
        // From here on it is the library's, which calls destroy.
        static_cast<void>(data.release());
        return *this;
    }

    /// The C handle, borrowed.
    ucwa_config *handle() const noexcept { return handle_.get(); }

private:
    struct deleter {
        void operator()(ucwa_config *config) const noexcept { ucwa_config_free(config); }
    };

    /// The callback as C knows it. Nothing that is thrown passes through the library.
    static char *ask(const char *challenge_json, void *user_data) noexcept
    {
        try {
            std::optional<std::string> token = (*static_cast<const token_callback *>(user_data))(read(challenge_json));
            char *copy = nullptr;
            if (token) {
                copy = ucwa_string_new(detail::c_text(*token, "token").get());
                detail::wipe(*token);
            }
            detail::thrown_by_callback() = nullptr;
            return copy;
        } catch (...) {
            detail::thrown_by_callback() = std::current_exception();
            return nullptr;
        }
    }

    static void destroy(void *user_data) noexcept { delete static_cast<token_callback *>(user_data); }

    static token_challenge read(const char *challenge_json)
    {
        const json whole{std::string_view(challenge_json)};
        const detail::object members(whole.handle());
        token_challenge challenge;
        challenge.url = members.text("url").value_or("");
        challenge.host = members.text("host").value_or("");
        challenge.token_url = members.text("tokenUrl");
        challenge.grants = members.texts("grants");
        challenge.reason = members.text("reason").value_or("");
        return challenge;
    }

    std::unique_ptr<ucwa_config, deleter> handle_;
};

} // namespace ucwa

#endif
