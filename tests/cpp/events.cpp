// Events of every kind as values, from their JSON; no server is asked.
#include "check.hpp"

#include <type_traits>

namespace {

using ucwa::detail::read_event;

static_assert(!std::is_copy_constructible_v<ucwa::subscription> && std::is_nothrow_move_constructible_v<ucwa::subscription>);
static_assert(std::is_nothrow_move_assignable_v<ucwa::subscription> && std::is_nothrow_destructible_v<ucwa::subscription>);
// A range of an application that is gone at the end of the line does not compile.
template <class Application, class = void>
struct has_events : std::false_type {};
template <class Application>
struct has_events<Application, std::void_t<decltype(std::declval<Application>().events())>> : std::true_type {};
static_assert(has_events<ucwa::application &>::value && !has_events<ucwa::application>::value);
#if __cplusplus >= 202002L
static_assert(std::input_iterator<ucwa::event_range::iterator>);
#endif

template <class... Functions>
struct overloaded : Functions... {
    using Functions::operator()...;
};
template <class... Functions>
overloaded(Functions...) -> overloaded<Functions...>;

template <class Kind>
Kind told(const char *json)
{
    const ucwa::event event = read_event(json);
    CHECK(event.json == json);
    const Kind *what = event.as<Kind>();
    CHECK(what != nullptr && std::holds_alternative<Kind>(event.what));
    return *what;
}

const std::vector<std::string> ids = {"a", "b"};

void states()
{
    const auto presence = told<ucwa::presence_event>(
        R"({"event":"presence","uri":"sip:a@b","presence":{"uri":"sip:a@b","availability":"Busy","lastActiveUnixMs":5},"subscriptions":["a","b"]})");
    CHECK(presence.uri == "sip:a@b" && presence.presence.availability == ucwa::availability::busy && presence.subscriptions == ids);
    CHECK(presence.presence.last_active == ucwa::time_point(std::chrono::milliseconds(5)) && !presence.presence.activity);

    const auto note =
        told<ucwa::note_event>(R"({"event":"note","uri":"sip:a@b","note":{"message":"","type":"Personal"},"subscriptions":["a","b"]})");
    CHECK(note.uri == "sip:a@b" && note.note.message == "" && note.note.type == "Personal" && note.subscriptions == ids);

    const auto location =
        told<ucwa::location_event>(R"({"event":"location","uri":"sip:a@b","location":{"location":"Köln"},"subscriptions":["a","b"]})");
    CHECK(location.uri == "sip:a@b" && location.location.text == "Köln" && location.subscriptions == ids);

    const auto contact =
        told<ucwa::contact_event>(R"({"event":"contact","uri":"sip:a@b","contact":{"uri":"sip:a@b","title":"Queen"},"subscriptions":["a","b"]})");
    CHECK(contact.uri == "sip:a@b" && contact.contact.title == "Queen" && contact.subscriptions == ids);
}

void lists()
{
    const auto added = told<ucwa::contact_added>(
        R"({"event":"contactAdded","uri":"sip:a@b","contact":{"name":"A"},"group":{"rel":"group","id":"1","name":"Sales"},"subscriptions":["a","b"]})");
    CHECK(added.uri == "sip:a@b" && added.contact.name == "A" && added.group && added.group->name == "Sales" && added.subscriptions == ids);
    const auto removed =
        told<ucwa::contact_removed>(R"({"event":"contactRemoved","uri":"sip:a@b","contact":{"name":"A"},"subscriptions":["a","b"]})");
    CHECK(removed.uri == "sip:a@b" && removed.contact.name == "A" && !removed.group && removed.subscriptions == ids);

    const auto made = told<ucwa::group_added>(R"({"event":"groupAdded","group":{"rel":"group","id":"1"},"subscriptions":["a","b"]})");
    CHECK(made.group.id == "1" && made.group.rel == "group" && !made.group.name && made.subscriptions == ids);
    CHECK(told<ucwa::group_updated>(R"({"event":"groupUpdated","group":{"id":"1","name":"New"},"subscriptions":[]})").group.name == "New");
    CHECK(told<ucwa::group_removed>(R"({"event":"groupRemoved","group":{"id":"1"},"subscriptions":["a"]})").subscriptions.size() == 1);
}

void the_rest()
{
    const auto refused = told<ucwa::subscription_refused>(
        R"({"event":"subscription","id":"a","uri":"sip:a@b","state":"refused","error":{"status":"UCWA_FORBIDDEN","message":"no","httpStatus":403}})");
    CHECK(refused.id == "a" && refused.uri == "sip:a@b" && refused.error.status == ucwa::status::forbidden);
    CHECK(refused.error.http_status == 403 && refused.error.message == "no");

    const auto lost = told<ucwa::connection_event>(
        R"({"event":"connection","state":"interrupted","error":{"status":"UCWA_NETWORK","message":"lost"}})");
    CHECK(lost.state == "interrupted" && lost.error && lost.error->status == ucwa::status::network);
    const auto back = told<ucwa::connection_event>(R"({"event":"connection","state":"restored"})");
    CHECK(back.state == "restored" && !back.error);

    CHECK(told<ucwa::lagged_event>(R"({"event":"lagged","dropped":5000000000})").dropped == 5000000000);

    const auto resource = told<ucwa::resource_event>(
        R"({"event":"resource","type":"completed","rel":"x","href":"https://h/x","status":"Failure","resource":{"rel":"x"}})");
    CHECK(resource.type == "completed" && resource.rel == "x" && resource.href == "https://h/x" && resource.status == "Failure");
    CHECK(!told<ucwa::resource_event>(R"({"event":"resource","type":"updated","rel":"x","href":"https://h/x"})").status);
}

// What a later library tells is no failure.
void what_is_not_known()
{
    for (const char *json : {R"({"event":"moonrise","uri":"sip:a@b"})", R"({"event":"subscription","id":"a","state":"paused"})", "{}"}) {
        static_cast<void>(told<ucwa::unknown_event>(json));
    }
    CHECK(read_event(R"({"event":"moonrise"})").kind == "moonrise");
    const auto odd = told<ucwa::presence_event>(R"({"event":"presence","uri":7,"presence":"Busy","subscriptions":{"a":1}})");
    CHECK(odd.uri.empty() && !odd.presence.availability && odd.subscriptions.empty());
    CHECK_THROWS(read_event("{"), ucwa::invalid_argument_error, "");
}

void visited()
{
    const auto name = [](const char *json) {
        return std::visit(overloaded{[](const ucwa::presence_event &told) { return told.uri; },
                                     [](const ucwa::connection_event &told) { return told.state; },
                                     [](const auto &) { return std::string("else"); }},
                          read_event(json).what);
    };
    CHECK(name(R"({"event":"presence","uri":"sip:a@b"})") == "sip:a@b");
    CHECK(name(R"({"event":"connection","state":"stopped"})") == "stopped");
    CHECK(name(R"({"event":"lagged","dropped":1})") == "else");
}

} // namespace

int main()
{
    return run([] {
        states();
        lists();
        the_rest();
        what_is_not_known();
        visited();
    });
}
