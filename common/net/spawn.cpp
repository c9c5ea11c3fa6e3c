// Starts coroutines; see spawn.h.
#include "common/net/spawn.h"

#include <boost/asio/co_spawn.hpp>
#include <cstdlib>
#include <exception>
#include <iostream>

namespace adit::net {
namespace {

[[noreturn]] void die(const char* name, const char* what) {
    std::cerr << "adit: unexpected error in " << name << ": " << what << '\n';
    std::abort();
}

}  // namespace

void spawn(boost::asio::io_context& context, const char* name, Task<> task) {
    boost::asio::co_spawn(context.get_executor(), std::move(task), [name](const std::exception_ptr& problem) {
        if (!problem) {
            return;
        }
        try {
            std::rethrow_exception(problem);
        } catch (const std::exception& e) {
            die(name, e.what());
        } catch (...) {
            die(name, "not a std::exception");
        }
    });
}

}  // namespace adit::net
