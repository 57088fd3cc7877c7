// Four lanes in plain C++17: planar (4 pixels of one channel) or RGBX (1 pixel). Any processor, any compiler;
// the fixed-length loops are what compilers turn into SSE2 or NEON.
#pragma once
#include <cstdint>
#include <cstring>

namespace untone::portable {

constexpr int W = 4;
struct alignas(16) F { float v[4]; };
struct alignas(16) I { std::int32_t v[4]; };
struct Mask { bool v[4]; };

#define UNTONE_EACH(type, expression)                                                                                  \
    type out;                                                                                                          \
    for (int k = 0; k < 4; ++k) out.v[k] = (expression);                                                               \
    return out

static inline F load(const float *p) { UNTONE_EACH(F, p[k]); }
static inline void store(float *p, F a) { std::memcpy(p, a.v, sizeof a.v); }
static inline void store(std::uint32_t *p, I a) { std::memcpy(p, a.v, sizeof a.v); }
static inline F splat(float x) { UNTONE_EACH(F, x); }
static inline F repeat(const float *rgbx) { return load(rgbx); }
static inline F ramp() { return {{0, 1, 2, 3}}; }
static inline F add(F a, F b) { UNTONE_EACH(F, a.v[k] + b.v[k]); }
static inline F sub(F a, F b) { UNTONE_EACH(F, a.v[k] - b.v[k]); }
static inline F mul(F a, F b) { UNTONE_EACH(F, a.v[k] * b.v[k]); }
static inline F fma(F a, F b, F c) { UNTONE_EACH(F, a.v[k] * b.v[k] + c.v[k]); }
static inline F div(F a, F b) { UNTONE_EACH(F, a.v[k] / b.v[k]); }
static inline F reciprocal(F a) { UNTONE_EACH(F, 1.0f / a.v[k]); }
static inline F smaller(F a, F b) { UNTONE_EACH(F, a.v[k] < b.v[k] ? a.v[k] : b.v[k]); }
static inline F larger(F a, F b) { UNTONE_EACH(F, a.v[k] > b.v[k] ? a.v[k] : b.v[k]); }
// the comparison is false for NaN, so clamp(NaN) is a bound, never an index out of range
static inline F clamp(F x, F low, F high) { return smaller(larger(x, low), high); }
static inline Mask at_least(F a, F b) { UNTONE_EACH(Mask, a.v[k] >= b.v[k]); }
static inline F choose(Mask m, F yes, F no) { UNTONE_EACH(F, m.v[k] ? yes.v[k] : no.v[k]); }
static inline I trunc(F a) { UNTONE_EACH(I, static_cast<std::int32_t>(a.v[k])); }
static inline F convert(I a) { UNTONE_EACH(F, static_cast<float>(a.v[k])); }
// adding and taking away 1.5 * 2^23 rounds to the nearest integer for |x| < 2^22
static inline F nearest(F a) { UNTONE_EACH(F, (a.v[k] + 12582912.0f) - 12582912.0f); }
static inline I bits(F a) { I out; std::memcpy(out.v, a.v, sizeof a.v); return out; }
static inline F from_bits(I a) { F out; std::memcpy(out.v, a.v, sizeof a.v); return out; }
static inline I add(I a, I b) { UNTONE_EACH(I, a.v[k] + b.v[k]); }
static inline I splat_int(int x) { UNTONE_EACH(I, x); }
static inline I bit_and(I a, I b) { UNTONE_EACH(I, a.v[k] & b.v[k]); }
static inline I bit_or(I a, I b) { UNTONE_EACH(I, a.v[k] | b.v[k]); }
template <int N> static inline I shift_left(I a) {
    UNTONE_EACH(I, static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[k]) << N));
}
template <int N> static inline I shift_right(I a) {
    UNTONE_EACH(I, static_cast<std::int32_t>(static_cast<std::uint32_t>(a.v[k]) >> N));
}
static inline F gather(const float *table, I index) { UNTONE_EACH(F, table[index.v[k]]); }

// One RGBX record at a byte offset
static inline F records(const float *base, const std::uint32_t *offset) { return load(base + offset[0] / 4); }

// The planar value of pixel Q, repeated over the lanes of its RGBX record
template <int Q> static inline F spread(F planar) { return splat(planar.v[Q]); }
template <int C> static inline F channel(F rgbx) { return splat(rgbx.v[C]); }
// First lane of each record from r, second from g, third from b; each holds its value in every lane
static inline F join(F r, F g, F b) { return {{r.v[0], g.v[1], b.v[2], r.v[3]}}; }

// RGBX integer codes of the next pixel
template <class T> static inline I codes(const T *raw) { return {{raw[0], raw[1], raw[2], 0}}; }

// Four pixels apart into planes
static inline void planes(const std::uint8_t *raw, F &r, F &g, F &b) {
    for (int k = 0; k < 4; ++k) {
        r.v[k] = raw[3 * k];
        g.v[k] = raw[3 * k + 1];
        b.v[k] = raw[3 * k + 2];
    }
}

// IEEE 754 binary32 to binary16, rounding to nearest even; |x| <= 65504
static inline std::uint16_t half_bits(float x) {
    std::uint32_t u;
    std::memcpy(&u, &x, 4);
    const std::uint32_t sign = (u >> 16) & 0x8000u;
    u &= 0x7fffffffu;
    if (u < 0x38800000u) { // below 2^-14: let a float addition round at the place of the last subnormal bit
        float magnitude;
        std::memcpy(&magnitude, &u, 4);
        magnitude += 0.5f;
        std::memcpy(&u, &magnitude, 4);
        return static_cast<std::uint16_t>(sign | (u - 0x3f000000u));
    }
    u += 0xc8000fffu + ((u >> 13) & 1u); // exponent bias 127 to 15, and half of the last place kept
    return static_cast<std::uint16_t>(sign | (u >> 13));
}

// One RGBX pixel to packed RGB
template <class T> static inline void store_rgb(T *out, I v) {
    for (int k = 0; k < 3; ++k) out[k] = static_cast<T>(v.v[k]);
}
static inline void store_half(std::uint16_t *out, F v) {
    for (int k = 0; k < 3; ++k) out[k] = half_bits(v.v[k]);
}
static inline void store_rgb(float *out, F v) { std::memcpy(out, v.v, 3 * sizeof(float)); }

// Thirty-two floats looked up by lane
struct Table32 {
    const float *table;
    explicit Table32(const float *p) : table(p) {}
    F at(I index) const { return gather(table, index); }
};

#undef UNTONE_EACH

} // namespace untone::portable
