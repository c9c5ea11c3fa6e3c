# Between installing and packing (CPACK_PRE_BUILD_SCRIPTS): what Debian's policy wants of a package's files, the bill of
# materials of what is really in it, and one time and one set of modes for all, so that the same commit gives the same bytes.
function(run)
    execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

foreach(name adit-agent adit-connector)
    set(root ${CPACK_TEMPORARY_DIRECTORY}/${name})
    set(doc ${root}/usr/share/doc/${name})
    if(EXISTS ${root}/usr/share/zsh/site-functions)  # which Debian's zsh does not look at
        file(RENAME ${root}/usr/share/zsh/site-functions ${root}/usr/share/zsh/vendor-completions)
    endif()
    file(GLOB pages ${root}/usr/share/man/*/*.[15])
    run(gzip -9nf ${pages} ${doc}/changelog)
    file(GLOB helper ${root}/usr/libexec/${name}/adit-wireguard)
    run(${CPACK_ADIT_SOURCE}/scripts/sbom --build ${CPACK_ADIT_BUILD} --output ${doc}/sbom.cdx.json
        ${root}/usr/bin/${name} ${helper})
    run(find ${root} -type d -exec chmod 0755 {} +)
    run(find ${root} -type f -perm /100 -exec chmod 0755 {} +)
    run(find ${root} -type f ! -perm /100 -exec chmod 0644 {} +)
    run(find ${root} -exec touch --no-dereference --date=@$ENV{SOURCE_DATE_EPOCH} {} +)
endforeach()
