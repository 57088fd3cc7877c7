// Four lanes: planar (4 pixels of one channel) or RGBX (1 pixel). NEON of every 64-bit ARM processor.
#pragma once
#include <arm_neon.h>
#include <cstddef>
#include <cstdint>
#include <cstring>

// Constants of the elementary functions stay in registers across a loop only where these are part of it
#define UNTONE_INLINED __attribute__((always_inline))
#define UNTONE_INLINE UNTONE_INLINED inline
#define UNTONE_APART __attribute__((noinline)) // where what is around would take registers that are needed within

namespace untone::neon {

constexpr int W = 4;
constexpr int SIDE_BY_SIDE = 4; // rows of a matrix product at once
using F = float32x4_t;
using I = int32x4_t;
using Mask = uint32x4_t;

static inline F load(const float *p) { return vld1q_f32(p); }
static inline void store(float *p, F v) { vst1q_f32(p, v); }
static inline I load_words(const std::uint16_t *p) { return vreinterpretq_s32_u16(vld1q_u16(p)); } // pairs
static inline void store(std::uint32_t *p, I v) { vst1q_u32(p, vreinterpretq_u32_s32(v)); }
static inline F splat(float x) { return vdupq_n_f32(x); }
static inline F repeat(const float *rgbx) { return load(rgbx); }
static inline F ramp() {
    static const float first[W] = {0, 1, 2, 3};
    return load(first);
}
static inline F add(F a, F b) { return vaddq_f32(a, b); }
static inline F sub(F a, F b) { return vsubq_f32(a, b); }
static inline F mul(F a, F b) { return vmulq_f32(a, b); }
static inline F fma(F a, F b, F c) { return vfmaq_f32(c, a, b); }
static inline F divide(F a, F b) { return vdivq_f32(a, b); }
static inline F square_root(F x) { return vsqrtq_f32(x); }
// of a number and NaN the number, so clamp(NaN) is a bound, never an index out of range
static inline F smaller(F a, F b) { return vminnmq_f32(a, b); }
static inline F larger(F a, F b) { return vmaxnmq_f32(a, b); }
static inline F clamp(F x, F low, F high) { return smaller(larger(x, low), high); }
static inline F positive(F x) { return vmaxq_f32(splat(0), x); } // NaN stays
static inline Mask at_least(F a, F b) { return vcgeq_f32(a, b); }
static inline F choose(Mask m, F yes, F no) { return vbslq_f32(m, yes, no); }
static inline bool any(Mask m) { return vmaxvq_u32(m) != 0; }
static inline I trunc(F x) { return vcvtq_s32_f32(x); }
static inline F convert(I x) { return vcvtq_f32_s32(x); }
static inline F nearest(F x) { return vrndnq_f32(x); }
static inline I bits(F x) { return vreinterpretq_s32_f32(x); }
static inline F from_bits(I x) { return vreinterpretq_f32_s32(x); }
static inline I add(I a, I b) { return vaddq_s32(a, b); }
static inline I splat_int(int x) { return vdupq_n_s32(x); }
static inline I bit_and(I a, I b) { return vandq_s32(a, b); }
static inline I bit_or(I a, I b) { return vorrq_s32(a, b); }
template <int N> static inline I shift_left(I x) { return vshlq_n_s32(x, N); }
template <int N> static inline I shift_right(I x) {
    return vreinterpretq_s32_u32(vshrq_n_u32(vreinterpretq_u32_s32(x), N));
}
// n integral, x and the result normal: a conversion to fixed point leaves n where an exponent lies
static inline F scale_by_power(F x, F n) { return from_bits(add(bits(x), vcvtq_n_s32_f32(n, 23))); }

// One RGBX record at a byte offset
static inline F records(const float *base, const std::uint32_t *offset) {
    return load(reinterpret_cast<const float *>(reinterpret_cast<const char *>(base) + offset[0]));
}

// The planar value of pixel Q, repeated over the lanes of its RGBX record
template <int Q> static inline F spread(F planar) { return vdupq_laneq_f32(planar, Q); }

// Registers side by side: one instruction for four
template <int N> static UNTONE_INLINE void load(const float *p, F (&v)[N]) {
    int k = 0;
    for (; k + 4 <= N; k += 4) {
        const float32x4x4_t four = vld1q_f32_x4(p + k * W);
        for (int i = 0; i < 4; ++i) v[k + i] = four.val[i];
    }
    for (; k < N; ++k) v[k] = load(p + k * W);
}
template <int N> static UNTONE_INLINE void store(float *p, const F (&v)[N]) {
    int k = 0;
    for (; k + 4 <= N; k += 4) {
        const float32x4x4_t four = {{v[k], v[k + 1], v[k + 2], v[k + 3]}};
        vst1q_f32_x4(p + k * W, four);
    }
    for (; k < N; ++k) store(p + k * W, v[k]);
}

// Nothing is loaded before it that is asked for after it: compilers do so, and run out of registers
static UNTONE_INLINE void keep_order() { asm volatile("" ::: "memory"); }

// An address that stays what it is: compilers take several of one row apart, and add them up one by one
static UNTONE_INLINE const float *settled(const float *p) {
    asm("" : "+r"(p));
    return p;
}

// Inputs of a matrix product, as many as one load brings: instructions multiply by any lane of a register
struct Inputs {
    static constexpr int COUNT = 4;
    static F from(const float *p) { return load(p); }
    template <int Q> static F times(F inputs, F weights) { return vmulq_laneq_f32(weights, inputs, Q); }
    template <int Q> static F times(F inputs, F weights, F sum) { return vfmaq_laneq_f32(sum, weights, inputs, Q); }
};

// One packed RGB pixel to RGBX; reads four floats
static inline F load_rgb(const float *p) { return load(p); }

// Four pixels apart into planes; reads 16 bytes
static inline void planes(const std::uint8_t *raw, F &r, F &g, F &b) {
    alignas(16) static const std::uint8_t first[16] = {0, 16, 16, 16, 3, 16, 16, 16, 6, 16, 16, 16, 9, 16, 16, 16};
    const uint8x16_t x = vld1q_u8(raw), red = vld1q_u8(first); // what lies beyond the register is 0
    const auto pick = [&](int channel) {
        const uint8x16_t at = vaddq_u8(red, vdupq_n_u8(static_cast<std::uint8_t>(channel)));
        return vcvtq_f32_u32(vreinterpretq_u32_u8(vqtbl1q_u8(x, at)));
    };
    r = pick(0);
    g = pick(1);
    b = pick(2);
}

// Four pixels of packed RGB apart into planes
static inline void planes(const float *rgb, F &r, F &g, F &b) {
    const float32x4x3_t three = vld3q_f32(rgb);
    r = three.val[0];
    g = three.val[1];
    b = three.val[2];
}

// Sums of four boxes of D x D pixels side by side, D 2 or 4, from the byte of their corner on
template <int D>
static inline void box_sums(const std::uint8_t *corner, std::ptrdiff_t stride, F &r, F &g, F &b) {
    F *const out[3] = {&r, &g, &b};
    if constexpr (D == 2) {
        const uint8x8x3_t upper = vld3_u8(corner), lower = vld3_u8(corner + stride);
        for (int c = 0; c < 3; ++c)
            *out[c] = vcvtq_f32_u32(vmovl_u16(vpadal_u8(vpaddl_u8(upper.val[c]), lower.val[c])));
    } else {
        uint16x8_t pairs[3] = {vdupq_n_u16(0), vdupq_n_u16(0), vdupq_n_u16(0)};
        for (int y = 0; y < 4; ++y) {
            const uint8x16x3_t row = vld3q_u8(corner + y * stride);
            for (int c = 0; c < 3; ++c) pairs[c] = vpadalq_u8(pairs[c], row.val[c]);
        }
        for (int c = 0; c < 3; ++c) *out[c] = vcvtq_f32_u32(vpaddlq_u16(pairs[c]));
    }
}

// Packed samples: bytes and words of what a truncation leaves, half floats rounded to even
static inline uint16x4_t words_of(F v) { return vqmovun_s32(trunc(v)); }
static inline void store_bytes(std::uint8_t *out, F v) {
    alignas(16) static const std::uint8_t lowest[16] = {0, 4, 8, 12};
    const uint8x16_t bytes = vqtbl1q_u8(vreinterpretq_u8_s32(trunc(v)), vld1q_u8(lowest));
    const std::uint32_t four = vgetq_lane_u32(vreinterpretq_u32_u8(bytes), 0);
    std::memcpy(out, &four, sizeof four);
}
static inline void store_words(std::uint16_t *out, F v) { vst1_u16(out, words_of(v)); }
static inline void store_words(std::uint16_t *out, I pairs) { vst1q_u16(out, vreinterpretq_u16_s32(pairs)); }
static inline uint16x4_t halves_of(F v) { return vreinterpret_u16_f16(vcvt_f16_f32(v)); }
static inline void store_halves(std::uint16_t *out, F v) { vst1_u16(out, halves_of(v)); }

// One RGBX pixel to packed RGB; each writes a sample past the pixel
static inline void store_rgb_halves(std::uint16_t *out, F v) { store_halves(out, v); }
static inline void store_rgb(float *out, F v) { store(out, v); }

// Value and slope of four entries of a table of pairs
static inline void look_up(const float *pairs, I index, F &value, F &slope) {
    alignas(16) std::uint32_t at[W];
    store(at, index);
    const auto one = [&](int k) { return vld1_f32(pairs + 2 * static_cast<std::size_t>(at[k])); };
    const F low = vcombine_f32(one(0), one(1)), high = vcombine_f32(one(2), one(3));
    value = vuzp1q_f32(low, high);
    slope = vuzp2q_f32(low, high);
}

// Eight cubics; coefficients from the lowest power up, eight of each
struct EightCubics {
    const float *p;
    explicit EightCubics(const float *table) : p(table) {}
    // The one that the three lowest bits of `which` tell, at t
    F at(I which, F t) const {
        const I first = vmlaq_s32(splat_int(0x03020100), bit_and(which, splat_int(7)), splat_int(0x04040404));
        const auto pick = [&](int k) {
            const uint8x16x2_t eight = vld1q_u8_x2(reinterpret_cast<const std::uint8_t *>(p + 8 * k));
            return vreinterpretq_f32_u8(vqtbl2q_u8(eight, vreinterpretq_u8_s32(first)));
        };
        return fma(fma(fma(pick(3), t, pick(2)), t, pick(1)), t, pick(0));
    }
};

// Eight grid nodes along the guide: value and x slope at node r, and their differences to node r + 1
struct Nodes {
    const float *p;
    explicit Nodes(const float *table) : p(table) {}
    // sum + value at x share fx and guide share t, with r in 0..6, for N registers that share what is loaded
    template <int N> UNTONE_INLINE void add_to(F (&sum)[N], const I (&r)[N], const F (&fx)[N], const F (&t)[N]) const {
        uint8x16_t at[N];
        for (int k = 0; k < N; ++k) // bytes of float r
            at[k] = vreinterpretq_u8_s32(vmlaq_s32(splat_int(0x03020100), r[k], splat_int(0x04040404)));
        const auto part = [&](int which, F (&out)[N]) UNTONE_INLINED {
            const uint8x16x2_t eight = vld1q_u8_x2(reinterpret_cast<const std::uint8_t *>(p + 8 * which));
            for (int k = 0; k < N; ++k) out[k] = vreinterpretq_f32_u8(vqtbl2q_u8(eight, at[k]));
        };
        F value[N], slope[N], rise[N], slope_rise[N];
        part(0, value), part(1, slope), part(2, rise), part(3, slope_rise);
        for (int k = 0; k < N; ++k)
            sum[k] = fma(t[k], fma(fx[k], slope_rise[k], rise[k]), fma(fx[k], slope[k], add(sum[k], value[k])));
    }
};

} // namespace untone::neon
