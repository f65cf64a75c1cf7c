# Building the libraries with cargo, and the targets that use them from within the build.

# Files as they are to be installed, names and links included: a program of the build finds the library by the same name
# as one that is installed.
set(ucwa_built "${PROJECT_BINARY_DIR}/lib")
file(MAKE_DIRECTORY "${ucwa_built}")
set(ucwa_shared_arguments "")
set(ucwa_import_file "")
if(WIN32)
    set(ucwa_shared_output ucwa.dll)
    set(ucwa_shared_file ucwa.dll)
    set(ucwa_shared_links "")
    if(MSVC)
        set(ucwa_import_file ucwa.dll.lib)
        set(ucwa_static_file ucwa.lib)
    else()
        set(ucwa_import_file libucwa.dll.a)
        set(ucwa_static_file libucwa.a)
    endif()
elseif(APPLE)
    set(ucwa_shared_output libucwa.dylib)
    set(ucwa_shared_file libucwa.${PROJECT_VERSION}.dylib)
    set(ucwa_shared_name libucwa.${ucwa_abi}.dylib)
    set(ucwa_shared_links ${ucwa_shared_name} libucwa.dylib)
    set(ucwa_shared_arguments
        -Clink-arg=-Wl,-install_name,@rpath/${ucwa_shared_name},-current_version,${PROJECT_VERSION},-compatibility_version,${ucwa_abi})
    set(ucwa_static_file libucwa.a)
else()
    set(ucwa_shared_output libucwa.so)
    set(ucwa_shared_file libucwa.so.${PROJECT_VERSION})
    set(ucwa_shared_name libucwa.so.${ucwa_abi})
    set(ucwa_shared_links ${ucwa_shared_name} libucwa.so)
    # Only here: within cargo's own folder the library goes by its plain name.
    set(ucwa_shared_arguments -Clink-arg=-Wl,-soname,${ucwa_shared_name})
    set(ucwa_static_file libucwa.a)
endif()

# Always named, so that no setting of cargo's own puts the files elsewhere.
if(NOT UCWA_CARGO_TARGET)
    if(CMAKE_CROSSCOMPILING)
        message(FATAL_ERROR "name the target for cargo in UCWA_CARGO_TARGET, such as aarch64-unknown-linux-gnu; its linker is cargo's own setting")
    endif()
    execute_process(COMMAND "${UCWA_CARGO}" -vV OUTPUT_VARIABLE ucwa_cargo_version)
    if(NOT ucwa_cargo_version MATCHES "host: ([^\n]+)")
        message(FATAL_ERROR "${UCWA_CARGO} does not say which host it is for")
    endif()
    set(UCWA_CARGO_TARGET "${CMAKE_MATCH_1}")
endif()

if(UCWA_CARGO_PROFILE STREQUAL "dev")
    set(ucwa_cargo_output "${UCWA_CARGO_TARGET_DIR}/${UCWA_CARGO_TARGET}/debug")
else()
    set(ucwa_cargo_output "${UCWA_CARGO_TARGET_DIR}/${UCWA_CARGO_TARGET}/${UCWA_CARGO_PROFILE}")
endif()

# One crate type at a time: beside the Rust library cargo optimises less.
function(ucwa_cargo_rustc result crate_type)
    set(${result}
        COMMAND "${UCWA_CARGO}" rustc --locked --manifest-path "${PROJECT_SOURCE_DIR}/Cargo.toml" --package libucwa --lib
            --crate-type ${crate_type} --profile ${UCWA_CARGO_PROFILE} --target ${UCWA_CARGO_TARGET} --target-dir "${UCWA_CARGO_TARGET_DIR}" -- ${ARGN}
        PARENT_SCOPE)
endfunction()

set(ucwa_all "")
if(ucwa_top_level)
    set(ucwa_all ALL)
endif()

set(ucwa_copies COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${ucwa_cargo_output}/${ucwa_shared_output}" "${ucwa_built}/${ucwa_shared_file}")
set(ucwa_byproducts "${ucwa_built}/${ucwa_shared_file}")
if(ucwa_import_file)
    list(APPEND ucwa_copies COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${ucwa_cargo_output}/${ucwa_import_file}" "${ucwa_built}/${ucwa_import_file}")
    list(APPEND ucwa_byproducts "${ucwa_built}/${ucwa_import_file}")
endif()
foreach(link IN LISTS ucwa_shared_links)
    list(APPEND ucwa_copies COMMAND "${CMAKE_COMMAND}" -E create_symlink ${ucwa_shared_file} "${ucwa_built}/${link}")
endforeach()
ucwa_cargo_rustc(ucwa_build cdylib ${ucwa_shared_arguments})
add_custom_target(ucwa_build_shared ${ucwa_all} ${ucwa_build} ${ucwa_copies}
    BYPRODUCTS ${ucwa_byproducts} COMMENT "Building the shared libucwa with cargo" USES_TERMINAL VERBATIM)

ucwa_cargo_rustc(ucwa_build staticlib)
add_custom_target(ucwa_build_static ${ucwa_all} ${ucwa_build}
    COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${ucwa_cargo_output}/${ucwa_static_file}" "${ucwa_built}/${ucwa_static_file}"
    BYPRODUCTS "${ucwa_built}/${ucwa_static_file}" COMMENT "Building the static libucwa with cargo" USES_TERMINAL VERBATIM)

set(ucwa_headers "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/bindings/cpp")

add_library(ucwa::ucwa SHARED IMPORTED GLOBAL)
set_target_properties(ucwa::ucwa PROPERTIES
    IMPORTED_LOCATION "${ucwa_built}/${ucwa_shared_file}"
    INTERFACE_INCLUDE_DIRECTORIES "${ucwa_headers}")
if(ucwa_import_file)
    set_target_properties(ucwa::ucwa PROPERTIES IMPORTED_IMPLIB "${ucwa_built}/${ucwa_import_file}")
else()
    if(APPLE)
        set_target_properties(ucwa::ucwa PROPERTIES IMPORTED_SONAME "@rpath/${ucwa_shared_name}")
    else()
        set_target_properties(ucwa::ucwa PROPERTIES IMPORTED_SONAME ${ucwa_shared_name})
    endif()
endif()
add_dependencies(ucwa::ucwa ucwa_build_shared)

add_library(ucwa::static STATIC IMPORTED GLOBAL)
set_target_properties(ucwa::static PROPERTIES
    IMPORTED_LOCATION "${ucwa_built}/${ucwa_static_file}"
    INTERFACE_INCLUDE_DIRECTORIES "${ucwa_headers}"
    INTERFACE_COMPILE_DEFINITIONS UCWA_STATIC
    INTERFACE_LINK_LIBRARIES "${ucwa_SYSTEM_LIBRARIES}")
add_dependencies(ucwa::static ucwa_build_static)
