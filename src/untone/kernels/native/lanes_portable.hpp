// Four lanes in C++17: planar (4 pixels of one channel) or RGBX (1 pixel). Any processor, any compiler.
#pragma once
#include <cstdint>
#include <cstring>

#define UNTONE_INLINED
#define UNTONE_INLINE inline
#define UNTONE_APART inline

namespace untone::portable {

constexpr int W = 4;
constexpr int SIDE_BY_SIDE = 2; // rows of a matrix product at once

#if defined(__GNUC__) // GCC and Clang have vectors of their own, with operators, on every processor
typedef float F __attribute__((vector_size(16)));
typedef std::int32_t I __attribute__((vector_size(16)));
using Mask = I;
static inline F convert(I a) { return __builtin_convertvector(a, F); }
static inline I trunc(F a) { return __builtin_convertvector(a, I); }
static inline Mask at_least(F a, F b) { return a >= b; }
#else // elsewhere, loops that the compiler may turn into vectors
template <class T> struct alignas(16) Four {
    T v[4];
    T &operator[](int k) { return v[k]; }
    T operator[](int k) const { return v[k]; }
};
using F = Four<float>;
using I = Four<std::int32_t>;
using Mask = I;
#define UNTONE_OPERATOR(op)                                                                                            \
    template <class T> static inline Four<T> operator op(Four<T> a, Four<T> b) {                                       \
        return {{a[0] op b[0], a[1] op b[1], a[2] op b[2], a[3] op b[3]}};                                             \
    }
UNTONE_OPERATOR(+)
UNTONE_OPERATOR(-)
UNTONE_OPERATOR(*)
UNTONE_OPERATOR(/)
UNTONE_OPERATOR(&)
UNTONE_OPERATOR(|)
#undef UNTONE_OPERATOR
static inline F convert(I a) {
    return {{static_cast<float>(a[0]), static_cast<float>(a[1]), static_cast<float>(a[2]), static_cast<float>(a[3])}};
}
static inline I trunc(F a) {
    return {{static_cast<std::int32_t>(a[0]), static_cast<std::int32_t>(a[1]), static_cast<std::int32_t>(a[2]),
             static_cast<std::int32_t>(a[3])}};
}
static inline Mask at_least(F a, F b) {
    I out{};
    for (int k = 0; k < 4; ++k) out[k] = a[k] >= b[k] ? -1 : 0;
    return out;
}
#endif

static inline F load(const float *p) { F out; std::memcpy(&out, p, sizeof out); return out; }
static inline void store(float *p, F a) { std::memcpy(p, &a, sizeof a); }
static inline I load_words(const std::uint16_t *p) { I out; std::memcpy(&out, p, sizeof out); return out; } // pairs
static inline void store(std::uint32_t *p, I a) { std::memcpy(p, &a, sizeof a); }
static inline F splat(float x) { return F{x, x, x, x}; }
static inline I splat_int(std::int32_t x) { return I{x, x, x, x}; }
static inline F repeat(const float *rgbx) { return load(rgbx); }
static inline F ramp() { return F{0, 1, 2, 3}; }
static inline F add(F a, F b) { return a + b; }
static inline F sub(F a, F b) { return a - b; }
static inline F mul(F a, F b) { return a * b; }
static inline F divide(F a, F b) { return a / b; }
static inline F fma(F a, F b, F c) { return a * b + c; }
static inline I bits(F a) { I out; std::memcpy(&out, &a, sizeof out); return out; }
static inline F from_bits(I a) { F out; std::memcpy(&out, &a, sizeof out); return out; }
static inline I add(I a, I b) { return a + b; }
static inline I bit_and(I a, I b) { return a & b; }
static inline I bit_or(I a, I b) { return a | b; }
static inline F choose(Mask m, F yes, F no) {
    return from_bits((m & bits(yes)) | ((splat_int(-1) - m) & bits(no))); // -1 - m inverts its bits
}
static inline bool any(Mask m) { return (m[0] | m[1] | m[2] | m[3]) != 0; }
static inline F smaller(F a, F b) { return choose(at_least(a, b), b, a); }
static inline F larger(F a, F b) { return choose(at_least(a, b), a, b); }
static inline F positive(F x) { return larger(splat(0), x); } // NaN stays
// comparisons with NaN are false: larger(NaN, low) is low, so clamp(NaN) is never an index out of range
static inline F clamp(F x, F low, F high) { return smaller(larger(x, low), high); }
// adding and taking away 1.5 * 2^23 rounds to the nearest integer for |x| < 2^22
static inline F nearest(F a) { return (a + splat(12582912.0f)) - splat(12582912.0f); }
template <int N> static inline I shift_left(I a) {
    for (int k = 0; k < 4; ++k) a[k] = static_cast<std::int32_t>(static_cast<std::uint32_t>(a[k]) << N);
    return a;
}
template <int N> static inline I shift_right(I a) {
    for (int k = 0; k < 4; ++k) a[k] = static_cast<std::int32_t>(static_cast<std::uint32_t>(a[k]) >> N);
    return a;
}
static inline F square_root(F x) { return F{sqrtf(x[0]), sqrtf(x[1]), sqrtf(x[2]), sqrtf(x[3])}; }
static inline F scale_by_power(F x, F n) { // n integral, -126..127
    return x * from_bits(shift_left<23>(trunc(n) + splat_int(127)));
}

// One RGBX record at a byte offset
static inline F records(const float *base, const std::uint32_t *offset) { return load(base + offset[0] / 4); }

// The planar value of pixel Q, repeated over the lanes of its RGBX record
template <int Q> static inline F spread(F planar) { return splat(planar[Q]); }

// One packed RGB pixel to RGBX; reads four floats
static inline F load_rgb(const float *p) { return load(p); }

// Four pixels apart into planes
static inline void planes(const std::uint8_t *raw, F &r, F &g, F &b) {
    for (int k = 0; k < 4; ++k) {
        r[k] = raw[3 * k];
        g[k] = raw[3 * k + 1];
        b[k] = raw[3 * k + 2];
    }
}

// Four pixels of packed RGB apart into planes
static inline void planes(const float *rgb, F &r, F &g, F &b) {
    r = F{rgb[0], rgb[3], rgb[6], rgb[9]};
    g = F{rgb[1], rgb[4], rgb[7], rgb[10]};
    b = F{rgb[2], rgb[5], rgb[8], rgb[11]};
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

// Packed samples: bytes and words of what a truncation leaves, half floats rounded to even
static inline void store_bytes(std::uint8_t *out, F v) {
    for (int k = 0; k < W; ++k) out[k] = static_cast<std::uint8_t>(v[k]);
}
static inline void store_words(std::uint16_t *out, F v) {
    for (int k = 0; k < W; ++k) out[k] = static_cast<std::uint16_t>(v[k]);
}
static inline void store_words(std::uint16_t *out, I pairs) { std::memcpy(out, &pairs, sizeof pairs); }
static inline void store_halves(std::uint16_t *out, F v) {
    for (int k = 0; k < W; ++k) out[k] = half_bits(v[k]);
}

// One RGBX pixel to packed RGB
static inline void store_rgb_halves(std::uint16_t *out, F v) {
    for (int k = 0; k < 3; ++k) out[k] = half_bits(v[k]);
}
static inline void store_rgb(float *out, F v) { std::memcpy(out, &v, 3 * sizeof(float)); }

// Value and slope of four entries of a table of pairs
static inline void look_up(const float *pairs, I index, F &value, F &slope) {
    for (int k = 0; k < W; ++k) {
        value[k] = pairs[2 * index[k]];
        slope[k] = pairs[2 * index[k] + 1];
    }
}

// Eight cubics; coefficients from the lowest power up, eight of each
struct EightCubics {
    const float *p;
    explicit EightCubics(const float *table) : p(table) {}
    // The one that the three lowest bits of `which` tell, at t
    F at(I which, F t) const {
        F c[4];
        for (int k = 0; k < 4; ++k)
            for (int lane = 0; lane < W; ++lane) c[k][lane] = p[8 * k + (which[lane] & 7)];
        return fma(fma(fma(c[3], t, c[2]), t, c[1]), t, c[0]);
    }
};

} // namespace untone::portable
