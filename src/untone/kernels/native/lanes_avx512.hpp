// Sixteen lanes: planar (16 pixels of one channel) or RGBX (4 pixels). AVX-512 F, BW, DQ, VL.
#pragma once
#include <cstdint>
#include <immintrin.h>

#define UNTONE_INLINED
#define UNTONE_INLINE inline
#define UNTONE_APART inline

namespace untone::avx512 {

constexpr int W = 16;
constexpr int SIDE_BY_SIDE = 8; // rows of a matrix product at once
using F = __m512;
using I = __m512i;
using Mask = __mmask16;

static inline F load(const float *p) { return _mm512_loadu_ps(p); }
static inline void store(float *p, F v) { _mm512_storeu_ps(p, v); }
static inline I load_words(const std::uint16_t *p) { return _mm512_loadu_si512(p); } // pairs
static inline void store(std::uint32_t *p, I v) { _mm512_storeu_si512(p, v); }
static inline F splat(float x) { return _mm512_set1_ps(x); }
static inline F repeat(const float *rgbx) { return _mm512_broadcast_f32x4(_mm_loadu_ps(rgbx)); }
static inline F ramp() { return _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15); }
static inline F add(F a, F b) { return _mm512_add_ps(a, b); }
static inline F sub(F a, F b) { return _mm512_sub_ps(a, b); }
static inline F mul(F a, F b) { return _mm512_mul_ps(a, b); }
static inline F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
// x86 returns the second operand when one is NaN, so clamp(NaN) is a bound, never an index out of range
static inline F clamp(F x, F low, F high) { return _mm512_min_ps(_mm512_max_ps(x, low), high); }
static inline F smaller(F a, F b) { return _mm512_min_ps(a, b); }
static inline F larger(F a, F b) { return _mm512_max_ps(a, b); }
static inline F positive(F x) { return larger(splat(0), x); } // NaN stays
static inline Mask at_least(F a, F b) { return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ); }
static inline F choose(Mask m, F yes, F no) { return _mm512_mask_blend_ps(m, no, yes); }
static inline bool any(Mask m) { return m != 0; }
static inline I trunc(F x) { return _mm512_cvttps_epi32(x); }
static inline F convert(I x) { return _mm512_cvtepi32_ps(x); }
static inline F nearest(F x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
static inline I bits(F x) { return _mm512_castps_si512(x); }
static inline F from_bits(I x) { return _mm512_castsi512_ps(x); }
static inline I add(I a, I b) { return _mm512_add_epi32(a, b); }
static inline I splat_int(int x) { return _mm512_set1_epi32(x); }
static inline I bit_and(I a, I b) { return _mm512_and_si512(a, b); }
static inline I bit_or(I a, I b) { return _mm512_or_si512(a, b); }
template <int N> static inline I shift_left(I x) { return _mm512_slli_epi32(x, N); }
template <int N> static inline I shift_right(I x) { return _mm512_srli_epi32(x, N); }

// a / b for b of 1..2^62: a 14-bit reciprocal and one Newton step, off the divider
static inline F divide(F a, F b) {
    const F r = _mm512_rcp14_ps(b);
    return mul(a, mul(r, _mm512_fnmadd_ps(b, r, splat(2))));
}
static inline F square_root(F x) { return _mm512_sqrt_ps(x); }
static inline F scale_by_power(F x, F n) { return _mm512_scalef_ps(x, n); } // n integral

// Four RGBX records at byte offsets
static inline F records(const float *base, const std::uint32_t *offset) {
    const auto at = [&](int k) {
        return _mm_loadu_ps(reinterpret_cast<const float *>(reinterpret_cast<const char *>(base) + offset[k]));
    };
    const __m512 low = _mm512_insertf32x4(_mm512_castps128_ps512(at(0)), at(1), 1);
    return _mm512_insertf32x4(_mm512_insertf32x4(low, at(2), 2), at(3), 3);
}

// Planar values of pixels 4Q..4Q+3, each repeated over the lanes of its RGBX record
template <int Q> static inline F spread(F planar) {
    const __m512i at = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    return _mm512_permutexvar_ps(_mm512_add_epi32(at, _mm512_set1_epi32(4 * Q)), planar);
}

// Two pixels' columns: two neighbouring RGBX records each, at byte offsets
static inline F columns(const float *base, const std::uint32_t *offset) {
    const auto at = [&](int k) {
        return _mm256_loadu_ps(reinterpret_cast<const float *>(reinterpret_cast<const char *>(base) + offset[k]));
    };
    return _mm512_insertf32x8(_mm512_castps256_ps512(at(0)), at(1), 1);
}

// Planar weights of both records of the columns of pixels 2Q and 2Q + 1
template <int Q> static inline F pair(F first, F second) {
    const __m512i at = _mm512_setr_epi32(0, 0, 0, 0, 16, 16, 16, 16, 1, 1, 1, 1, 17, 17, 17, 17);
    return _mm512_permutex2var_ps(first, _mm512_add_epi32(at, _mm512_set1_epi32(2 * Q)), second);
}

// Both records of each of four columns added up: four RGBX pixels
static inline F add_ends(F a, F b) { return add(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd)); }

// Four packed RGB pixels to RGBX
static inline F load_rgb(const float *p) { return _mm512_maskz_expandloadu_ps(0x7777, p); }

// Sixteen pixels apart into planes
static inline void planes(const std::uint8_t *raw, F &r, F &g, F &b) {
    const auto *p = reinterpret_cast<const __m128i *>(raw);
    const __m128i x = _mm_loadu_si128(p), y = _mm_loadu_si128(p + 1), z = _mm_loadu_si128(p + 2);
    const __m128i m0 = _mm_setr_epi8(-1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1);
    const __m128i m1 = _mm_setr_epi8(0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0);
    const auto pick = [&](__m128i a, __m128i c, __m128i d) {
        return _mm_blendv_epi8(_mm_blendv_epi8(d, c, m1), a, m0);
    };
    // x holds c = i mod 3, y (i + 1) mod 3, z (i + 2) mod 3 at byte i
    const __m128i rs = pick(x, z, y), gs = pick(y, x, z), bs = pick(z, y, x);
    const __m128i ro = _mm_setr_epi8(0, 3, 6, 9, 12, 15, 2, 5, 8, 11, 14, 1, 4, 7, 10, 13);
    const __m128i go = _mm_setr_epi8(1, 4, 7, 10, 13, 0, 3, 6, 9, 12, 15, 2, 5, 8, 11, 14);
    const __m128i bo = _mm_setr_epi8(2, 5, 8, 11, 14, 1, 4, 7, 10, 13, 0, 3, 6, 9, 12, 15);
    r = convert(_mm512_cvtepu8_epi32(_mm_shuffle_epi8(rs, ro)));
    g = convert(_mm512_cvtepu8_epi32(_mm_shuffle_epi8(gs, go)));
    b = convert(_mm512_cvtepu8_epi32(_mm_shuffle_epi8(bs, bo)));
}

// Sixteen pixels of packed RGB apart into planes
static inline void planes(const float *rgb, F &r, F &g, F &b) {
    const F x = load(rgb), y = load(rgb + W), z = load(rgb + 2 * W);
    const auto pick = [&](I from_xy, I from_z) {
        return _mm512_permutex2var_ps(_mm512_permutex2var_ps(x, from_xy, y), from_z, z);
    };
    r = pick(_mm512_setr_epi32(0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0, 0, 0, 0, 0),
             _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29));
    g = pick(_mm512_setr_epi32(1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 0, 0, 0, 0, 0),
             _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30));
    b = pick(_mm512_setr_epi32(2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0, 0, 0, 0, 0, 0),
             _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31));
}

// Packed samples: bytes and words of what a truncation leaves, half floats rounded to even
static inline void store_bytes(std::uint8_t *out, F v) {
    _mm_storeu_si128(reinterpret_cast<__m128i *>(out), _mm512_cvtusepi32_epi8(trunc(v)));
}
static inline void store_words(std::uint16_t *out, F v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(out), _mm512_cvtusepi32_epi16(trunc(v)));
}
static inline void store_words(std::uint16_t *out, I pairs) { _mm512_storeu_si512(out, pairs); }
static inline __m256i halves_of(F v) { return _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
static inline void store_halves(std::uint16_t *out, F v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(out), halves_of(v));
}

// Four RGBX pixels to packed RGB; each writes up to four samples past the last pixel
static inline void store_rgb_halves(std::uint16_t *out, F v) {
    const __m256i order = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1));
    const __m256i packed = _mm256_shuffle_epi8(halves_of(v), order);
    _mm_storeu_si128(reinterpret_cast<__m128i *>(out), _mm256_castsi256_si128(packed));
    _mm_storeu_si128(reinterpret_cast<__m128i *>(out + 6), _mm256_extracti128_si256(packed, 1));
}
static inline void store_rgb(float *out, F v) { _mm512_storeu_ps(out, _mm512_maskz_compress_ps(0x7777, v)); }

// Sixteen RGBX pixels to packed RGB
static inline void store_rgb(float *out, F a, F b, F c, F d) {
    const I first = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 16, 17, 18, 20);
    const I second = _mm512_setr_epi32(5, 6, 8, 9, 10, 12, 13, 14, 16, 17, 18, 20, 21, 22, 24, 25);
    const I third = _mm512_setr_epi32(10, 12, 13, 14, 16, 17, 18, 20, 21, 22, 24, 25, 26, 28, 29, 30);
    store(out, _mm512_permutex2var_ps(a, first, b));
    store(out + W, _mm512_permutex2var_ps(b, second, c));
    store(out + 2 * W, _mm512_permutex2var_ps(c, third, d));
}

// Value and slope of sixteen entries of a table of pairs
static inline void look_up(const float *pairs, I index, F &value, F &slope) {
    alignas(64) std::uint32_t at[W];
    store(at, index);
    const auto two = [&](int k) { // entries k and k + 1
        const auto *table = reinterpret_cast<const double *>(pairs);
        return _mm_castpd_ps(_mm_loadh_pd(_mm_load_sd(table + at[k]), table + at[k + 1]));
    };
    const auto four = [&](int k) { // and k + 4, k + 5
        return _mm256_insertf128_ps(_mm256_castps128_ps256(two(k)), two(k + 4), 1);
    };
    const F even = _mm512_insertf32x8(_mm512_castps256_ps512(four(0)), four(8), 1);
    const F odd = _mm512_insertf32x8(_mm512_castps256_ps512(four(2)), four(10), 1);
    value = _mm512_shuffle_ps(even, odd, 0x88);
    slope = _mm512_shuffle_ps(even, odd, 0xdd);
}

// Thirty-two floats looked up by lane
struct Table32 {
    __m512 low, high;
    explicit Table32(const float *p) : low(load(p)), high(load(p + 16)) {}
    F at(I index) const { return _mm512_permutex2var_ps(low, index, high); }
};

// Eight cubics; coefficients from the lowest power up, eight of each
struct EightCubics {
    __m512 low, high; // of the powers 0 and 1, 2 and 3
    explicit EightCubics(const float *p) : low(load(p)), high(load(p + 16)) {}
    // The one that the three lowest bits of `which` tell, at t
    F at(I which, F t) const {
        const I first = bit_and(which, splat_int(7)), second = bit_or(first, splat_int(8));
        const F c0 = _mm512_permutexvar_ps(first, low), c1 = _mm512_permutexvar_ps(second, low);
        const F c2 = _mm512_permutexvar_ps(first, high), c3 = _mm512_permutexvar_ps(second, high);
        return fma(fma(fma(c3, t, c2), t, c1), t, c0);
    }
};

// Eight grid nodes along the guide: value and x slope at node r, and their differences to node r + 1
struct Nodes {
    __m512 here, step;
    explicit Nodes(const float *p) : here(load(p)), step(load(p + 16)) {}
    // sum + value at x share fx and guide share t, with r in 0..6
    F add_to(F sum, I r, F fx, F t) const {
        const I slope = _mm512_add_epi32(r, _mm512_set1_epi32(8));
        const F value = fma(fx, _mm512_permutexvar_ps(slope, here), add(sum, _mm512_permutexvar_ps(r, here)));
        const F rise = fma(fx, _mm512_permutexvar_ps(slope, step), _mm512_permutexvar_ps(r, step));
        return fma(t, rise, value);
    }
};

} // namespace untone::avx512
