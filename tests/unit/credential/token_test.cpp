// What providers say when they give no token.
#include <doctest/doctest.h>
