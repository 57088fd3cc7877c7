# For 64-bit ARM by Debian's cross compiler; UNTONE_ARM64_ROOT in the environment holds an ARM Python (see cross.py).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CXX_FLAGS_INIT "-isystem $ENV{UNTONE_ARM64_ROOT}/usr/include") # of its Python, beside the compiler's own
