// Who of a team is free now? Prints the presence of everybody in a group as a table: who is free first, then who is
// busy or away, then who is offline; equals by name.
//
//     who_is_free GROUP
//
// A group is a name, such as "Sales", an id or a rel ("pinnedGroup"). Signs in as UCWA_ADDRESS with UCWA_PASSWORD.
// UCWA_URL (where discovery starts) and UCWA_CA_FILE (an authority to trust, beside the system's) are for servers that
// need them.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <tuple>
#include <ucwa.hpp>

namespace {

using ucwa::presence;

// Sets a key to what the environment says; to its default where it says nothing.
void set(ucwa::config &config, const char *key, const char *variable)
{
    if (const char *value = std::getenv(variable)) {
        config.set(key, value);
    }
}

bool is_free(const presence &person)
{
    return person.availability == ucwa::availability::online || person.availability == ucwa::availability::idle_online;
}

// 0 for who is free, the higher the less so. Servers may say what is not known here: that comes late, too.
int distance(const presence &person)
{
    using namespace ucwa::availability;
    static constexpr std::string_view order[] = {online, idle_online, idle_busy, busy, be_right_back, away, do_not_disturb};
    const auto found = std::find(std::begin(order), std::end(order), person.availability.value_or(""));
    return static_cast<int>(found - std::begin(order));
}

std::string name(const presence &person)
{
    return person.name ? *person.name : person.uri.value_or("?");
}

bool comes_before(const presence &one, const presence &other)
{
    return std::make_tuple(distance(one), name(one)) < std::make_tuple(distance(other), name(other));
}

// A moment as people write it.
std::string written(const std::optional<ucwa::time_point> &moment)
{
    if (!moment) {
        return "";
    }
    const std::time_t seconds = std::chrono::system_clock::to_time_t(*moment);
    char text[sizeof "2013-01-22 03:58"];
    const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", std::gmtime(&seconds));
    return std::string(text, length);
}

// Text of other people, fit for a terminal: control characters, and those that turn the direction of writing, become
// question marks.
std::string plain(std::string text)
{
    for (const char *acting : {"\u200e", "\u200f", "\u061c", "\u2028", "\u2029", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068", "\u2069"}) {
        for (std::size_t at; (at = text.find(acting)) != std::string::npos;) {
            text.replace(at, std::strlen(acting), "?");
        }
    }
    // The second byte of U+0080 to U+009F lies there, but so do those of letters: the first one tells.
    for (std::size_t at = 0; at < text.size(); at++) {
        const auto byte = static_cast<unsigned char>(text[at]);
        const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0;
        if (byte < 0x20 || byte == 0x7F) {
            text[at] = '?';
        } else if (byte == 0xC2 && next >= 0x80 && next <= 0x9F) {
            text.replace(at, 2, "?");
        }
    }
    return text;
}

// Fills a column; letters beyond ASCII take several bytes and one place.
std::string cell(std::string text, std::size_t width)
{
    text = plain(std::move(text));
    const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
    const auto length = text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continues));
    return text.append(width > length ? width - length : 1, ' ');
}

void print(const presence &person)
{
    // Whose presence could not be read has an error in its place.
    const std::string what = person.error ? ucwa::to_string(person.error->status) : person.availability.value_or("-");
    std::cout << cell(name(person), 28) << cell(what, 18) << cell(person.activity.value_or("-"), 26) << written(person.last_active) << '\n';
}

void who_is_free(const std::string &group)
{
    ucwa::config config;
    set(config, "sign_in_address", "UCWA_ADDRESS");
    set(config, "password", "UCWA_PASSWORD");
    set(config, "discovery_url", "UCWA_URL");
    set(config, "ca_file", "UCWA_CA_FILE");
    ucwa::application application = ucwa::sign_in(config);

    std::vector<presence> people = application.group_presence(group);
    std::sort(people.begin(), people.end(), comes_before);
    std::cout << cell("NAME", 28) << cell("AVAILABILITY", 18) << cell("ACTIVITY", 26) << "LAST ACTIVE (UTC)\n";
    std::for_each(people.begin(), people.end(), print);
    const auto free = std::count_if(people.begin(), people.end(), is_free);
    std::cout << '\n' << free << " of " << people.size() << " in " << group << (free == 1 ? " is" : " are") << " free.\n";

    application.sign_out();
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " GROUP\n";
        return EXIT_FAILURE;
    }
    try {
        who_is_free(argv[1]);
    } catch (const std::exception &error) {
        std::cerr << argv[1] << ": " << error.what() << '\n';
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
