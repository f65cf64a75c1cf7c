// The signed-in user.
#include "check.hpp"

int main()
{
    return run([] {
        using namespace std::chrono_literals;
        ucwa::application application = signed_in();

        const ucwa::contact me = application.me();
        CHECK(me.uri == "sip:lenea@contoso.com" && me.name == "Lene Aaling" && me.office == "18/2100" && !me.type && me.href);
        CHECK_THROWS(application.my_presence(), ucwa::conflict_error, "make_me_available");
        CHECK_THROWS(application.report_my_activity(), ucwa::conflict_error, "make_me_available");

        ucwa::availability_options options;
        options.sign_in_as = "Away";
        options.supported_modalities = {"Messaging", "PhoneAudio"};
        options.supported_message_formats = {"Plain"};
        options.phone_number = "tel:+14255550100";
        options.audio_preference = "PhoneAudio";
        options.inactive_timeout = 10min;
        options.voip_fallback_to_phone_audio_timeout = 30s;
        application.make_me_available(options);
        CHECK(application.my_presence().availability == ucwa::availability::away);
        // Once more, with other options.
        application.make_me_available();
        application.make_me_available(std::string_view("{\"keepActive\":false}"));
        application.make_me_available("{}");
        CHECK_THROWS(application.make_me_available("[]"), ucwa::invalid_argument_error, "");
        application.report_my_activity();

        application.set_my_presence(ucwa::availability::busy);
        const ucwa::presence presence = application.my_presence();
        CHECK(presence.availability == "Busy" && !presence.uri && presence.href);
        application.reset_my_presence();
        CHECK(application.my_presence().availability != ucwa::availability::busy);
        CHECK_THROWS(application.set_my_presence("Dancing"), ucwa::invalid_argument_error, "");

        application.set_my_note("Lift \"3\"");
        CHECK(application.my_note().message == "Lift \"3\"" && application.my_note().type == "Personal");
        application.reset_my_note();
        CHECK(application.my_note().message == "");

        application.set_my_location("K\xC3\xB6ln");
        CHECK(application.my_location().text == "K\xC3\xB6ln");
        application.reset_my_location();
        CHECK(!application.my_location().text);

        const auto phones = application.my_phones();
        CHECK(!phones.empty() && phones[0].number && phones[0].type && phones[0].include_in_contact_card && phones[0].href);
        const ucwa::photo photo = application.my_photo();
        CHECK(photo.media_type == "image/jpeg" && photo.data.size() > 2 && photo.data[0] == 0xff);

        application.sign_out();
    });
}
