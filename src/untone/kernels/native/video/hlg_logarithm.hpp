// HLG's upper part by its definition (BT.2100): a logarithm.
#pragma once

namespace untone::UNTONE_VARIANT {

// 1023 times the signal of scene light from 1/12 on, at most 1023
static inline void hlg_upper(const F (&light)[3], F (&out)[3]) {
    constexpr int N = 3;
    constexpr float A = 0.17883277f, B = 0.28466892f, C = 0.55991073f;
    UNTONE_ALL out[k] = larger(fma(light[k], splat(12), splat(-B)), splat(1e-3f));
    log2(out);
    UNTONE_ALL out[k] = mul(smaller(fma(out[k], splat(A * 0.69314718f), splat(C)), splat(1)), splat(1023));
}

} // namespace untone::UNTONE_VARIANT
