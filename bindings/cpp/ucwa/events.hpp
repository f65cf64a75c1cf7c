/// @file
/// Live presence: subscriptions, the events that they bring, and how an application fares.
#ifndef UCWA_EVENTS_HPP
#define UCWA_EVENTS_HPP

#include "lender.hpp"
#include "values.hpp"

#include <functional>
#include <iterator>
#include <limits>
#include <variant>

namespace ucwa {

/// The present state of a contact, once after subscribing, and then each change.
struct presence_event {
    std::string uri;                        ///< Who.
    ucwa::presence presence;                ///< What it is now.
    std::vector<std::string> subscriptions; ///< The ids of those that wanted to know.
};

/// A contact's note, where it was included.
struct note_event {
    std::string uri;                        ///< Who.
    ucwa::note note;                        ///< What it is now.
    std::vector<std::string> subscriptions; ///< The ids of those that wanted to know.
};

/// Where a contact is, where it was included.
struct location_event {
    std::string uri;                        ///< Who.
    ucwa::location location;                ///< What it is now.
    std::vector<std::string> subscriptions; ///< The ids of those that wanted to know.
};

/// A contact's data, where it was included.
struct contact_event {
    std::string uri;                        ///< Who.
    ucwa::contact contact;                  ///< What it is now.
    std::vector<std::string> subscriptions; ///< The ids of those that wanted to know.
};

/// Somebody came to a group, or to the contact list.
struct contact_added {
    std::string uri;                        ///< Who.
    ucwa::contact contact;                  ///< What is known of them.
    std::optional<ucwa::group> group;       ///< The group; empty for the contact list as a whole.
    std::vector<std::string> subscriptions; ///< The ids of those that wanted to know.
};

/// Somebody left a group, or the contact list.
struct contact_removed {
    std::string uri;                        ///< Who.
    ucwa::contact contact;                  ///< What was known of them.
    std::optional<ucwa::group> group;       ///< The group; empty for the contact list as a whole.
    std::vector<std::string> subscriptions; ///< The ids of those that wanted to know.
};

/// There is a new group.
struct group_added {
    ucwa::group group;                      ///< The group.
    std::vector<std::string> subscriptions; ///< The ids of those that wanted to know.
};

/// A group has changed, such as its name.
struct group_updated {
    ucwa::group group;                      ///< The group.
    std::vector<std::string> subscriptions; ///< The ids of those that wanted to know.
};

/// A group is gone.
struct group_removed {
    ucwa::group group;                      ///< What it was.
    std::vector<std::string> subscriptions; ///< The ids of those that wanted to know.
};

/// Somebody cannot be subscribed to, or be read any more.
struct subscription_refused {
    std::string id;   ///< The subscription.
    std::string uri;  ///< Who.
    failure error;    ///< Why.
};

/// How the connection fares.
struct connection_event {
    std::string state;            ///< "interrupted", "restored", or "stopped" until something is subscribed to again.
    std::optional<failure> error; ///< Why, unless it is restored.
};

/// Events were dropped because nobody took them; the latest state of everybody was kept.
struct lagged_event {
    std::int64_t dropped = 0; ///< How many.
};

/// Something of the server's that has no struct of its own; event::json has its `resource` and `reason`, where the server
/// sent them.
struct resource_event {
    std::string type;                  ///< "added", "updated", "deleted", "started" or "completed".
    std::string rel;                   ///< What it is.
    std::string href;                  ///< Where it is.
    std::optional<std::string> status; ///< How it ended, of what is completed.
};

/// A kind that came after this header; event::json has all of it.
struct unknown_event {};

/// Something that happened.
struct event {
    std::string kind; ///< `event` in JSON: "presence", "connection" and so on.
    std::string json; ///< All of it, as the library told it.
    /// The same as a value, for std::visit.
    std::variant<unknown_event, presence_event, note_event, location_event, contact_event, contact_added, contact_removed, group_added,
                 group_updated, group_removed, subscription_refused, connection_event, lagged_event, resource_event>
        what;

    /// The value where it is of that kind, else NULL: `if (const auto *changed = event.as<ucwa::presence_event>())`.
    template <class Kind>
    const Kind *as() const noexcept
    {
        return std::get_if<Kind>(&what);
    }
};

/// How an application fares.
struct health {
    std::string connection;                  ///< "none", "connected", "interrupted" or "stopped".
    std::optional<time_point> token_expires; ///< Where the server said so.
    std::optional<time_point> last_event;    ///< When the event channel answered last.
    std::int64_t subscriptions = 0;          ///< Of this application.
    std::int64_t contacts = 0;               ///< Whom they are about.
    std::int64_t server_subscriptions = 0;   ///< The server's own.
    std::int64_t subscribed_contacts = 0;    ///< Whom those are about.
    std::int64_t waiting_events = 0;         ///< Those that nobody has taken.
    std::int64_t applications = 0;           ///< How many were created, one in place of the other.
    std::int64_t requests = 0;               ///< Since signing in, repetitions included.
    std::int64_t retries = 0;                ///< How many of them were repetitions.
    std::int64_t throttled = 0;              ///< How many the server turned away.
};

/// Takes an event, on a thread of the library, one after the other. What it throws is dropped.
using event_callback = std::function<void(const event &)>;

namespace detail {

/// What ucwa_change_subscription takes.
template <class Added, class Removed>
std::string change_of(Added &&added, Removed &&removed)
{
    return "{\"add\":" + array_of(added) + ",\"remove\":" + array_of(removed) + "}";
}

} // namespace detail

/// A subscription, which ends with this object. It can be moved, and may outlive its application. One object is for one
/// thread at a time, but for id(), which any thread may ask for meanwhile.
class subscription {
public:
    /// Takes over the JSON that a subscribing C function returned.
    subscription(std::shared_ptr<detail::lender> lender, char *text) : lender_(std::move(lender))
    {
        const json told = detail::parsed(text);
        id_ = told.text("/id").value_or("");
        contacts_ = detail::object(told.handle()).texts("contacts");
    }
    /// The other one ends nothing any more.
    subscription(subscription &&other) noexcept
        : lender_(std::exchange(other.lender_, nullptr)), id_(std::move(other.id_)), contacts_(std::move(other.contacts_))
    {
    }
    /// Ends what it was; the other one ends nothing any more.
    subscription &operator=(subscription &&other) noexcept
    {
        if (this != &other) {
            end();
            lender_ = std::exchange(other.lender_, nullptr);
            id_ = std::move(other.id_);
            contacts_ = std::move(other.contacts_);
        }
        return *this;
    }
    /// Ends it, unless it was ended or released before.
    ~subscription() { end(); }

    /// What events name it by.
    const std::string &id() const noexcept { return id_; }
    /// Whom it was about when it was made or changed last.
    const std::vector<std::string> &contacts() const noexcept { return contacts_; }

    /// Adds contacts, and removes others: ranges of texts, or texts in braces. Where this object has none any more, or its
    /// application is gone, it is ucwa::invalid_argument_error; where it was ended by its id, ucwa::not_found_error.
    template <class Added = detail::texts_in_braces, class Removed = detail::texts_in_braces>
    void change(Added &&added, Removed &&removed)
    {
        const std::string json = detail::change_of(added, removed);
        const detail::lender::loan application = lend();
        if (!application) {
            detail::raise_argument("this subscription was ended, released or moved from, or its application is gone");
        }
        const ucwa::json changed = detail::parsed(ucwa_change_subscription(application.get(), id_.c_str(), json.c_str()));
        contacts_ = detail::object(changed.handle()).texts("contacts");
    }
    /// Adds contacts.
    template <class Contacts = detail::texts_in_braces>
    void add(Contacts &&contacts)
    {
        change(contacts, {});
    }
    /// Removes contacts.
    template <class Contacts = detail::texts_in_braces>
    void remove(Contacts &&contacts)
    {
        change({}, contacts);
    }

    /// Ends it now; nothing where it has ended already, however that was. Events of it that wait already still come.
    void unsubscribe()
    {
        const ucwa_status result = end();
        if (result != UCWA_OK && result != UCWA_NOT_FOUND && result != UCWA_CANCELLED) {
            detail::raise_last();
        }
    }
    /// Lets it go on without this object; its id is for application::unsubscribe_presence.
    std::string release() noexcept
    {
        lender_.reset();
        return std::move(id_);
    }

private:
    detail::lender::loan lend() const noexcept { return lender_ ? lender_->lend() : detail::lender::loan(nullptr); }

    ucwa_status end() noexcept
    {
        const std::shared_ptr<detail::lender> lender = std::exchange(lender_, nullptr);
        const detail::lender::loan application = lender ? lender->lend() : detail::lender::loan(nullptr);
        return application ? ucwa_unsubscribe_presence(application.get(), id_.c_str()) : UCWA_OK;
    }

    /// Nothing once it was ended, released or moved from.
    std::shared_ptr<detail::lender> lender_;
    std::string id_;
    std::vector<std::string> contacts_;
};

namespace detail {

template <class Event>
Event read_of_contact(const object &json)
{
    Event value;
    value.uri = json.text("uri").value_or("");
    value.subscriptions = json.texts("subscriptions");
    return value;
}

template <class Event>
Event read_of_list(const object &json)
{
    auto value = read_of_contact<Event>(json);
    value.contact = read_at<contact>(json.member("contact"));
    value.group = read_included<group>(json, "group");
    return value;
}

template <class Event>
Event read_of_group(const object &json)
{
    return Event{read_at<group>(json.member("group")), json.texts("subscriptions")};
}

/// The value of an event, by its kind.
inline void read_what(const object &json, event &value)
{
    const std::string &kind = value.kind;
    if (kind == "presence") {
        auto told = read_of_contact<presence_event>(json);
        told.presence = read_at<presence>(json.member("presence"));
        value.what = std::move(told);
    } else if (kind == "note") {
        auto told = read_of_contact<note_event>(json);
        told.note = read_at<note>(json.member("note"));
        value.what = std::move(told);
    } else if (kind == "location") {
        auto told = read_of_contact<location_event>(json);
        told.location = read_at<location>(json.member("location"));
        value.what = std::move(told);
    } else if (kind == "contact") {
        auto told = read_of_contact<contact_event>(json);
        told.contact = read_at<contact>(json.member("contact"));
        value.what = std::move(told);
    } else if (kind == "contactAdded") {
        value.what = read_of_list<contact_added>(json);
    } else if (kind == "contactRemoved") {
        value.what = read_of_list<contact_removed>(json);
    } else if (kind == "groupAdded") {
        value.what = read_of_group<group_added>(json);
    } else if (kind == "groupUpdated") {
        value.what = read_of_group<group_updated>(json);
    } else if (kind == "groupRemoved") {
        value.what = read_of_group<group_removed>(json);
    } else if (kind == "subscription" && json.text("state") == std::optional<std::string>("refused")) {
        value.what = subscription_refused{json.text("id").value_or(""), json.text("uri").value_or(""), read_failure(json.member("error"))};
    } else if (kind == "connection") {
        value.what = connection_event{json.text("state").value_or(""), read_error(json)};
    } else if (kind == "lagged") {
        value.what = lagged_event{json.integer("dropped").value_or(0)};
    } else if (kind == "resource") {
        value.what = resource_event{json.text("type").value_or(""), json.text("rel").value_or(""), json.text("href").value_or(""),
                                    json.text("status")};
    }
}

/// An event from its JSON.
inline event read_event(std::string text)
{
    const json whole{std::string_view(text)};
    const object top(whole.handle());
    event value;
    value.kind = top.text("event").value_or("");
    read_what(top, value);
    value.json = std::move(text);
    return value;
}

inline void read(const object &json, health &value)
{
    const auto number = [&](const char *name) { return json.integer(name).value_or(0); };
    value.connection = json.text("connection").value_or("");
    value.token_expires = read_date(json, "tokenExpiresUnixMs");
    value.last_event = read_date(json, "lastEventUnixMs");
    value.subscriptions = number("subscriptions");
    value.contacts = number("contacts");
    value.server_subscriptions = number("serverSubscriptions");
    value.subscribed_contacts = number("subscribedContacts");
    value.waiting_events = number("waitingEvents");
    value.applications = number("applications");
    value.requests = number("requests");
    value.retries = number("retries");
    value.throttled = number("throttled");
}

/// The next event, or nothing where none came in time; a negative time is for ever.
inline std::optional<event> next_event(ucwa_application *application, std::int32_t timeout_ms)
{
    char *text = ucwa_next_event(application, timeout_ms);
    if (text == nullptr && ucwa_last_error_status() == UCWA_TIMEOUT) {
        return std::nullopt;
    }
    return read_event(owned(text));
}

/// A time as the library takes it: what is longer than it can say is as long as it can.
template <class Number, class Period>
std::int32_t milliseconds_of(std::chrono::duration<Number, Period> time) noexcept
{
    constexpr std::chrono::milliseconds longest((std::numeric_limits<std::int32_t>::max)()); // In parentheses: Windows has a macro max.
    // Compared without a conversion to milliseconds, which would overflow.
    if (std::chrono::duration<double>(time) >= std::chrono::duration<double>(longest)) {
        return static_cast<std::int32_t>(longest.count());
    }
    return time <= time.zero() ? 0 : static_cast<std::int32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

inline void take_event(const char *event_json, void *user_data) noexcept
{
    try {
        (*static_cast<const event_callback *>(user_data))(read_event(event_json));
    } catch (...) {
        // It cannot pass through the library, and nobody is there to hear of it.
    }
}

inline void destroy_event_callback(void *user_data) noexcept
{
    delete static_cast<event_callback *>(user_data);
}

} // namespace detail

/// The events of an application as they come, for a range-based for. It ends where none came for a while, or where the
/// application was cancelled or signed out.
class event_range {
public:
    /// Goes through the events.
    class iterator {
    public:
        using iterator_category = std::input_iterator_tag; ///< Each event comes once.
        using value_type = event;                          ///< What it is at.
        using difference_type = std::ptrdiff_t;            ///< Of no use here.
        using pointer = const event *;                     ///< What it is at.
        using reference = const event &;                   ///< What it is at.

        iterator() = default;
        /// Takes the first event.
        iterator(ucwa_application *application, std::int32_t timeout_ms) : application_(application), timeout_ms_(timeout_ms) { take(); }

        /// The event that it is at.
        reference operator*() const { return *current_; }
        /// The event that it is at.
        pointer operator->() const { return &*current_; }
        /// Waits for the next event.
        iterator &operator++()
        {
            take();
            return *this;
        }
        /// What it was at, on the way to the next.
        class former {
        public:
            /// Keeps an event.
            explicit former(event value) : value_(std::move(value)) {}
            /// What it was at.
            const event &operator*() const & noexcept { return value_; }
            /// What it was at, which nothing else holds: `const ucwa::event &former = *i++` is good, too.
            event operator*() && noexcept { return std::move(value_); }

        private:
            event value_;
        };
        /// Waits for the next event, and keeps this one: `*i++`. On a failure it stays where it is, as ++i does.
        former operator++(int) { return former(*std::exchange(current_, next())); }
        /// Whether both are at the end, or neither.
        bool operator==(const iterator &other) const noexcept { return current_.has_value() == other.current_.has_value(); }
        /// Whether one of them is at the end.
        bool operator!=(const iterator &other) const noexcept { return !(*this == other); }

    private:
        void take() { current_ = next(); }

        std::optional<event> next() const
        {
            try {
                return detail::next_event(application_, timeout_ms_);
            } catch (const cancelled_error &) {
                return std::nullopt;
            }
        }

        ucwa_application *application_ = nullptr;
        std::int32_t timeout_ms_ = 0;
        std::optional<event> current_;
    };

    /// Of an application that outlives it.
    event_range(ucwa_application *application, std::int32_t timeout_ms) noexcept : application_(application), timeout_ms_(timeout_ms) {}
    /// Waits for the first event.
    iterator begin() const { return iterator(application_, timeout_ms_); }
    /// Where it ends.
    iterator end() const { return iterator(); }

private:
    ucwa_application *application_;
    std::int32_t timeout_ms_;
};

} // namespace ucwa

#endif
