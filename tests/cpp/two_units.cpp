// The header in two files of one program: no function is defined twice, and both see one log.
#include "check.hpp"

ucwa::config configured_elsewhere();
bool same_log(const void *slot);

int main()
{
    return run([] {
        CHECK(configured_elsewhere().get("culture") == "de-DE");
        CHECK(same_log(&ucwa::detail::log_slot::instance()));
    });
}
