/// @file
/// A signed-in application: presence, people, the user, and everything else that the server has.
#ifndef UCWA_APPLICATION_HPP
#define UCWA_APPLICATION_HPP

#include "config.hpp"
#include "events.hpp"
#include "values.hpp"

namespace ucwa {

/// What to read together with presences; joined with `|`.
enum class include : unsigned {
    nothing = 0,  ///< Presence alone.
    note = 1,     ///< presence::note
    location = 2, ///< presence::location
    contact = 4   ///< presence::contact
};

/// Both.
constexpr include operator|(include one, include other) noexcept
{
    return static_cast<include>(static_cast<unsigned>(one) | static_cast<unsigned>(other));
}

/// How to show the user online.
struct availability_options {
    std::optional<std::string> sign_in_as;              ///< The first availability.
    std::vector<std::string> supported_modalities;      ///< Such as "Messaging".
    std::vector<std::string> supported_message_formats; ///< Such as "Plain".
    std::optional<std::string> phone_number;            ///< For calls by phone.
    std::optional<std::string> audio_preference;        ///< "PhoneAudio" or "VoipAudio".
    std::optional<std::chrono::minutes> inactive_timeout; ///< How long the user may do nothing before the server ends it.
    std::optional<std::chrono::seconds> voip_fallback_to_phone_audio_timeout; ///< When to fall back to the phone.
    bool keep_active = false; ///< Whether the library reports activity by itself.
};

/// A signed-in application.
///
/// Any number of threads may use one at once, all of its methods but moving and destroying it; cancel() makes them
/// return. Destroying does not sign out: the application stays on the server until it expires there.
class application {
public:
    /// Takes ownership of a C handle.
    explicit application(ucwa_application *handle) : handle_(handle)
    {
        if (!handle_) {
            detail::raise_last();
        }
        lender_ = std::make_shared<detail::lender>(handle_.get());
    }
    /// The other one is empty afterwards.
    application(application &&) noexcept = default;
    /// Destroys what it was, and empties the other one.
    application &operator=(application &&other) noexcept
    {
        if (this != &other) {
            end();
            handle_ = std::move(other.handle_);
            lender_ = std::move(other.lender_);
        }
        return *this;
    }
    application(const application &) = delete;
    application &operator=(const application &) = delete;
    /// Ends what waits in other threads, and waits for a callback that runs, unless it is run by that itself.
    ~application() { end(); }

    /// The application itself.
    application_info info() const { return detail::value_of<application_info>(ucwa_get_application(usable())); }

    /// Changes a key of the configuration: "password", "access_token", "timeout_ms", "connect_timeout_ms" or
    /// "max_retries".
    void set(std::string_view key, std::string_view value)
    {
        check(ucwa_application_set(usable(), detail::c_text(key, "key").get(), detail::c_text(value, "value").get()));
    }
    /// Puts one of these keys back to its default.
    void reset(std::string_view key) { check(ucwa_application_set(usable(), detail::c_text(key, "key").get(), nullptr)); }
    /// A password that was renewed.
    void set_password(std::string_view password) { set("password", password); }
    /// A token that was renewed.
    void set_access_token(std::string_view token) { set("access_token", token); }
    /// How long one call may take as a whole, retries included.
    void set_timeout(std::chrono::milliseconds time) { set("timeout_ms", std::to_string(time.count())); }
    /// How long making one connection may take.
    void set_connect_timeout(std::chrono::milliseconds time) { set("connect_timeout_ms", std::to_string(time.count())); }
    /// How often one request is repeated.
    void set_max_retries(unsigned count) { set("max_retries", std::to_string(count)); }

    /// Ends every use of it, for good: what waits in other threads, and every later call, is ucwa::cancelled_error.
    void cancel() { check(ucwa_application_cancel(usable())); }
    /// Deletes it on the server; every later call is ucwa::cancelled_error.
    void sign_out() { check(ucwa_sign_out(usable())); }

    /// @name Presence
    /// @{

    /// The presence of one contact, who need not be in the contact list.
    presence contact_presence(std::string_view contact) const
    {
        return detail::value_of<presence>(ucwa_get_contact_presence(usable(), detail::c_text(contact, "contact").get()));
    }

    /// The presence of many at once, in batches: a range of texts, or texts in braces. Element *i* answers contact *i*;
    /// one that failed has its `error`. An exception means that the call as a whole could not be done: the credentials are
    /// refused, the application was cancelled, or no request got an answer.
    template <class Contacts = detail::texts_in_braces>
    std::vector<presence> contacts_presence(Contacts &&contacts, include with = include::nothing) const
    {
        std::string json = "{\"contacts\":" + detail::array_of(contacts) + ",\"include\":" + names(with) + "}";
        return detail::values_of<presence>(ucwa_get_contacts_presence(usable(), json.c_str()), "presences");
    }

    /// The presence of everybody in a group, in its order; one that failed has its `error`.
    std::vector<presence> group_presence(std::string_view group) const
    {
        return detail::values_of<presence>(ucwa_get_group_presence(usable(), detail::c_text(group, "group").get()), "presences");
    }

    /// @}
    /// @name People
    /// @{

    /// The user's groups.
    std::vector<group> groups() const { return detail::values_of<group>(ucwa_get_groups(usable()), "groups"); }

    /// The contacts of a group: an id, a rel or a name.
    std::vector<ucwa::contact> group_contacts(std::string_view group) const
    {
        return detail::values_of<ucwa::contact>(ucwa_get_group_contacts(usable(), detail::c_text(group, "group").get()), "contacts");
    }

    /// Every contact of the user.
    std::vector<ucwa::contact> contacts() const { return detail::values_of<ucwa::contact>(ucwa_get_contacts(usable()), "contacts"); }

    /// One contact, who need not be in the contact list.
    ucwa::contact contact(std::string_view contact) const
    {
        return detail::value_of<ucwa::contact>(ucwa_get_contact(usable(), detail::c_text(contact, "contact").get()));
    }

    /// Searches the contact list and the organization; `limit` is up to 100, 0 for the server's own.
    search_result search_contacts(std::string_view query, std::uint32_t limit = 0) const
    {
        return detail::value_of<search_result>(ucwa_search_contacts(usable(), detail::c_text(query, "query").get(), limit));
    }

    /// The note that a contact shows.
    note contact_note(std::string_view contact) const
    {
        return detail::value_of<note>(ucwa_get_contact_note(usable(), detail::c_text(contact, "contact").get()));
    }

    /// Where a contact is.
    location contact_location(std::string_view contact) const
    {
        return detail::value_of<location>(ucwa_get_contact_location(usable(), detail::c_text(contact, "contact").get()));
    }

    /// The ways in which a contact can be reached.
    supported_modalities contact_supported_modalities(std::string_view contact) const
    {
        return detail::value_of<supported_modalities>(
            ucwa_get_contact_supported_modalities(usable(), detail::c_text(contact, "contact").get()));
    }

    /// How much of the user a contact may see.
    privacy_relationship contact_privacy_relationship(std::string_view contact) const
    {
        return detail::value_of<privacy_relationship>(
            ucwa_get_contact_privacy_relationship(usable(), detail::c_text(contact, "contact").get()));
    }

    /// Sets how much of the user a contact may see, such as ucwa::privacy::workgroup.
    void set_contact_privacy_relationship(std::string_view contact, std::string_view level)
    {
        check(ucwa_set_contact_privacy_relationship(usable(), detail::c_text(contact, "contact").get(), detail::c_text(level, "level").get()));
    }

    /// Leaves that to the server again.
    void reset_contact_privacy_relationship(std::string_view contact)
    {
        check(ucwa_reset_contact_privacy_relationship(usable(), detail::c_text(contact, "contact").get()));
    }

    /// The photo of a contact; a size is a text such as "HR96X96".
    photo contact_photo(std::string_view contact, std::optional<std::string_view> size = std::nullopt) const
    {
        return photo_from([&](unsigned char **data, std::size_t *count, char **media_type) {
            return ucwa_get_contact_photo(usable(), detail::c_text(contact, "contact").get(), detail::c_text(size, "size").get(), data,
                                          count, media_type);
        });
    }

    /// Puts a contact into a group; without one the server chooses.
    membership add_contact(std::string_view contact, std::optional<std::string_view> group = std::nullopt)
    {
        return detail::value_of<membership>(
            ucwa_add_contact(usable(), detail::c_text(contact, "contact").get(), detail::c_text(group, "group").get()));
    }

    /// Takes a contact out of a group; without one out of all.
    void remove_contact(std::string_view contact, std::optional<std::string_view> group = std::nullopt)
    {
        check(ucwa_remove_contact(usable(), detail::c_text(contact, "contact").get(), detail::c_text(group, "group").get()));
    }

    /// Makes a group.
    group add_group(std::string_view name)
    {
        return detail::value_of<group>(ucwa_add_group(usable(), detail::c_text(name, "name").get()));
    }

    /// Renames a group that the user made.
    void rename_group(std::string_view group, std::string_view name)
    {
        check(ucwa_rename_group(usable(), detail::c_text(group, "group").get(), detail::c_text(name, "name").get()));
    }

    /// Removes a group that the user made.
    void remove_group(std::string_view group) { check(ucwa_remove_group(usable(), detail::c_text(group, "group").get())); }

    /// @}
    /// @name Live
    /// @{

    /// Subscribes to the presence of contacts, a range of texts or texts in braces: the present state of each comes as an
    /// event, then every change, through lost connections and restarted servers.
    template <class Contacts = detail::texts_in_braces>
    [[nodiscard]] subscription subscribe_presence(Contacts &&contacts, include with = include::nothing)
    {
        const std::string json = "{\"contacts\":" + detail::array_of(contacts) + ",\"include\":" + names(with) + "}";
        return subscription(lender_, ucwa_subscribe_presence(usable(), json.c_str()));
    }
    /// Subscribes to the presence of a group's members, whoever they are at any time.
    [[nodiscard]] subscription subscribe_group_presence(std::string_view group)
    {
        return subscription(lender_, ucwa_subscribe_group_presence(usable(), detail::c_text(group, "group").get()));
    }
    /// Subscribes to changes of the contact list and its groups.
    [[nodiscard]] subscription subscribe_contacts_and_groups()
    {
        return subscription(lender_, ucwa_subscribe_contacts_and_groups(usable()));
    }
    /// Adds contacts to a subscription by its id, and removes others: ranges of texts, or texts in braces. Whom it is
    /// about then.
    template <class Added = detail::texts_in_braces, class Removed = detail::texts_in_braces>
    std::vector<std::string> change_subscription(std::string_view id, Added &&added, Removed &&removed)
    {
        const std::string json = detail::change_of(added, removed);
        const ucwa::json changed = detail::parsed(ucwa_change_subscription(usable(), detail::c_text(id, "id").get(), json.c_str()));
        return detail::object(changed.handle()).texts("contacts");
    }
    /// Ends a subscription by its id; what is gone is ucwa::not_found_error.
    void unsubscribe_presence(std::string_view id) { check(ucwa_unsubscribe_presence(usable(), detail::c_text(id, "id").get())); }

    /// Waits for the next event; nothing where none came in time. Any number of threads may, and each event goes to one.
    template <class Number, class Period>
    std::optional<event> next_event(std::chrono::duration<Number, Period> timeout)
    {
        return detail::next_event(usable(), detail::milliseconds_of(timeout));
    }
    /// Waits for the next event for as long as it takes; cancel() wakes it.
    event next_event() { return *detail::next_event(usable(), -1); }
    /// The events as they come: `for (const ucwa::event &event : application.events())`. It ends when the application is
    /// cancelled or signed out. The application must outlive it.
    event_range events() & { return event_range(usable(), -1); }
    /// The same, until none came for so long.
    template <class Number, class Period>
    event_range events(std::chrono::duration<Number, Period> longest_wait) &
    {
        return event_range(usable(), detail::milliseconds_of(longest_wait));
    }

    /// Sets what takes events as they come, on a thread of the library; it may call any method but the destructor. When it
    /// returns, the former one runs no more. Events are pulled or pushed: while somebody waits for one, and after
    /// event_descriptor(), it is ucwa::conflict_error.
    void on_event(event_callback callback)
    {
        if (!callback) {
            return reset_on_event();
        }
        auto data = std::make_unique<event_callback>(std::move(callback));
        check(ucwa_set_event_callback(usable(), detail::take_event, data.get(), detail::destroy_event_callback));
        // It is the library's by now.
        static_cast<void>(data.release());
    }
    /// Removes it: events wait again.
    void reset_on_event() { check(ucwa_set_event_callback(usable(), nullptr, nullptr, nullptr)); }

    /// What a poll loop watches: readable while events wait (on Windows the HANDLE of an event). It is not to be closed.
    std::intptr_t event_descriptor()
    {
        const std::intptr_t descriptor = ucwa_event_descriptor(usable());
        if (descriptor == -1) {
            detail::raise_last();
        }
        return descriptor;
    }

    /// How it fares; nothing is asked of the server.
    ucwa::health health() const { return detail::value_of<ucwa::health>(ucwa_get_health(usable())); }

    /// @}
    /// @name The user
    /// @{

    /// The user's own data.
    ucwa::contact me() const { return detail::value_of<ucwa::contact>(ucwa_get_me(usable())); }

    /// Shows the user online; the user's own presence, note and location need it first.
    void make_me_available() { check(ucwa_make_me_available(usable(), nullptr)); }
    /// The same with options.
    void make_me_available(const availability_options &options)
    {
        check(ucwa_make_me_available(usable(), detail::c_text(json_of(options), "options_json").get()));
    }
    /// The same with options as JSON, for what availability_options does not have.
    void make_me_available(std::string_view options_json)
    {
        check(ucwa_make_me_available(usable(), detail::c_text(options_json, "options_json").get()));
    }

    /// Tells the server that the user is active.
    void report_my_activity() { check(ucwa_report_my_activity(usable())); }

    /// The user's own presence.
    presence my_presence() const { return detail::value_of<presence>(ucwa_get_my_presence(usable())); }
    /// Sets it, to ucwa::availability::busy and the like.
    void set_my_presence(std::string_view availability)
    {
        check(ucwa_set_my_presence(usable(), detail::c_text(availability, "availability").get()));
    }
    /// Leaves it to the server again.
    void reset_my_presence() { check(ucwa_reset_my_presence(usable())); }

    /// The user's own note.
    note my_note() const { return detail::value_of<note>(ucwa_get_my_note(usable())); }
    /// Sets it.
    void set_my_note(std::string_view message) { check(ucwa_set_my_note(usable(), detail::c_text(message, "message").get())); }
    /// Removes it.
    void reset_my_note() { check(ucwa_reset_my_note(usable())); }

    /// Where the user is.
    location my_location() const { return detail::value_of<location>(ucwa_get_my_location(usable())); }
    /// Sets it.
    void set_my_location(std::string_view location)
    {
        check(ucwa_set_my_location(usable(), detail::c_text(location, "location").get()));
    }
    /// Removes it.
    void reset_my_location() { check(ucwa_reset_my_location(usable())); }

    /// The user's own phones.
    std::vector<phone> my_phones() const { return detail::values_of<phone>(ucwa_get_my_phones(usable()), "phones"); }

    /// The user's own photo; a size is a text such as "HR96X96".
    photo my_photo(std::optional<std::string_view> size = std::nullopt) const
    {
        return photo_from([&](unsigned char **data, std::size_t *count, char **media_type) {
            return ucwa_get_my_photo(usable(), detail::c_text(size, "size").get(), data, count, media_type);
        });
    }

    /// @}
    /// @name Anything else
    /// @{

    /// Follows a path of link relations, as ucwa.h describes it; the resource's JSON as it stands.
    std::string navigate(std::string_view path) const { return owned(ucwa_navigate(usable(), detail::c_text(path, "path").get())); }

    /// Sends any request; the answer as JSON, with `status` and `body`.
    std::string request(std::string_view method, std::string_view href, std::optional<std::string_view> body_json = std::nullopt)
    {
        return owned(ucwa_request(usable(), detail::c_text(method, "method").get(), detail::c_text(href, "href").get(),
                                  detail::c_text(body_json, "body_json").get()));
    }

    /// @}

    /// The C handle, borrowed.
    ucwa_application *handle() const noexcept { return handle_.get(); }

private:
    struct deleter {
        void operator()(ucwa_application *application) const noexcept { ucwa_application_free(application); }
    };

    ucwa_application *usable() const
    {
        if (!handle_) {
            detail::raise_argument("this application was moved from");
        }
        return handle_.get();
    }

    void end() noexcept
    {
        if (lender_) {
            // Its callback may be using this object until it has ended.
            lender_->end();
            static_cast<void>(handle_.release());
            lender_.reset();
        }
    }

    static std::string names(include with)
    {
        std::vector<std::string_view> names;
        const auto add = [&](include one, std::string_view name) {
            if ((static_cast<unsigned>(with) & static_cast<unsigned>(one)) != 0) {
                names.push_back(name);
            }
        };
        add(include::note, "note");
        add(include::location, "location");
        add(include::contact, "contact");
        return detail::array_of(names);
    }

    static std::string json_of(const availability_options &options)
    {
        std::string json = std::string("{\"keepActive\":") + (options.keep_active ? "true" : "false");
        const auto member = [&](const char *name, const std::string &value) { json += std::string(",\"") + name + "\":" + value; };
        const auto text = [&](const char *name, const std::optional<std::string> &value) {
            if (value) {
                member(name, detail::quoted(*value));
            }
        };
        const auto texts = [&](const char *name, const std::vector<std::string> &values) {
            if (!values.empty()) {
                member(name, detail::array_of(values));
            }
        };
        text("signInAs", options.sign_in_as);
        texts("supportedModalities", options.supported_modalities);
        texts("supportedMessageFormats", options.supported_message_formats);
        text("phoneNumber", options.phone_number);
        text("audioPreference", options.audio_preference);
        if (const auto time = options.inactive_timeout) {
            member("inactiveTimeout", "\"PT" + std::to_string(time->count()) + "M\"");
        }
        if (const auto time = options.voip_fallback_to_phone_audio_timeout) {
            member("voipFallbackToPhoneAudioTimeOut", "\"PT" + std::to_string(time->count()) + "S\"");
        }
        return json += '}';
    }

    template <class Read>
    static photo photo_from(Read read)
    {
        unsigned char *data = nullptr;
        std::size_t size = 0;
        char *media_type = nullptr;
        check(read(&data, &size, &media_type));
        const auto free_bytes = [&](unsigned char *bytes) { ucwa_bytes_free(bytes, size); };
        const std::unique_ptr<unsigned char, decltype(free_bytes)> bytes(data, free_bytes);
        const detail::text_handle type(media_type);
        photo picture;
        picture.data.assign(data, data + size);
        picture.media_type = type ? type.get() : "";
        return picture;
    }

    std::unique_ptr<ucwa_application, deleter> handle_;
    /// Shared with the subscriptions.
    std::shared_ptr<detail::lender> lender_;
};

/// Finds the user's server and signs in there. The configuration is copied: to change or destroy it later does not
/// change the application.
[[nodiscard]] inline application sign_in(const config &how)
{
    ucwa_application *handle = ucwa_sign_in(how.handle());
    if (handle == nullptr) {
        detail::raise_last();
    }
    detail::thrown_by_callback() = nullptr;
    return application(handle);
}

} // namespace ucwa

#endif
