# The compiled kernels for 64-bit ARM, by Debian's cross compiler; UNTONE_ARM64_ROOT holds an ARM Python (see root.py).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
