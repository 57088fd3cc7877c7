#include "processor.hpp"

#ifdef UNTONE_X86
#include <cstdint>
#ifdef _MSC_VER
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#endif

namespace untone {

#ifdef UNTONE_X86
namespace {

struct Registers { std::uint32_t a, b, c, d; };

Registers cpuid(std::uint32_t leaf) {
    Registers r{0, 0, 0, 0};
#ifdef _MSC_VER
    int v[4];
    __cpuidex(v, static_cast<int>(leaf), 0);
    r = {static_cast<std::uint32_t>(v[0]), static_cast<std::uint32_t>(v[1]), static_cast<std::uint32_t>(v[2]),
         static_cast<std::uint32_t>(v[3])};
#else
    __cpuid_count(leaf, 0, r.a, r.b, r.c, r.d);
#endif
    return r;
}

// XCR0: which registers the operating system saves
std::uint64_t saved_state() {
#ifdef _MSC_VER
    return _xgetbv(0);
#else
    std::uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (static_cast<std::uint64_t>(high) << 32) | low;
#endif
}

bool all(std::uint32_t word, std::uint32_t bits) { return (word & bits) == bits; }

struct Abilities {
    bool avx2 = false, avx512 = false;

    Abilities() {
        if (cpuid(0).a < 7) return;
        const std::uint32_t basic = cpuid(1).c, extended = cpuid(7).b;
        if (!all(basic, 1u << 27 | 1u << 28 | 1u << 12 | 1u << 29)) return; // OSXSAVE, AVX, FMA, F16C
        const std::uint64_t saved = saved_state();
        avx2 = (saved & 0x6) == 0x6 && all(extended, 1u << 5);
        const std::uint32_t needed = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31; // F DQ BW VL
        avx512 = avx2 && (saved & 0xe6) == 0xe6 && all(extended, needed);
    }
};

const Abilities &abilities() {
    static const Abilities found;
    return found;
}

} // namespace

bool has_avx2() { return abilities().avx2; }
bool has_avx512() { return abilities().avx512; }
#else
bool has_avx2() { return false; }
bool has_avx512() { return false; }
#endif

} // namespace untone
