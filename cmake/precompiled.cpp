// Carries the precompiled headers of cmake/AditPrecompiled.cmake.
