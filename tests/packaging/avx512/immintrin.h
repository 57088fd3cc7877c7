// Stands for the compiler's header where a processor lacks AVX-512: SIMDe's instructions (MIT, libsimde-dev of Debian), in
// plain C, and those that its version 0.7 has not, by their definitions in Intel's Intrinsics Guide.
#pragma once
#include_next <immintrin.h>
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <simde/x86/f16c.h>
#include <simde/x86/fma.h>

#include <cmath>
#include <cstdint>
#include <cstring>

template <class To, class From> static inline To of_bytes(const From &from) {
    To to;
    static_assert(sizeof to == sizeof from, "as many bytes");
    std::memcpy(&to, &from, sizeof to);
    return to;
}

struct Floats { float v[16]; };
struct Ints { std::int32_t v[16]; };

static inline __m512 emulated_cvtepi32_ps(__m512i x) {
    const Ints from = of_bytes<Ints>(x);
    Floats to;
    for (int k = 0; k < 16; ++k) to.v[k] = static_cast<float>(from.v[k]);
    return of_bytes<__m512>(to);
}

static inline __m512i emulated_cvttps_epi32(__m512 x) { // what does not fit is the indefinite integer
    const Floats from = of_bytes<Floats>(x);
    Ints to;
    for (int k = 0; k < 16; ++k) {
        const bool fits = from.v[k] >= -2147483648.0f && from.v[k] < 2147483648.0f;
        to.v[k] = fits ? static_cast<std::int32_t>(from.v[k]) : INT32_MIN;
    }
    return of_bytes<__m512i>(to);
}

static inline __m512i emulated_cvtepu8_epi32(__m128i x) {
    struct Bytes { std::uint8_t v[16]; };
    const Bytes from = of_bytes<Bytes>(x);
    Ints to;
    for (int k = 0; k < 16; ++k) to.v[k] = from.v[k];
    return of_bytes<__m512i>(to);
}

template <class Register, class Small> static inline Register saturated(__m512i x) { // of unsigned numbers
    struct Words { std::uint32_t v[16]; };
    struct Narrow { Small v[16]; };
    const Words from = of_bytes<Words>(x);
    Narrow to;
    for (int k = 0; k < 16; ++k) {
        const std::uint32_t most = static_cast<Small>(~0);
        to.v[k] = static_cast<Small>(from.v[k] < most ? from.v[k] : most);
    }
    return of_bytes<Register>(to);
}
static inline __m128i emulated_cvtusepi32_epi8(__m512i x) { return saturated<__m128i, std::uint8_t>(x); }
static inline __m256i emulated_cvtusepi32_epi16(__m512i x) { return saturated<__m256i, std::uint16_t>(x); }

static inline __m256i emulated_cvtps_ph(__m512 x, int) { // in two halves, by F16C; always to nearest even here
    struct Halves { __m256 low, high; };
    struct Packed { __m128i low, high; };
    const Halves from = of_bytes<Halves>(x);
    return of_bytes<__m256i>(Packed{_mm256_cvtps_ph(from.low, 0), _mm256_cvtps_ph(from.high, 0)});
}

static inline __m512 emulated_maskz_expandloadu_ps(std::uint16_t mask, const float *p) {
    Floats to{};
    for (int k = 0; k < 16; ++k)
        if (mask >> k & 1) to.v[k] = *p++;
    return of_bytes<__m512>(to);
}

static inline __m512 emulated_rcp14_ps(__m512 x) { // as coarse as may be: 14 bits
    Floats v = of_bytes<Floats>(x);
    for (float &one : v.v) one = 1 / one * (1 + 1.0f / 32768);
    return of_bytes<__m512>(v);
}

static inline __m512 emulated_shuffle_f32x4(__m512 a, __m512 b, int order) {
    const Floats x = of_bytes<Floats>(a), y = of_bytes<Floats>(b);
    Floats to;
    for (int part = 0; part < 4; ++part) {
        const Floats &from = part < 2 ? x : y;
        std::memcpy(to.v + 4 * part, from.v + 4 * (order >> (2 * part) & 3), 4 * sizeof(float));
    }
    return of_bytes<__m512>(to);
}

#define _mm512_cvtepi32_ps emulated_cvtepi32_ps
#define _mm512_cvttps_epi32 emulated_cvttps_epi32
#define _mm512_cvtepu8_epi32 emulated_cvtepu8_epi32
#define _mm512_cvtusepi32_epi8 emulated_cvtusepi32_epi8
#define _mm512_cvtusepi32_epi16 emulated_cvtusepi32_epi16
#define _mm512_cvtps_ph emulated_cvtps_ph
#define _mm512_maskz_expandloadu_ps emulated_maskz_expandloadu_ps
#define _mm512_rcp14_ps emulated_rcp14_ps
#define _mm512_shuffle_f32x4 emulated_shuffle_f32x4
