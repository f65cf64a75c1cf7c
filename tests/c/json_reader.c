/* The JSON reader: pointers, kinds, borrowed texts, limits. */
#include "check.h"

static void check_integer(const ucwa_json *json, const char *pointer, ucwa_status status, int64_t expected)
{
    int64_t value = 7;
    CHECK_STATUS(ucwa_json_integer(json, pointer, &value), status);
    CHECK(value == expected);
}

static void check_boolean(const ucwa_json *json, const char *pointer, ucwa_status status, int32_t expected)
{
    int32_t value = 7;
    CHECK_STATUS(ucwa_json_boolean(json, pointer, &value), status);
    CHECK(value == expected);
}

/* The examples of RFC 6901, section 5. */
static void pointers(void)
{
    ucwa_json *json = ucwa_json_parse("{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
                                      "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8,\"~1\":9}");
    CHECK(json != NULL);
    CHECK(ucwa_json_size(json, "") == 11);
    CHECK(ucwa_json_size(json, "/foo") == 2);
    CHECK_TEXT(ucwa_json_text(json, "/foo/0"), "bar");
    CHECK_TEXT(ucwa_json_text(json, "/foo/1"), "baz");
    check_integer(json, "/", UCWA_OK, 0);
    check_integer(json, "/a~1b", UCWA_OK, 1);
    check_integer(json, "/c%d", UCWA_OK, 2);
    check_integer(json, "/e^f", UCWA_OK, 3);
    check_integer(json, "/g|h", UCWA_OK, 4);
    check_integer(json, "/i\\j", UCWA_OK, 5);
    check_integer(json, "/k\"l", UCWA_OK, 6);
    check_integer(json, "/ ", UCWA_OK, 7);
    check_integer(json, "/m~0n", UCWA_OK, 8);
    check_integer(json, "/~01", UCWA_OK, 9);

    CHECK_NULL(ucwa_json_text(json, "/foo/2"), UCWA_NOT_FOUND);
    CHECK_NULL(ucwa_json_text(json, "/foo/00"), UCWA_NOT_FOUND);
    CHECK_NULL(ucwa_json_text(json, "/foo/+1"), UCWA_NOT_FOUND);
    CHECK_NULL(ucwa_json_text(json, "/foo/-"), UCWA_NOT_FOUND);
    CHECK_NULL(ucwa_json_text(json, "/foo/99999999999999999999"), UCWA_NOT_FOUND);
    CHECK_NULL(ucwa_json_text(json, "/foo/0/x"), UCWA_NOT_FOUND);
    CHECK_NULL(ucwa_json_text(json, "/bar"), UCWA_NOT_FOUND);
    CHECK_MESSAGE("/bar");
    CHECK_NULL(ucwa_json_text(json, "foo"), UCWA_INVALID_ARGUMENT);
    CHECK_NULL(ucwa_json_text(json, "/m~n"), UCWA_INVALID_ARGUMENT);
    CHECK_NULL(ucwa_json_text(json, "/m~"), UCWA_INVALID_ARGUMENT);
    CHECK_NULL(ucwa_json_text(json, "/m~\xC3\xA4"), UCWA_INVALID_ARGUMENT);
    ucwa_json_free(json);
}

static void kinds(void)
{
    ucwa_json *json = ucwa_json_parse("[\"gr\xC3\xBC\xC3\x9F\\u0065\", -9223372036854775808, 9223372036854775807, "
                                      "9223372036854775808, 1.0, 1e3, true, null, [], {}, \"a\\u0000b\", \"\"]");
    CHECK(json != NULL);
    CHECK_TEXT(ucwa_json_text(json, "/0"), "gr\xC3\xBC\xC3\x9F" "e");
    check_integer(json, "/0", UCWA_INVALID_ARGUMENT, 0);
    CHECK_MESSAGE("a string");
    check_integer(json, "/1", UCWA_OK, INT64_MIN);
    check_integer(json, "/2", UCWA_OK, INT64_MAX);
    check_integer(json, "/3", UCWA_INVALID_ARGUMENT, 0);
    check_integer(json, "/4", UCWA_INVALID_ARGUMENT, 0);
    check_integer(json, "/5", UCWA_INVALID_ARGUMENT, 0);
    check_integer(json, "/12", UCWA_NOT_FOUND, 0);
    for (int i = 1; i < 10; i++) {
        char pointer[8];
        snprintf(pointer, sizeof pointer, "/%d", i);
        CHECK_NULL(ucwa_json_text(json, pointer), UCWA_INVALID_ARGUMENT);
        CHECK(ucwa_json_size(json, pointer) == 0);
        CHECK(ucwa_last_error_status() == (i < 8 ? UCWA_INVALID_ARGUMENT : UCWA_OK));
    }
    CHECK_TEXT(ucwa_json_text(json, "/10"), "a\xEF\xBF\xBD" "b");
    CHECK_TEXT(ucwa_json_text(json, "/11"), "");
    ucwa_json_free(json);

    json = ucwa_json_parse("[true, false, \"true\", 1, null]");
    check_boolean(json, "/0", UCWA_OK, 1);
    check_boolean(json, "/1", UCWA_OK, 0);
    for (int i = 2; i < 5; i++) {
        char pointer[8];
        snprintf(pointer, sizeof pointer, "/%d", i);
        check_boolean(json, pointer, UCWA_INVALID_ARGUMENT, 0);
    }
    check_boolean(json, "/5", UCWA_NOT_FOUND, 0);
    CHECK_STATUS(ucwa_json_boolean(json, "/0", NULL), UCWA_INVALID_ARGUMENT);
    ucwa_json_free(json);

    json = ucwa_json_parse("{\"twice\":1,\"twice\":2}");
    check_integer(json, "/twice", UCWA_OK, 2);
    ucwa_json_free(json);

    json = ucwa_json_parse(" 42 ");
    check_integer(json, "", UCWA_OK, 42);
    ucwa_json_free(json);
}

/* A borrowed text stays where it is, whatever is read meanwhile. */
static void borrowed_texts(void)
{
    ucwa_json *json = ucwa_json_parse("{\"a\":\"first\",\"b\":\"second\"}");
    const char *first = ucwa_json_text(json, "/a");
    CHECK_TEXT(ucwa_json_text(json, "/b"), "second");
    CHECK_NULL(ucwa_json_text(json, "/c"), UCWA_NOT_FOUND);
    CHECK_TEXT(first, "first");
    CHECK(ucwa_json_text(json, "/a") == first);
    ucwa_json_free(json);
}

static char *nested(size_t depth)
{
    char *text = malloc(2 * depth + 1);
    CHECK(text != NULL);
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[2 * depth] = '\0';
    return text;
}

static void what_is_refused(void)
{
    static const char *const wrong[] = {"", " ", "{", "[1,]", "{\"a\":1,}", "nul", "'a'", "[1] 2", "\"\\ud800\"", "\"a\nb\"", "01"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_NULL(ucwa_json_parse(wrong[i]), UCWA_INVALID_ARGUMENT);
        CHECK_MESSAGE("not JSON");
    }
    CHECK_NULL(ucwa_json_parse("\"\xFF\""), UCWA_INVALID_ARGUMENT);
    CHECK_MESSAGE("byte 1");

    char *deep = nested(127);
    ucwa_json *json = ucwa_json_parse(deep);
    CHECK(json != NULL);
    ucwa_json_free(json);
    free(deep);
    deep = nested(128);
    CHECK_NULL(ucwa_json_parse(deep), UCWA_INVALID_ARGUMENT);
    free(deep);
    deep = nested(1000000);
    CHECK_NULL(ucwa_json_parse(deep), UCWA_INVALID_ARGUMENT);
    free(deep);
}

/* Far longer than any argument may be. */
static void a_long_text(void)
{
    const size_t count = 200000;
    char *text = malloc(2 * count + 2);
    CHECK(text != NULL);
    text[0] = '[';
    for (size_t i = 0; i < count; i++) {
        text[2 * i + 1] = '7';
        text[2 * i + 2] = ',';
    }
    text[2 * count] = ']';
    text[2 * count + 1] = '\0';
    ucwa_json *json = ucwa_json_parse(text);
    free(text);
    CHECK(ucwa_json_size(json, "") == count);
    check_integer(json, "/199999", UCWA_OK, 7);
    ucwa_json_free(json);
}

int main(void)
{
    pointers();
    kinds();
    borrowed_texts();
    what_is_refused();
    a_long_text();
    return 0;
}
