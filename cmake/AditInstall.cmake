# Where a program and what it prints about itself are installed.
include(GNUInstallDirs)

# adit_install_program(NAME): the program, and the completions and manual pages that it prints, made when all is built.
function(adit_install_program name)
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${name})
    if(CMAKE_CROSSCOMPILING)
        message(STATUS "${name}: cross-compiling, so its completions and manual pages are to be printed on the target")
        return()
    endif()
    set(files)
    # File, where it goes, and the arguments that print it.
    foreach(line
            "${name}.bash|${CMAKE_INSTALL_DATADIR}/bash-completion/completions|${name}|completion bash"
            "_${name}|${CMAKE_INSTALL_DATADIR}/zsh/site-functions|_${name}|completion zsh"
            "${name}.fish|${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d|${name}.fish|completion fish"
            "${name}.1|${CMAKE_INSTALL_MANDIR}/man1|${name}.1|man 1"
            "${name}.yaml.5|${CMAKE_INSTALL_MANDIR}/man5|${name}.yaml.5|man 5")
        string(REPLACE "|" ";" parts "${line}")
        list(GET parts 0 made)
        list(GET parts 1 folder)
        list(GET parts 2 installed)
        list(GET parts 3 verb)
        separate_arguments(verb)
        set(file ${CMAKE_CURRENT_BINARY_DIR}/manual/${made})
        add_custom_command(OUTPUT ${file} DEPENDS ${name} VERBATIM
            COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/manual
            COMMAND ${name} ${verb} > ${file})
        install(FILES ${file} DESTINATION ${folder} RENAME ${installed} COMPONENT ${name})
        list(APPEND files ${file})
    endforeach()
    add_custom_target(${name}-manual ALL DEPENDS ${files})
endfunction()
