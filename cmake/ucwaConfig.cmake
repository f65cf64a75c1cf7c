# find_package(ucwa): targets ucwa::ucwa (shared) and ucwa::static, each where the library is installed, with the C and
# the C++ header.
#
# It lies in LIB/cmake/ucwa or SHARE/cmake/ucwa, and finds the rest from there: an installation can be moved.
include("${CMAKE_CURRENT_LIST_DIR}/ucwaSystemLibraries.cmake")

# Where it really lies: /lib may be a link into /usr.
get_filename_component(ucwa_here "${CMAKE_CURRENT_LIST_DIR}" REALPATH)
# Below a multiarch folder the prefix is one step further away.
set(ucwa_prefixes "${ucwa_here}/../../.." "${ucwa_here}/../../../..")
set(ucwa_folders "${ucwa_here}/../..")
foreach(prefix IN LISTS ucwa_prefixes)
    foreach(folder "lib/${CMAKE_LIBRARY_ARCHITECTURE}" lib64 lib)
        list(APPEND ucwa_folders "${prefix}/${folder}")
    endforeach()
endforeach()
set(ucwa_shared_names libucwa.so libucwa.dylib libucwa.dll.a ucwa.dll.lib)
set(ucwa_static_names libucwa.a ucwa.lib)

# Names in full, so that a shared library is never taken for a static one; nothing is kept in the cache.
macro(ucwa_find result names folders)
    unset(${result})
    foreach(ucwa_folder IN LISTS ${folders})
        foreach(ucwa_name IN LISTS ${names})
            if(NOT ${result} AND EXISTS "${ucwa_folder}/${ucwa_name}")
                get_filename_component(${result} "${ucwa_folder}/${ucwa_name}" ABSOLUTE)
            endif()
        endforeach()
    endforeach()
endmacro()

set(ucwa_header_names ucwa.h)
set(ucwa_header_folders "")
set(ucwa_dll_names ucwa.dll)
set(ucwa_dll_folders "")
foreach(prefix IN LISTS ucwa_prefixes)
    list(APPEND ucwa_header_folders "${prefix}/include")
    list(APPEND ucwa_dll_folders "${prefix}/bin")
endforeach()
ucwa_find(ucwa_header ucwa_header_names ucwa_header_folders)
ucwa_find(ucwa_shared ucwa_shared_names ucwa_folders)
ucwa_find(ucwa_static ucwa_static_names ucwa_folders)
ucwa_find(ucwa_dll ucwa_dll_names ucwa_dll_folders)

if(NOT ucwa_header OR NOT (ucwa_shared OR ucwa_static))
    set(ucwa_FOUND FALSE)
    set(ucwa_NOT_FOUND_MESSAGE "ucwa.h or the library is not where ${CMAKE_CURRENT_LIST_FILE} looks for it")
    return()
endif()
get_filename_component(ucwa_include "${ucwa_header}" DIRECTORY)

if(ucwa_shared AND NOT TARGET ucwa::ucwa)
    add_library(ucwa::ucwa SHARED IMPORTED)
    set_target_properties(ucwa::ucwa PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${ucwa_include}")
    if(WIN32)
        set_target_properties(ucwa::ucwa PROPERTIES IMPORTED_IMPLIB "${ucwa_shared}" IMPORTED_LOCATION "${ucwa_dll}")
    else()
        set_target_properties(ucwa::ucwa PROPERTIES IMPORTED_LOCATION "${ucwa_shared}")
    endif()
endif()
if(ucwa_static AND NOT TARGET ucwa::static)
    add_library(ucwa::static STATIC IMPORTED)
    set_target_properties(ucwa::static PROPERTIES
        IMPORTED_LOCATION "${ucwa_static}"
        INTERFACE_INCLUDE_DIRECTORIES "${ucwa_include}"
        INTERFACE_COMPILE_DEFINITIONS UCWA_STATIC
        INTERFACE_LINK_LIBRARIES "${ucwa_SYSTEM_LIBRARIES}")
endif()
