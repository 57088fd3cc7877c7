// Four lanes: planar (4 pixels of one channel) or RGBX (1 pixel). NEON of every 64-bit ARM processor.
#pragma once
#include <arm_neon.h>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace untone::neon {

constexpr int W = 4;
constexpr int SIDE_BY_SIDE = 4; // rows of a matrix product at once
using F = float32x4_t;
using I = int32x4_t;
using Mask = uint32x4_t;

static inline F load(const float *p) { return vld1q_f32(p); }
static inline void store(float *p, F v) { vst1q_f32(p, v); }
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
// of a number and NaN the number, so clamp(NaN) is a bound, never an index out of range
static inline F smaller(F a, F b) { return vminnmq_f32(a, b); }
static inline F larger(F a, F b) { return vmaxnmq_f32(a, b); }
static inline F clamp(F x, F low, F high) { return smaller(larger(x, low), high); }
static inline F positive(F x) { return vmaxq_f32(splat(0), x); } // NaN stays
static inline Mask at_least(F a, F b) { return vcgeq_f32(a, b); }
static inline F choose(Mask m, F yes, F no) { return vbslq_f32(m, yes, no); }
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

// Packed samples: bytes and words of what a truncation leaves, half floats rounded to even
static inline uint16x4_t words_of(F v) { return vqmovun_s32(trunc(v)); }
static inline void store_bytes(std::uint8_t *out, F v) {
    const uint16x4_t words = words_of(v);
    const uint8x8_t bytes = vqmovn_u16(vcombine_u16(words, words));
    const std::uint32_t four = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
    std::memcpy(out, &four, sizeof four);
}
static inline void store_words(std::uint16_t *out, F v) { vst1_u16(out, words_of(v)); }
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

// Eight floats looked up by lane: byte places of float 0 .. 7
struct Table8 {
    uint8x16x2_t bytes;
    explicit Table8(const float *p) {
        bytes.val[0] = vreinterpretq_u8_f32(load(p));
        bytes.val[1] = vreinterpretq_u8_f32(load(p + 4));
    }
    F at(uint8x16_t places) const { return vreinterpretq_f32_u8(vqtbl2q_u8(bytes, places)); }
};

// Eight grid nodes along the guide: value and x slope at node r, and their differences to node r + 1
struct Nodes {
    Table8 value, slope, rise, slope_rise;
    explicit Nodes(const float *p) : value(p), slope(p + 8), rise(p + 16), slope_rise(p + 24) {}
    // sum + value at x share fx and guide share t, with r in 0..6
    F add_to(F sum, I r, F fx, F t) const {
        const I of_float = vmlaq_s32(splat_int(0x03020100), r, splat_int(0x04040404));
        const uint8x16_t at = vreinterpretq_u8_s32(of_float);
        return fma(t, fma(fx, slope_rise.at(at), rise.at(at)), fma(fx, slope.at(at), add(sum, value.at(at))));
    }
};

} // namespace untone::neon
