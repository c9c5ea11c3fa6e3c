# Two verbs for the folders' CMakeLists: a library per folder, a doctest program per tested folder.

# adit_library(NAME SOURCES ... DEPENDS ...): the folder's only library; DEPENDS are what its headers may include.
function(adit_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PUBLIC adit_options ${ARG_DEPENDS})
    adit_precompile(${name} ${ARG_DEPENDS})
endfunction()

# adit_unit_test(NAME SOURCES ... DEPENDS ...): one doctest program and one ctest entry.
function(adit_unit_test name)
    cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
    add_executable(${name} ${ARG_SOURCES} ${CMAKE_SOURCE_DIR}/tests/unit/main.cpp)
    target_link_libraries(${name} PRIVATE adit_options ${ARG_DEPENDS})
    adit_precompile(${name} ${ARG_DEPENDS})
    add_test(NAME unit.${name} COMMAND ${name})
    set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 120)
endfunction()

# Adds those of the named folders that exist: a folder appears when it has content.
function(adit_subdirectories)
    foreach(folder ${ARGN})
        if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt)
            add_subdirectory(${folder})
        endif()
    endforeach()
endfunction()
