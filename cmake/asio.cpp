// The one unit that holds the compiled half of Asio and Beast, so that every other unit only sees declarations.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
