// Eight lanes: planar (8 pixels of one channel) or RGBX (2 pixels). AVX2, FMA, F16C.
#pragma once
#include <cstdint>
#include <immintrin.h>

#define UNTONE_INLINED
#define UNTONE_INLINE inline
#define UNTONE_APART inline

namespace untone::avx2 {

constexpr int W = 8;
constexpr int SIDE_BY_SIDE = 4; // rows of a matrix product at once
using F = __m256;
using I = __m256i;
using Mask = __m256;

static inline F load(const float *p) { return _mm256_loadu_ps(p); }
static inline void store(float *p, F v) { _mm256_storeu_ps(p, v); }
static inline I load_words(const std::uint16_t *p) { return _mm256_loadu_si256(reinterpret_cast<const I *>(p)); } // pairs
static inline void store(std::uint32_t *p, I v) { _mm256_storeu_si256(reinterpret_cast<I *>(p), v); }
static inline F splat(float x) { return _mm256_set1_ps(x); }
static inline F repeat(const float *rgbx) { return _mm256_broadcast_ps(reinterpret_cast<const __m128 *>(rgbx)); }
static inline F ramp() { return _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7); }
static inline F add(F a, F b) { return _mm256_add_ps(a, b); }
static inline F sub(F a, F b) { return _mm256_sub_ps(a, b); }
static inline F mul(F a, F b) { return _mm256_mul_ps(a, b); }
static inline F fma(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
static inline F divide(F a, F b) { return _mm256_div_ps(a, b); }
static inline F square_root(F x) { return _mm256_sqrt_ps(x); }
// x86 returns the second operand when one is NaN, so clamp(NaN) is a bound, never an index out of range
static inline F clamp(F x, F low, F high) { return _mm256_min_ps(_mm256_max_ps(x, low), high); }
static inline F smaller(F a, F b) { return _mm256_min_ps(a, b); }
static inline F larger(F a, F b) { return _mm256_max_ps(a, b); }
static inline F positive(F x) { return larger(splat(0), x); } // NaN stays
static inline Mask at_least(F a, F b) { return _mm256_cmp_ps(a, b, _CMP_GE_OQ); }
static inline F choose(Mask m, F yes, F no) { return _mm256_blendv_ps(no, yes, m); }
static inline bool any(Mask m) { return _mm256_movemask_ps(m) != 0; }
static inline I trunc(F x) { return _mm256_cvttps_epi32(x); }
static inline F convert(I x) { return _mm256_cvtepi32_ps(x); }
static inline F nearest(F x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
static inline I bits(F x) { return _mm256_castps_si256(x); }
static inline F from_bits(I x) { return _mm256_castsi256_ps(x); }
static inline I add(I a, I b) { return _mm256_add_epi32(a, b); }
static inline I splat_int(int x) { return _mm256_set1_epi32(x); }
static inline I bit_and(I a, I b) { return _mm256_and_si256(a, b); }
static inline I bit_or(I a, I b) { return _mm256_or_si256(a, b); }
template <int N> static inline I shift_left(I x) { return _mm256_slli_epi32(x, N); }
template <int N> static inline I shift_right(I x) { return _mm256_srli_epi32(x, N); }
static inline F scale_by_power(F x, F n) { // n integral, -126..127
    return mul(x, from_bits(shift_left<23>(add(trunc(n), splat_int(127)))));
}

// Two RGBX records at byte offsets
static inline F records(const float *base, const std::uint32_t *offset) {
    const auto at = [&](int k) {
        return _mm_loadu_ps(reinterpret_cast<const float *>(reinterpret_cast<const char *>(base) + offset[k]));
    };
    return _mm256_insertf128_ps(_mm256_castps128_ps256(at(0)), at(1), 1);
}

// Planar values of pixels 2Q and 2Q+1, each repeated over the lanes of its RGBX record
template <int Q> static inline F spread(F planar) {
    const __m256i at = _mm256_setr_epi32(2 * Q, 2 * Q, 2 * Q, 2 * Q, 2 * Q + 1, 2 * Q + 1, 2 * Q + 1, 2 * Q + 1);
    return _mm256_permutevar8x32_ps(planar, at);
}

// Two packed RGB pixels to RGBX; reads eight floats
static inline F load_rgb(const float *p) {
    return _mm256_permutevar8x32_ps(load(p), _mm256_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5));
}

// Eight pixels apart into planes
static inline void planes(const std::uint8_t *raw, F &r, F &g, F &b) {
    const __m128i x = _mm_loadu_si128(reinterpret_cast<const __m128i *>(raw));     // bytes 0..15 of 24
    const __m128i y = _mm_loadl_epi64(reinterpret_cast<const __m128i *>(raw + 16)); // bytes 16..23
    const auto pick = [&](__m128i from_x, __m128i from_y) {
        return convert(_mm256_cvtepu8_epi32(_mm_or_si128(_mm_shuffle_epi8(x, from_x), _mm_shuffle_epi8(y, from_y))));
    };
    const char n = -1;
    r = pick(_mm_setr_epi8(0, 3, 6, 9, 12, 15, n, n, n, n, n, n, n, n, n, n),
             _mm_setr_epi8(n, n, n, n, n, n, 2, 5, n, n, n, n, n, n, n, n));
    g = pick(_mm_setr_epi8(1, 4, 7, 10, 13, n, n, n, n, n, n, n, n, n, n, n),
             _mm_setr_epi8(n, n, n, n, n, 0, 3, 6, n, n, n, n, n, n, n, n));
    b = pick(_mm_setr_epi8(2, 5, 8, 11, 14, n, n, n, n, n, n, n, n, n, n, n),
             _mm_setr_epi8(n, n, n, n, n, 1, 4, 7, n, n, n, n, n, n, n, n));
}

// Eight pixels of packed RGB apart into planes
static inline void planes(const float *rgb, F &r, F &g, F &b) {
    const F x = load(rgb), y = load(rgb + W), z = load(rgb + 2 * W);
    const F rs = _mm256_blend_ps(_mm256_blend_ps(x, y, 0x92), z, 0x24);
    const F gs = _mm256_blend_ps(_mm256_blend_ps(x, y, 0x24), z, 0x49);
    const F bs = _mm256_blend_ps(_mm256_blend_ps(x, y, 0x49), z, 0x92);
    r = _mm256_permutevar8x32_ps(rs, _mm256_setr_epi32(0, 3, 6, 1, 4, 7, 2, 5));
    g = _mm256_permutevar8x32_ps(gs, _mm256_setr_epi32(1, 4, 7, 2, 5, 0, 3, 6));
    b = _mm256_permutevar8x32_ps(bs, _mm256_setr_epi32(2, 5, 0, 3, 6, 1, 4, 7));
}

// Packed samples: bytes and words of what a truncation leaves, half floats rounded to even
static inline __m128i words_of(F v) {
    const I x = trunc(v);
    return _mm_packus_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
}
static inline void store_bytes(std::uint8_t *out, F v) {
    const __m128i words = words_of(v);
    _mm_storel_epi64(reinterpret_cast<__m128i *>(out), _mm_packus_epi16(words, words));
}
static inline void store_words(std::uint16_t *out, F v) {
    _mm_storeu_si128(reinterpret_cast<__m128i *>(out), words_of(v));
}
static inline __m128i halves_of(F v) { return _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
static inline void store_halves(std::uint16_t *out, F v) {
    _mm_storeu_si128(reinterpret_cast<__m128i *>(out), halves_of(v));
}
static inline void store_words(std::uint16_t *out, I pairs) {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(out), pairs);
}

// Two RGBX pixels to packed RGB; each writes two samples past the last pixel
static inline void store_rgb_halves(std::uint16_t *out, F v) {
    const __m128i order = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1);
    _mm_storeu_si128(reinterpret_cast<__m128i *>(out), _mm_shuffle_epi8(halves_of(v), order));
}
static inline void store_rgb(float *out, F v) {
    _mm256_storeu_ps(out, _mm256_permutevar8x32_ps(v, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 6, 6)));
}

// Value and slope of eight entries of a table of pairs
static inline void look_up(const float *pairs, I index, F &value, F &slope) {
    alignas(32) std::uint32_t at[W];
    store(at, index);
    const auto two = [&](int k) { // entries k and k + 1
        const auto *table = reinterpret_cast<const double *>(pairs);
        return _mm_castpd_ps(_mm_loadh_pd(_mm_load_sd(table + at[k]), table + at[k + 1]));
    };
    const F even = _mm256_insertf128_ps(_mm256_castps128_ps256(two(0)), two(4), 1);
    const F odd = _mm256_insertf128_ps(_mm256_castps128_ps256(two(2)), two(6), 1);
    value = _mm256_shuffle_ps(even, odd, 0x88);
    slope = _mm256_shuffle_ps(even, odd, 0xdd);
}

// Eight cubics; coefficients from the lowest power up, eight of each
struct EightCubics {
    const float *p;
    explicit EightCubics(const float *table) : p(table) {}
    // The one that the three lowest bits of `which` tell, at t
    F at(I which, F t) const {
        const auto pick = [&](int k) { return _mm256_permutevar8x32_ps(load(p + 8 * k), which); };
        return fma(fma(fma(pick(3), t, pick(2)), t, pick(1)), t, pick(0));
    }
};

// Eight grid nodes along the guide: value and x slope at node r, and their differences to node r + 1
struct Nodes {
    const float *p;
    explicit Nodes(const float *table) : p(table) {}
    // sum + value at x share fx and guide share t, with r in 0..6
    F add_to(F sum, I r, F fx, F t) const {
        const auto pick = [&](int k) { return _mm256_permutevar8x32_ps(load(p + 8 * k), r); };
        return fma(t, fma(fx, pick(3), pick(2)), fma(fx, pick(1), add(sum, pick(0))));
    }
};

} // namespace untone::avx2
