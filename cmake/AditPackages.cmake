# Debian packages by CPack: adit-agent and adit-connector, each with the WireGuard helper of its own version. `scripts/package`
# makes them, the same bytes from the same commit. Included last, when all that is installed is known.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME adit)
set(CPACK_PACKAGE_VENDOR Adit)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON)  # since units and settings have their places wherever the rest goes
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/cmake/finish_packages.cmake)
set(CPACK_ADIT_SOURCE ${CMAKE_SOURCE_DIR})  # for that script
set(CPACK_ADIT_BUILD ${CMAKE_BINARY_DIR})
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "Adit maintainers <maintainers@adit.invalid>")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_ADIT-AGENT_PACKAGE_DEPENDS procps)  # kill, by which its unit reloads
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

# What a host gets besides the program, its manual and its completions (component NAME-host). It is right for /usr only, so
# `cmake --install` leaves it out.
function(adit_host_files name)
    set(from ${CMAKE_SOURCE_DIR}/deploy)
    string(REPLACE "adit-" "" short ${name})
    set(of_package COMPONENT ${name}-host EXCLUDE_FROM_ALL)
    file(GLOB units ${from}/systemd/${name}*.service)
    install(FILES ${units} DESTINATION /usr/lib/systemd/system ${of_package})
    install(FILES ${from}/debian/${short}.yaml DESTINATION /etc/adit ${of_package})
    install(FILES ${from}/debian/copyright ${from}/debian/changelog DESTINATION /usr/share/doc/${name} ${of_package})
    install(FILES ${from}/debian/${short}.lintian-overrides DESTINATION /usr/share/lintian/overrides RENAME ${name} ${of_package})
    if(ADIT_WIREGUARD)
        install(PROGRAMS ${CMAKE_BINARY_DIR}/libexec/adit/adit-wireguard DESTINATION /usr/libexec/${name} ${of_package})
    endif()
endfunction()

# The maintainer scripts of a package, into build/debian/NAME; `leftovers` is what purging takes along.
function(adit_maintainer_scripts name units leftovers)
    set(unit ${name}.service)
    string(REPLACE "adit-" "" short ${name})
    foreach(script postinst prerm postrm)
        configure_file(${CMAKE_SOURCE_DIR}/deploy/debian/${script}.in ${CMAKE_BINARY_DIR}/debian/${name}/${script} @ONLY
            FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
    endforeach()
    file(WRITE ${CMAKE_BINARY_DIR}/debian/${name}/conffiles "/etc/adit/${short}.yaml\n")
endfunction()

adit_host_files(adit-agent)
adit_maintainer_scripts(adit-agent "adit-agent.service 'adit-agent@*.service'"
    "/etc/adit/agent.token /etc/adit/agent-*.token /etc/adit/agent-*.yaml /etc/systemd/system/multi-user.target.wants/adit-agent@*.service")
adit_host_files(adit-connector)
adit_maintainer_scripts(adit-connector adit-connector.service
    "/var/lib/adit-connector /var/lib/private/adit-connector /var/log/adit /var/log/private/adit")

set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # or it stands before each of these, whose first lines are summaries
set(CPACK_DEBIAN_ADIT-AGENT_DESCRIPTION "agent of tunnels from an API gateway to private hosts
adit-agent runs in a private network, opens no port, and dials out to an
adit-connector over TLS 1.3 or WireGuard. Requests come down that tunnel and
reach the hosts of its allow list, and nothing else.

It runs as a user without a name of its own, without any capability.")
set(CPACK_DEBIAN_ADIT-CONNECTOR_DESCRIPTION "gateway side of tunnels to private backends
adit-connector stands where tunnels that adit-agents dial come together. It
takes HTTP requests, decides who may call what, absorbs failures of backends,
and carries requests down the tunnels.

It runs as a user without a name of its own, without any capability.")
foreach(name adit-agent adit-connector)
    string(TOUPPER ${name} group)
    set(made ${CMAKE_BINARY_DIR}/debian/${name})
    set(CPACK_DEBIAN_${group}_PACKAGE_NAME ${name})
    set(CPACK_DEBIAN_${group}_FILE_NAME DEB-DEFAULT)
    set(CPACK_DEBIAN_${group}_PACKAGE_CONTROL_EXTRA ${made}/postinst ${made}/prerm ${made}/postrm ${made}/conffiles)
endforeach()
set(CPACK_COMPONENTS_ALL adit-agent adit-agent-host adit-connector adit-connector-host)
include(CPack)
foreach(name adit-agent adit-connector)
    cpack_add_component_group(${name})
    cpack_add_component(${name} GROUP ${name})
    cpack_add_component(${name}-host GROUP ${name})
endforeach()
