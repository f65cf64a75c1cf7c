// The main job in C++: signing in, presence, people, everything else, attaching again, signing out.
#include "check.hpp"

#include <algorithm>
#include <list>

static const char *const sara = "sip:SaraD@contoso.com";

template <class Values>
static auto with_uri(const Values &values, const std::string &uri)
{
    const auto found = std::find_if(values.begin(), values.end(), [&](const auto &value) { return value.uri == uri; });
    CHECK(found != values.end());
    return *found;
}

static bool is_address(const std::optional<std::string> &href)
{
    return href && href->compare(0, 8, "https://") == 0;
}

static void presence(const ucwa::application &application)
{
    const ucwa::presence one = application.contact_presence(sara);
    CHECK(one.uri == sara && one.name == "Sara Davis" && one.availability == ucwa::availability::offline);
    CHECK(!one.activity && one.device_type == "Unknown" && is_address(one.href) && !one.error && !one.note);
    CHECK(one.last_active->time_since_epoch() == std::chrono::milliseconds(1358827096000));

    CHECK(application.contact_presence("manishc@CONTOSO.com").activity == "in-a-meeting");
    CHECK_THROWS(application.contact_presence("sip:nobody@contoso.com"), ucwa::not_found_error, "sip:nobody@contoso.com");
    CHECK_THROWS(application.contact_presence("not an address"), ucwa::invalid_argument_error, "not an address");
    CHECK_THROWS(application.contact_presence(std::string("sip:a\0@b", 8)), ucwa::invalid_argument_error, "contact has a NUL");
}

static void many(const ucwa::application &application)
{
    const auto with = ucwa::include::note | ucwa::include::location | ucwa::include::contact;
    const auto presences = application.contacts_presence({"SaraD@contoso.com", "nobody@contoso.com", "\"odd\\\n"}, with);
    CHECK(presences.size() == 3);
    CHECK(presences[0].uri == sara && presences[0].note->message == "Back on Monday" && presences[0].location->text == "Redmond");
    CHECK(presences[0].contact->title == "Sales Manager" && !presences[0].note->error);
    CHECK(presences[1].uri == "nobody@contoso.com" && presences[1].error->status == ucwa::status::not_found);
    CHECK(presences[2].error->status == ucwa::status::invalid_argument);

    // Any range of texts.
    const std::list<std::string> names = {sara, "sip:ManishC@contoso.com"};
    const auto two = application.contacts_presence(names);
    CHECK(two.size() == 2 && two[1].availability == "Busy" && !two[0].note && !two[0].contact);
    CHECK(application.contacts_presence(std::vector<std::string_view>()).empty());

    const auto sales = application.group_presence("Sales");
    CHECK(sales.size() == 4 && sales[0].name == "Sara Davis" && sales[1].availability == "Busy");
    CHECK_THROWS(application.group_presence("No Such Group"), ucwa::not_found_error, "No Such Group");
}

static void people(const ucwa::application &application)
{
    const auto groups = application.groups();
    const auto sales = std::find_if(groups.begin(), groups.end(), [](const ucwa::group &group) { return group.name == "Sales"; });
    CHECK(sales != groups.end() && sales->rel == "group" && !sales->id.empty() && is_address(sales->href) && !sales->uri);
    CHECK(application.group_contacts(sales->id).size() == 4);
    CHECK(application.contacts().size() == 19);
    try {
        application.group_contacts("twins");
        CHECK(false);
    } catch (const ucwa::conflict_error &error) {
        CHECK(error.details().ids == std::vector<std::string>({"twin-1", "twin-2"}));
    }

    const ucwa::contact contact = application.contact(sara);
    CHECK(contact.uri == sara && contact.title == "Sales Manager" && contact.type == "User" && is_address(contact.href));
    CHECK(contact.source_network == "SameEnterprise" && contact.company == "Contoso" && contact.office == "20/1101");
    CHECK(contact.email_addresses == std::vector<std::string>({"SaraD@contoso.com"}));
    CHECK(contact.work_phone_number && contact.mobile_phone_number && !contact.home_phone_number && contact.etag);
    CHECK(contact.expires > std::chrono::system_clock::now() - std::chrono::hours(24));

    const ucwa::search_result some = application.search_contacts("a", 2);
    CHECK(some.contacts.size() == 2 && some.more_results_available);
    const ucwa::search_result found = application.search_contacts("sara");
    CHECK(!found.more_results_available && with_uri(found.contacts, sara).name == "Sara Davis");
    CHECK(application.search_contacts("Sales Team").distribution_groups.at(0).name == "Sales Team");
    CHECK_THROWS(application.search_contacts("sara", 101), ucwa::invalid_argument_error, "limit");
}

static void one_contact(ucwa::application &application)
{
    const ucwa::note note = application.contact_note(sara);
    CHECK(note.uri == sara && note.message == "Back on Monday" && note.type == "Personal" && is_address(note.href));
    const ucwa::location location = application.contact_location(sara);
    CHECK(location.uri == sara && location.text == "Redmond");
    const ucwa::supported_modalities modalities = application.contact_supported_modalities(sara);
    CHECK(modalities.modalities == std::vector<std::string>({"Messaging", "Audio"}));

    application.set_contact_privacy_relationship(sara, ucwa::privacy::external);
    CHECK(application.contact_privacy_relationship(sara).level == ucwa::privacy::external);
    application.reset_contact_privacy_relationship(sara);
    CHECK(application.contact_privacy_relationship(sara).level != ucwa::privacy::external);

    const ucwa::photo photo = application.contact_photo(sara, "HR240X240");
    CHECK(photo.media_type == "image/jpeg" && photo.data.size() > 2 && photo.data[0] == 0xff && photo.data[1] == 0xd8);
    CHECK(!application.contact_photo(sara).data.empty());
    CHECK_THROWS(application.contact_photo("MayaC@contoso.com"), ucwa::not_found_error, "");
    CHECK_THROWS(application.contact_photo(sara, "big"), ucwa::invalid_argument_error, "size");
}

// The contact list is changed, and changed back.
static void changing_the_list(ucwa::application &application)
{
    const ucwa::group made = application.add_group("Night Shift");
    CHECK(made.rel == "group" && made.name == "Night Shift" && !made.id.empty());
    CHECK(application.add_contact(sara, "Night Shift").uri.find("contoso.com") != std::string::npos);
    CHECK_THROWS(application.add_contact(sara, "Night Shift"), ucwa::conflict_error, "");
    application.rename_group("Night Shift", "Early Shift");
    CHECK(application.group_contacts("Early Shift").size() == 1);
    application.remove_contact(sara, "Early Shift");
    CHECK(application.group_contacts("Early Shift").empty());
    application.remove_group("Early Shift");
    CHECK_THROWS(application.group_contacts("Early Shift"), ucwa::not_found_error, "Early Shift");
    CHECK_THROWS(application.remove_group("pinnedGroup"), ucwa::forbidden_error, "");

    application.add_contact("sip:new@contoso.com");
    application.remove_contact("sip:new@contoso.com");
}

static void raw_resources(ucwa::application &application)
{
    const ucwa::json found(application.navigate("people/search?query=sara&limit=5"));
    CHECK(found.text("/_embedded/contact/0/name") == "Sara Davis");
    CHECK_THROWS(application.navigate("people/noSuchThing"), ucwa::not_found_error, "noSuchThing");

    const ucwa::json answer(application.request("GET", "people/search?query=sara&limit=5"));
    CHECK(answer.integer("/status") == 200 && answer.text("/body/_embedded/contact/0/uri") == sara);
    const ucwa::json made(application.request("POST", "me/makeMeAvailable", R"({"supportedModalities":["Messaging"]})"));
    CHECK(made.integer("/status") == 204);

    // C functions are at home, too.
    CHECK(ucwa::json(ucwa::owned(ucwa_get_me(application.handle()))).text("/uri") == "sip:lenea@contoso.com");
    CHECK_THROWS(ucwa::owned(ucwa_get_contact(application.handle(), nullptr)), ucwa::invalid_argument_error, "contact is NULL");
    CHECK_THROWS(ucwa::check(ucwa_sign_out(nullptr)), ucwa::invalid_argument_error, "application is NULL");
}

// Destroying leaves the application on the server, and another handle attaches to it.
static ucwa::application attached_again(ucwa::application application)
{
    const ucwa::application_info info = application.info();
    CHECK(is_address(info.href) && info.endpoint_id.size() == 36 && info.culture == "en-US");
    CHECK(info.user_agent == "libucwa/" UCWA_VERSION && info.id);
    application = ucwa::sign_in(simulator_config().application_url(info.href).endpoint_id(info.endpoint_id));
    CHECK(application.info().href == info.href);
    return application;
}

static void settings(ucwa::application &application)
{
    using namespace std::chrono_literals;
    application.set_timeout(20s);
    application.set_connect_timeout(3s);
    application.set_max_retries(1);
    application.reset("max_retries");
    application.set_password(setting("UCWA_TEST_PASSWORD"));
    application.set_access_token(setting("UCWA_TEST_TOKEN"));
    CHECK_THROWS(application.set_timeout(0ms), ucwa::invalid_config_error, "timeout_ms");
    CHECK_THROWS(application.set("culture", "de-DE"), ucwa::invalid_config_error, "culture");
}

static void signing_out(ucwa::application &application)
{
    application.sign_out();
    CHECK_THROWS(application.contact_presence(sara), ucwa::cancelled_error, "");
    CHECK_THROWS(application.info(), ucwa::cancelled_error, "");
}

static void a_wrong_password()
{
    try {
        static_cast<void>(ucwa::sign_in(simulator_config().password("not-the-one")));
        CHECK(false);
    } catch (const ucwa::authentication_failed_error &error) {
        CHECK(error.http_status() == 400 && error.code() == "invalid_grant" && error.details().request);
        CHECK(error.json().find("not-the-one") == std::string::npos);
    }
}

int main()
{
    return run([] {
        ucwa::application application = signed_in();
        presence(application);
        many(application);
        people(application);
        one_contact(application);
        changing_the_list(application);
        raw_resources(application);
        application = attached_again(std::move(application));
        presence(application);
        settings(application);
        signing_out(application);
        a_wrong_password();
    });
}
