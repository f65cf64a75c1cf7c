// The reader of JSON.
#include "check.hpp"

static void values()
{
    const ucwa::json json(R"({"text":"gr\u00fc\u00df","empty":"","number":-42,"large":1e300,"yes":true,"no":false,"nothing":null,
                              "list":["a","b"],"none":[],"a/b~c":7,"whenUnixMs":1358827096000})");
    CHECK(json.text("/text") == "gr\xC3\xBC\xC3\x9F");
    CHECK(json.text("/empty") == "");
    CHECK(json.integer("/number") == -42);
    CHECK(json.boolean("/yes") == true && json.boolean("/no") == false);
    CHECK(json.size("") == 11u && json.size("/list") == 2u && json.size("/none") == 0u);
    CHECK(json.text("/list/1") == "b");
    CHECK(json.integer('/' + ucwa::json::escaped("a/b~c")) == 7);
    CHECK(json.date("/when")->time_since_epoch() == std::chrono::milliseconds(1358827096000));

    // Nothing there is empty; something else there is a mistake.
    CHECK(!json.text("/absent") && !json.integer("/absent") && !json.boolean("/absent") && !json.size("/absent") && !json.date("/absent"));
    CHECK(!json.text("/list/2"));
    CHECK_THROWS(json.text("/number"), ucwa::invalid_argument_error, "an integer");
    CHECK_THROWS(json.text("/nothing"), ucwa::invalid_argument_error, "null");
    CHECK_THROWS(json.integer("/large"), ucwa::invalid_argument_error, "no 64-bit integer");
    CHECK_THROWS(json.boolean("/text"), ucwa::invalid_argument_error, "a string");
    CHECK_THROWS(json.size("/text"), ucwa::invalid_argument_error, "a string");
    CHECK_THROWS(json.text("no pointer"), ucwa::invalid_argument_error, "no JSON pointer");
    CHECK_THROWS(ucwa::json(""), ucwa::invalid_argument_error, "");
    CHECK_THROWS(ucwa::json("[1,]"), ucwa::invalid_argument_error, "line 1");
}

static void ownership()
{
    ucwa::json one("[1]");
    ucwa::json other = std::move(one);
    CHECK(other.integer("/0") == 1);
    CHECK_THROWS(one.integer("/0"), ucwa::invalid_argument_error, "json is NULL");
    one = std::move(other);
    CHECK(one.integer("/0") == 1);
    CHECK(ucwa_json_size(one.handle(), "") == 1);
}

// A server that writes other kinds than are expected fails nobody who does not look.
static void lenient_values()
{
    const ucwa::json json(R"({"presences":[{"uri":"sip:a@b.c","name":7,"availability":null,"activity":"x","lastActiveUnixMs":"soon",
                              "note":{"error":{"status":"UCWA_THROTTLED","message":"slow","retryAfterMs":1500,"httpStatus":429}}},
                              {"uri":"b","error":{"status":"UCWA_NOT_FOUND","message":"nobody","ids":["1","2"]}}]})");
    const auto presences = ucwa::detail::read_list<ucwa::presence>(ucwa::detail::object(json.handle()), "presences");
    CHECK(presences.size() == 2);
    const ucwa::presence &first = presences[0];
    CHECK(first.uri == "sip:a@b.c" && !first.name && !first.availability && first.activity == "x" && !first.last_active && !first.error);
    CHECK(first.note && first.note->error && !first.note->message && !first.location && !first.contact);
    CHECK(first.note->error->status == ucwa::status::throttled && first.note->error->http_status == 429);
    CHECK(first.note->error->retry_after == std::chrono::milliseconds(1500));
    CHECK(presences[1].error->status == ucwa::status::not_found && presences[1].error->message == "nobody");
    CHECK(presences[1].error->ids == std::vector<std::string>({"1", "2"}));
}

int main()
{
    return run([] {
        values();
        ownership();
        lenient_values();
    });
}
