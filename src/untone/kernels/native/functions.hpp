// Elementary functions over lanes. Included by one variant's file after its lanes; UNTONE_VARIANT names the namespace.
#pragma once

namespace untone::UNTONE_VARIANT {

// 2 ** x for |x| <= 126, relative error below 2e-7; exact at integers
static inline F exp2(F x) {
    const F n = nearest(x), f = sub(x, n);
    F p = fma(splat(1.3264728e-3f), f, splat(9.6715128e-3f));
    p = fma(p, f, splat(5.5507337e-2f));
    p = fma(p, f, splat(2.4022242e-1f));
    p = fma(p, f, splat(6.9314698e-1f));
    p = fma(p, f, splat(1.0f));
    return mul(p, from_bits(shift_left<23>(add(trunc(n), splat_int(127)))));
}

// log2 of positive normal x, absolute error below 3e-7: exponent plus the area hyperbolic tangent series
static inline F log2(F x) {
    // the mantissa is taken in sqrt(1/2)..sqrt(2), so that log2 near 1 keeps its relative accuracy
    const I shifted = add(bits(x), splat_int(0x3f800000 - 0x3f3504f3));
    const F exponent = convert(add(shift_right<23>(shifted), splat_int(-127)));
    const F m = from_bits(add(bit_and(shifted, splat_int(0x007fffff)), splat_int(0x3f3504f3)));
    const F s = div(sub(m, splat(1)), add(m, splat(1))), s2 = mul(s, s);
    F p = fma(splat(2.0f / 9), s2, splat(2.0f / 7));
    p = fma(p, s2, splat(2.0f / 5));
    p = fma(p, s2, splat(2.0f / 3));
    p = fma(p, s2, splat(2.0f));
    return fma(mul(p, s), splat(1.44269504f), exponent);
}

// tanh by its exponential form, absolute error below 3e-7
static inline F tanh(F x) {
    const F twice_log2e = splat(2.88539008f);
    const F power = exp2(clamp(mul(x, twice_log2e), splat(-30), splat(30)));
    return fma(splat(-2), reciprocal(add(power, splat(1))), splat(1));
}

} // namespace untone::UNTONE_VARIANT
