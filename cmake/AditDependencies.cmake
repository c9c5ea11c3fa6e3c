# Libraries, all from Debian 12 packages; nothing is downloaded.
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Threads REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(nghttp2 REQUIRED IMPORTED_TARGET libnghttp2>=1.52)
pkg_check_modules(yaml-cpp REQUIRED IMPORTED_TARGET yaml-cpp>=0.7)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(brotli REQUIRED IMPORTED_TARGET libbrotlienc)
pkg_check_modules(libseccomp REQUIRED IMPORTED_TARGET libseccomp>=2.5)
pkg_check_modules(libcap-ng REQUIRED IMPORTED_TARGET libcap-ng)
pkg_check_modules(hiredis REQUIRED IMPORTED_TARGET hiredis>=0.14)
pkg_check_modules(brotli_decoder REQUIRED IMPORTED_TARGET libbrotlidec)  # tests
find_package(rapidcheck QUIET)  # tests
find_path(CLI11_INCLUDE CLI/CLI.hpp REQUIRED)

# Asio and Beast compiled once (BOOST_*_SEPARATE_COMPILATION).
add_library(adit_asio STATIC ${CMAKE_SOURCE_DIR}/cmake/asio.cpp)
target_link_libraries(adit_asio PUBLIC adit_options Boost::headers Threads::Threads)
