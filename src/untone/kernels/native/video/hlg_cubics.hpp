// HLG's upper part (BT.2100) by eight cubics, for lanes that look up eight floats at once.
#pragma once

namespace untone::UNTONE_VARIANT {

// 1023 * (A ln(12 light - B) + C) with light = (x + 0.36363609) / 16.363633, for x = 2^n m or 2^n (m + 1/2), m in 1..1.5
// and n in 0..3: by powers of m, least squares at Chebyshev nodes, within 0.012. Which one, bits 22 to 24 of x tell: 6 for 1..1.5
alignas(64) constexpr float HLG_UPPER[32] = {
    337.096893f, 541.471069f, 467.652496f, 669.972168f, 596.316711f, 797.622192f, 202.648102f, 411.2388f,
    455.703766f, 237.134689f, 451.105347f, 235.632721f, 448.835175f, 234.888016f, 465.139313f, 240.189819f,
    -185.369781f, -74.8771286f, -182.886703f, -74.1892319f, -181.662781f, -73.8486633f, -190.480865f, -76.2804718f,
    33.1760674f, 11.8046303f, 32.6772614f, 11.679142f, 32.4316254f, 11.6170664f, 34.2047157f, 12.0610666f,
};

// 1023 times the signal of scene light from 1/12 on, at most 1023; any finite number for other light
static inline void hlg_upper(const F (&light)[3], F (&out)[3]) {
    constexpr int N = 3;
    const EightCubics cubics(HLG_UPPER);
    UNTONE_ALL {
        const F x = smaller(fma(light[k], splat(16.363633f), splat(-0.36363609f)), splat(15.999998f));
        const F m = from_bits(bit_or(bit_and(bits(x), splat_int(0x003fffff)), splat_int(0x3f800000)));
        out[k] = cubics.at(shift_right<22>(bits(x)), m);
    }
}

} // namespace untone::UNTONE_VARIANT
