# Whether this version of libucwa does for who asks find_package for one.
set(PACKAGE_VERSION "0.1.0")

set(PACKAGE_VERSION_COMPATIBLE FALSE)
set(PACKAGE_VERSION_EXACT FALSE)
if(PACKAGE_FIND_VERSION STREQUAL PACKAGE_VERSION)
    set(PACKAGE_VERSION_EXACT TRUE)
endif()
# Before 1.0 a minor version may break.
string(REGEX MATCH "^(0\\.[0-9]+|[0-9]+)" ucwa_abi "${PACKAGE_VERSION}")
string(REGEX MATCH "^(0\\.[0-9]+|[0-9]+)" ucwa_wanted_abi "${PACKAGE_FIND_VERSION}")
if(ucwa_abi STREQUAL ucwa_wanted_abi AND NOT PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION)
    set(PACKAGE_VERSION_COMPATIBLE TRUE)
endif()
unset(ucwa_abi)
unset(ucwa_wanted_abi)
