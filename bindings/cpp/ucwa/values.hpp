/// @file
/// What the library reads: presence, people, groups and the rest as plain values.
///
/// Member by member they are described in docs/json.md. What the server did not say is empty. Enumerations grow, so
/// they stay texts, with constants for what is known.
#ifndef UCWA_VALUES_HPP
#define UCWA_VALUES_HPP

#include "json.hpp"

namespace ucwa {

/// What an availability may be; servers may have others.
namespace availability {
inline constexpr std::string_view online = "Online";                   ///< There.
inline constexpr std::string_view idle_online = "IdleOnline";          ///< There, but not active.
inline constexpr std::string_view busy = "Busy";                       ///< Busy.
inline constexpr std::string_view idle_busy = "IdleBusy";              ///< Busy, but not active.
inline constexpr std::string_view do_not_disturb = "DoNotDisturb";     ///< Not to be disturbed.
inline constexpr std::string_view be_right_back = "BeRightBack";       ///< Back soon.
inline constexpr std::string_view away = "Away";                       ///< Away.
inline constexpr std::string_view offline = "Offline";                 ///< Not signed in, or not seen by this user.
inline constexpr std::string_view off_work = "Offwork";                ///< For application::set_my_presence alone.
} // namespace availability

/// How much of the user a contact may see; servers may have others.
namespace privacy {
inline constexpr std::string_view colleagues = "Colleagues";                 ///< Colleagues.
inline constexpr std::string_view workgroup = "Workgroup";                   ///< The user's workgroup.
inline constexpr std::string_view friends_and_family = "FriendsAndFamily";   ///< Friends and family.
inline constexpr std::string_view external = "External";                     ///< People outside.
inline constexpr std::string_view blocked = "Blocked";                       ///< Nothing.
} // namespace privacy

/// A note that a person shows.
struct note {
    std::optional<std::string> uri;     ///< Whose; of a contact that was asked for by itself.
    std::optional<std::string> message; ///< The text; empty where there is no note.
    std::optional<std::string> type;    ///< "Personal" or "OutOfOffice".
    std::optional<std::string> href;    ///< The resource.
    std::optional<failure> error;       ///< Why there is none; within a list of presences only.
};

/// Where a person is.
struct location {
    std::optional<std::string> uri;   ///< Who; of a contact that was asked for by itself.
    std::optional<std::string> text;  ///< The place (`location` in JSON).
    std::optional<std::string> href;  ///< The resource.
    std::optional<failure> error;     ///< Why there is none; within a list of presences only.
};

/// A person, or the user (application::me).
struct contact {
    std::string uri;                                ///< The SIP URI.
    std::optional<std::string> name;                ///< For people.
    std::optional<std::string> title;               ///< Such as "Sales Manager".
    std::optional<std::string> department;          ///< Such as "Sales".
    std::optional<std::string> company;             ///< Such as "Contoso".
    std::optional<std::string> office;              ///< The room (of the user `officeLocation` in JSON).
    std::vector<std::string> email_addresses;       ///< None, one or several.
    std::optional<std::string> work_phone_number;   ///< Such as "tel:+14255550101;ext=50101".
    std::optional<std::string> mobile_phone_number; ///< Likewise.
    std::optional<std::string> home_phone_number;   ///< Likewise.
    std::optional<std::string> other_phone_number;  ///< Likewise.
    std::optional<std::string> type;                ///< "User", "Bot", "Phone" and others.
    std::optional<std::string> source_network;      ///< "SameEnterprise", "Federated" and others.
    std::optional<time_point> expires;              ///< Until when the server holds this for fresh.
    std::optional<std::string> etag;                ///< Changes when the rest does.
    std::optional<std::string> href;                ///< The resource.
    std::optional<failure> error;                   ///< Why there is none; within a list only. Then `uri` may be empty.
};

/// The presence of a person.
struct presence {
    std::optional<std::string> uri;           ///< The SIP URI; of the user's own presence there is none.
    std::optional<std::string> name;          ///< For people.
    std::optional<std::string> availability;  ///< What to act on, such as ucwa::availability::busy.
    std::optional<std::string> activity;      ///< The same more exactly, for people.
    std::optional<std::string> device_type;   ///< "PC", "Mobile" and others.
    std::optional<time_point> last_active;    ///< When the person was last active.
    std::optional<std::string> href;          ///< The resource.
    std::optional<ucwa::note> note;           ///< Where it was included.
    std::optional<ucwa::location> location;   ///< Where it was included.
    std::optional<ucwa::contact> contact;     ///< Where it was included.
    std::optional<failure> error;             ///< Why there is none; within a list only.
};

/// A group of the contact list.
struct group {
    std::string rel;                  ///< "group", "pinnedGroup", "defaultGroup", "distributionGroup" and others.
    std::string id;                   ///< What tells groups apart.
    std::optional<std::string> name;  ///< Not unique.
    std::optional<std::string> uri;   ///< Of distribution groups.
    std::optional<std::string> href;  ///< The resource.
    std::optional<failure> error;     ///< Why there is none; within a list only. Then `id` is empty.
};

/// What a search found.
struct search_result {
    std::vector<contact> contacts;            ///< The people.
    std::vector<group> distribution_groups;   ///< The company's groups; their `rel` may be empty.
    bool more_results_available = false;      ///< Whether a higher limit or a longer query would tell more.
};

/// The ways in which a contact can be reached.
struct supported_modalities {
    std::optional<std::string> uri;       ///< Who.
    std::vector<std::string> modalities;  ///< "Messaging", "Audio", "Video" and others.
    std::optional<std::string> href;      ///< The resource.
};

/// How much of the user a contact may see.
struct privacy_relationship {
    std::optional<std::string> uri;    ///< Who.
    std::optional<std::string> level;  ///< Such as ucwa::privacy::workgroup (`relationshipLevel` in JSON).
    std::optional<std::string> href;   ///< The resource.
};

/// A contact's being in a group.
struct membership {
    std::string uri;                  ///< The contact.
    std::optional<std::string> href;  ///< The resource, where the server tells it.
};

/// One of the user's phones.
struct phone {
    std::optional<std::string> number;            ///< Such as "tel:+14255550100".
    std::optional<std::string> type;              ///< "work", "mobile", "home" or "other".
    std::optional<bool> include_in_contact_card;  ///< Whether others see it.
    std::optional<std::string> href;              ///< The resource.
};

/// A picture.
struct photo {
    std::vector<unsigned char> data;  ///< Its bytes.
    std::string media_type;           ///< Such as "image/jpeg".
};

/// The application on the server. With `href` as config::application_url and `endpoint_id` as config::endpoint_id
/// another process attaches to it.
struct application_info {
    std::string href;                       ///< Its address; another one after the server lost it.
    std::string endpoint_id;                ///< Identifies this process.
    std::optional<std::string> culture;     ///< The language of texts that the server writes.
    std::optional<std::string> user_agent;  ///< What it calls itself.
    std::optional<std::string> type;        ///< What the server calls it.
    std::optional<std::string> id;          ///< The server's number for it.
};

namespace detail {

/// An error in place of a value.
inline std::optional<failure> read_error(const object &json)
{
    return json.size("error") == 0 ? std::nullopt : std::optional<failure>(read_failure(json.member("error")));
}

inline std::optional<time_point> read_date(const object &json, const char *name)
{
    const auto value = json.integer(name);
    return value ? std::optional<time_point>(std::chrono::milliseconds(*value)) : std::nullopt;
}

inline void read(const object &json, note &value)
{
    value.uri = json.text("uri");
    value.message = json.text("message");
    value.type = json.text("type");
    value.href = json.text("href");
    value.error = read_error(json);
}

inline void read(const object &json, location &value)
{
    value.uri = json.text("uri");
    value.text = json.text("location");
    value.href = json.text("href");
    value.error = read_error(json);
}

inline void read(const object &json, contact &value)
{
    value.uri = json.text("uri").value_or("");
    value.name = json.text("name");
    value.title = json.text("title");
    value.department = json.text("department");
    value.company = json.text("company");
    value.office = json.text("office");
    if (!value.office) {
        value.office = json.text("officeLocation");
    }
    value.email_addresses = json.texts("emailAddresses");
    value.work_phone_number = json.text("workPhoneNumber");
    value.mobile_phone_number = json.text("mobilePhoneNumber");
    value.home_phone_number = json.text("homePhoneNumber");
    value.other_phone_number = json.text("otherPhoneNumber");
    value.type = json.text("type");
    value.source_network = json.text("sourceNetwork");
    value.expires = read_date(json, "expiresUnixMs");
    value.etag = json.text("etag");
    value.href = json.text("href");
    value.error = read_error(json);
}

template <class Value>
Value read_at(const object &json)
{
    Value value;
    read(json, value);
    return value;
}

template <class Value>
std::optional<Value> read_included(const object &json, const char *name)
{
    return json.size(name) == 0 ? std::nullopt : std::optional<Value>(read_at<Value>(json.member(name)));
}

inline void read(const object &json, presence &value)
{
    value.uri = json.text("uri");
    value.name = json.text("name");
    value.availability = json.text("availability");
    value.activity = json.text("activity");
    value.device_type = json.text("deviceType");
    value.last_active = read_date(json, "lastActiveUnixMs");
    value.href = json.text("href");
    value.note = read_included<note>(json, "note");
    value.location = read_included<location>(json, "location");
    value.contact = read_included<contact>(json, "contact");
    value.error = read_error(json);
}

inline void read(const object &json, group &value)
{
    value.rel = json.text("rel").value_or("");
    value.id = json.text("id").value_or("");
    value.name = json.text("name");
    value.uri = json.text("uri");
    value.href = json.text("href");
    value.error = read_error(json);
}

inline void read(const object &json, supported_modalities &value)
{
    value.uri = json.text("uri");
    value.modalities = json.texts("modalities");
    value.href = json.text("href");
}

inline void read(const object &json, privacy_relationship &value)
{
    value.uri = json.text("uri");
    value.level = json.text("relationshipLevel");
    value.href = json.text("href");
}

inline void read(const object &json, membership &value)
{
    value.uri = json.text("uri").value_or("");
    value.href = json.text("href");
}

inline void read(const object &json, phone &value)
{
    value.number = json.text("number");
    value.type = json.text("type");
    value.include_in_contact_card = json.boolean("includeInContactCard");
    value.href = json.text("href");
}

inline void read(const object &json, application_info &value)
{
    value.href = json.text("href").value_or("");
    value.endpoint_id = json.text("endpointId").value_or("");
    value.culture = json.text("culture");
    value.user_agent = json.text("userAgent");
    value.type = json.text("type");
    value.id = json.text("id");
}

template <class Value>
std::vector<Value> read_list(const object &json, const char *name)
{
    std::vector<Value> values;
    const std::size_t count = json.size(name);
    values.reserve(count);
    for (std::size_t i = 0; i < count; i++) {
        values.push_back(read_at<Value>(json.element(name, i)));
    }
    return values;
}

inline void read(const object &json, search_result &value)
{
    value.contacts = read_list<contact>(json, "contacts");
    value.distribution_groups = read_list<group>(json, "distributionGroups");
    value.more_results_available = json.boolean("moreResultsAvailable").value_or(false);
}

/// The value in what a C function returned.
template <class Value>
Value value_of(char *text)
{
    const json whole = parsed(text);
    return read_at<Value>(object(whole.handle()));
}

/// The values in the list that a C function returned.
template <class Value>
std::vector<Value> values_of(char *text, const char *name)
{
    const json whole = parsed(text);
    return read_list<Value>(object(whole.handle()), name);
}

} // namespace detail
} // namespace ucwa

#endif
