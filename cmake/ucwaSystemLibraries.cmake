# What a program needs of the system that links the static library: what rustc prints for --print native-static-libs. A
# test compares them where it runs: on Linux so far.
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    # As options: a bare name could be that of somebody's target.
    set(ucwa_SYSTEM_LIBRARIES -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc)
elseif(APPLE)
    set(ucwa_SYSTEM_LIBRARIES "-framework Security" "-framework SystemConfiguration" "-framework CoreFoundation" -liconv -lm)
elseif(WIN32)
    set(ucwa_SYSTEM_LIBRARIES kernel32 ntdll userenv ws2_32 dbghelp bcrypt crypt32 secur32 ncrypt advapi32 iphlpapi)
else()
    set(ucwa_SYSTEM_LIBRARIES -lpthread -lm)
endif()
