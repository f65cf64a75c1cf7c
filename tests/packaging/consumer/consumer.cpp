// The same in C++.
#include <iostream>
#include <ucwa.hpp>

int main()
{
    ucwa::config config;
    if (std::string(ucwa::version()) != UCWA_VERSION || config.culture("de-DE").get("culture") != "de-DE") {
        return 1;
    }
    try {
        config.set("colour", "blue");
        return 1;
    } catch (const ucwa::invalid_config_error &error) {
        std::cout << "C++ with libucwa " << ucwa::version() << '\n';
    }
}
