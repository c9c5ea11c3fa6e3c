# What the toolchain files debian-ARCHITECTURE.cmake share: clang compiles for any target, and Debian keeps the libraries of
# each in folders named by its triplet.
set(CMAKE_C_COMPILER_TARGET ${ADIT_TRIPLET})
set(CMAKE_CXX_COMPILER_TARGET ${ADIT_TRIPLET})
set(CMAKE_LIBRARY_ARCHITECTURE ${ADIT_TRIPLET})
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/${ADIT_TRIPLET}/pkgconfig:/usr/share/pkgconfig)
