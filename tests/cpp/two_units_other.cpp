// The other file of two_units.cpp.
#include <ucwa.hpp>

ucwa::config configured_elsewhere()
{
    ucwa::config config;
    config.culture("de-DE");
    return config;
}

bool same_log(const void *slot)
{
    return slot == &ucwa::detail::log_slot::instance();
}
