# Two verbs for the folders' CMakeLists: a library per folder, a doctest program per tested folder.

# adit_library(NAME SOURCES ... [ALONE ...] DEPENDS ...): the folder's only library; DEPENDS are what its headers may include.
# Builds that are thrown away compile ten sources as one text, a quarter of the work; those that stand ALONE have names of
# their own that others of the folder have as well.
function(adit_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;ALONE;DEPENDS" ${ARGN})
    add_library(${name} STATIC ${ARG_SOURCES} ${ARG_ALONE})
    target_link_libraries(${name} PUBLIC adit_options ${ARG_DEPENDS})
    adit_precompile(${name} ${ARG_DEPENDS})
    if(ADIT_PRECOMPILE)
        adit_compile_together(${name} 10 ${ARG_ALONE})
    endif()
endfunction()

# adit_compile_together(TARGET COUNT [ALONE...]): COUNT sources at a time as one text (0: all), but for those that stand alone.
function(adit_compile_together target count)
    if(ARGN)
        set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${count})
endfunction()

# adit_unit_test(NAME SOURCES ... [ALONE ...] DEPENDS ...): one doctest program and one ctest entry. Its sources are compiled as one
# text, since what they include costs ten times what they are; those that stand ALONE have names that others have as well.
function(adit_unit_test name)
    cmake_parse_arguments(ARG "" "" "SOURCES;ALONE;DEPENDS" ${ARGN})
    if(NOT TARGET adit_doctest)
        add_library(adit_doctest OBJECT ${CMAKE_SOURCE_DIR}/tests/unit/main.cpp)
        target_link_libraries(adit_doctest PUBLIC adit_options)
    endif()
    add_executable(${name} ${ARG_SOURCES} ${ARG_ALONE})
    adit_compile_together(${name} 0 ${ARG_ALONE})
    target_link_libraries(${name} PRIVATE adit_options adit_doctest ${ARG_DEPENDS})
    adit_precompile(${name} ${ARG_DEPENDS})
    add_test(NAME unit.${name} COMMAND ${name})
    set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()

# Adds those of the named folders that exist: a folder appears when it has content.
function(adit_subdirectories)
    foreach(folder ${ARGN})
        if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt)
            add_subdirectory(${folder})
        endif()
    endforeach()
endfunction()
