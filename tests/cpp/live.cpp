// Live presence: subscriptions, the ways to take events, and the end with everything under way.
#include "check.hpp"

#include <atomic>
#include <future>
#include <iostream>
#include <poll.h>
#include <thread>

using namespace std::chrono_literals;

namespace {

constexpr auto longest = 60s;
constexpr const char *sara = "sip:SaraD@contoso.com";
constexpr const char *manish = "sip:ManishC@contoso.com";

// The driver changes Sara's presence at the server, and answers when it has.
void have_it_changed(const char *availability)
{
    std::cout << availability << std::endl;
    std::string line;
    CHECK(std::getline(std::cin, line).good());
}

ucwa::presence_event next_presence(ucwa::application &application)
{
    const std::optional<ucwa::event> event = application.next_event(longest);
    CHECK(event && event->kind == "presence");
    const auto *told = event->as<ucwa::presence_event>();
    CHECK(told != nullptr && event->as<ucwa::note_event>() == nullptr);
    CHECK(event->json.find(told->uri) != std::string::npos);
    return *told;
}

// A range whose texts live no longer than one is looked at, as those of C++20's views.
struct made_on_the_way {
    struct iterator {
        const std::string *at;
        std::string operator*() const { return "sip:" + *at + "@contoso.com"; }
        iterator &operator++()
        {
            ++at;
            return *this;
        }
        bool operator!=(const iterator &other) const { return at != other.at; }
    };
    std::vector<std::string> names;
    iterator begin() const { return {names.data()}; }
    iterator end() const { return {names.data() + names.size()}; }
};

void subscriptions(ucwa::application &application)
{
    ucwa::subscription subscription = application.subscribe_presence({sara});
    CHECK(subscription.contacts() == std::vector<std::string>{sara});
    const ucwa::presence_event first = next_presence(application);
    CHECK(first.uri == sara && first.presence.availability == ucwa::availability::offline);
    CHECK(first.subscriptions == std::vector<std::string>{subscription.id()});
    CHECK(!application.next_event(0ms) && !application.next_event(std::chrono::hours::min()));

    have_it_changed("Busy");
    CHECK(next_presence(application).presence.availability == "Busy");

    subscription.add({manish});
    CHECK(subscription.contacts().size() == 2 && next_presence(application).uri == manish);
    subscription.remove(std::vector<std::string>{manish});
    CHECK(subscription.contacts() == std::vector<std::string>{sara});
    // Texts that are made on the way, and braces beside a range.
    subscription.change(made_on_the_way{{"ManishC"}}, {});
    CHECK(subscription.contacts().size() == 2 && next_presence(application).uri == manish);
    const made_on_the_way gone{{"ManishC"}};
    subscription.change({}, gone);
    CHECK(subscription.contacts() == std::vector<std::string>{sara});

    // The same by its id.
    const std::vector<std::string> nobody;
    CHECK(application.change_subscription(subscription.id(), {manish}, {}).size() == 2 && next_presence(application).uri == manish);
    CHECK(application.change_subscription(subscription.id(), nobody, std::vector<std::string>{manish}).size() == 1);
    CHECK_THROWS(application.change_subscription("no-such-id", nobody, nobody), ucwa::not_found_error, "no-such-id");

    const ucwa::health health = application.health();
    CHECK(health.connection == "connected" && health.subscriptions == 1 && health.contacts == 1);
    CHECK(health.token_expires && *health.token_expires > std::chrono::system_clock::now() && health.requests > 3);

    ucwa::subscription moved = std::move(subscription);
    const std::string id = moved.id();
    moved.unsubscribe();
    CHECK_THROWS(application.unsubscribe_presence(id), ucwa::not_found_error, id.c_str());
    // Twice is fine.
    moved.unsubscribe();
    CHECK_THROWS(moved.add({manish}), ucwa::invalid_argument_error, "ended, released or moved from");
    {
        ucwa::subscription one = application.subscribe_contacts_and_groups();
        one = application.subscribe_contacts_and_groups();
        CHECK(application.health().subscriptions == 1);
    }
    {
        const ucwa::subscription scoped = application.subscribe_presence({sara}, ucwa::include::note);
        CHECK(application.health().subscriptions == 1);
    }
    CHECK(application.health().subscriptions == 0);
    {
        ucwa::subscription ended = application.subscribe_presence({sara});
        application.unsubscribe_presence(ended.id());
        CHECK_THROWS(ended.add({manish}), ucwa::not_found_error, ended.id().c_str());
        ended.unsubscribe();
    }
    const std::string kept = application.subscribe_group_presence("Sales").release();
    CHECK(application.health().subscriptions == 1);
    application.unsubscribe_presence(kept);
    CHECK_THROWS(application.subscribe_group_presence("No Such Group"), ucwa::not_found_error, "No Such Group");
}

void what_happens_to_lists_and_strangers(ucwa::application &application)
{
    const ucwa::subscription lists = application.subscribe_contacts_and_groups();
    CHECK(lists.contacts().size() > 10);
    application.add_group("Friends");
    const ucwa::subscription nobody = application.subscribe_presence({"sip:nobody@contoso.com"});
    std::string group, refused;
    for (const ucwa::event &event : application.events(std::chrono::hours::max())) {
        if (const auto *added = event.as<ucwa::group_added>()) {
            group = added->group.name.value_or("");
        } else if (const auto *stranger = event.as<ucwa::subscription_refused>()) {
            CHECK(stranger->id == nobody.id() && stranger->error.status == ucwa::status::not_found);
            refused = stranger->uri;
        }
        if (!group.empty() && !refused.empty()) {
            break;
        }
    }
    CHECK(group == "Friends" && refused == "sip:nobody@contoso.com");
}

void by_poll(ucwa::application &application)
{
    pollfd watched{static_cast<int>(application.event_descriptor()), POLLIN, 0};
    const ucwa::subscription subscription = application.subscribe_presence({manish});
    CHECK(poll(&watched, 1, 60000) == 1);
    CHECK(next_presence(application).uri == manish);
    CHECK_THROWS(application.on_event([](const ucwa::event &) {}), ucwa::conflict_error, "descriptor");
}

void by_callback()
{
    ucwa::application application = signed_in();
    std::promise<std::string> first;
    std::atomic<int> events{0};
    application.on_event([&](const ucwa::event &event) {
        // It may read from the server; what it throws goes nowhere.
        CHECK(application.contact_presence(sara).name == "Sara Davis");
        if (events++ == 0) {
            first.set_value(event.kind);
        }
        throw std::runtime_error("dropped");
    });
    CHECK_THROWS(application.next_event(0ms), ucwa::conflict_error, "callback");
    ucwa::subscription subscription = application.subscribe_presence({sara});
    CHECK(first.get_future().get() == "presence");
    application.reset_on_event();
    const int told = events;
    have_it_changed("Away");
    CHECK(next_presence(application).presence.availability == "Away" && events == told);

    subscription.change({manish, "sip:DanaB@contoso.com"}, {sara});
    ucwa::event_range::iterator at = application.events(longest).begin();
    const ucwa::event &one = *at++;
    CHECK(one.as<ucwa::presence_event>()->uri != at->as<ucwa::presence_event>()->uri);

    // What fails moves nothing on, and loses no event.
    application.on_event([](const ucwa::event &) {});
    const std::string before = at->json;
    CHECK_THROWS(at++, ucwa::conflict_error, "callback");
    CHECK_THROWS(++at, ucwa::conflict_error, "callback");
    CHECK(at->json == before);
    application.reset_on_event();
    application.cancel();
    const ucwa::event &last = *at++;
    CHECK(last.json == before && at == ucwa::event_range::iterator());
}

void ends(ucwa::application &application)
{
    const auto subscription = std::make_unique<ucwa::subscription>(application.subscribe_presence({sara}));
    std::size_t taken = 0;
    std::thread waiting([&] {
        for (const ucwa::event &event : application.events()) {
            taken += event.kind.size();
        }
    });
    application.cancel();
    waiting.join();
    CHECK_THROWS(application.next_event(), ucwa::cancelled_error, "");
    // A subscription may outlive its application.
    { const ucwa::application gone = std::move(application); }
    CHECK_THROWS(application.groups(), ucwa::invalid_argument_error, "moved from");
    CHECK_THROWS(application.my_photo(), ucwa::invalid_argument_error, "moved from");
    CHECK_THROWS(application.navigate(""), ucwa::invalid_argument_error, "moved from");
    CHECK_THROWS(application.sign_out(), ucwa::invalid_argument_error, "moved from");
    CHECK_THROWS(subscription->add({manish}), ucwa::invalid_argument_error, "application is gone");
    subscription->unsubscribe();
}

} // namespace

int main()
{
    return run([] {
        ucwa::application application = signed_in();
        subscriptions(application);
        what_happens_to_lists_and_strangers(application);
        by_poll(application);
        by_callback();
        ends(application);
    });
}
