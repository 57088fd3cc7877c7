// Elementary functions over N registers at once: the chains are long, and independent ones side by side fill the
// waiting. Included by one variant's file after its lanes; UNTONE_VARIANT names the namespace.
#pragma once

namespace untone::UNTONE_VARIANT {

#define UNTONE_ALL for (int k = 0; k < N; ++k)

// p = polynomial in x, coefficients from the highest power down
template <int N, int DEGREE>
static UNTONE_INLINE void polynomial(F (&p)[N], const F (&x)[N], const float (&coefficients)[DEGREE + 1]) {
    UNTONE_ALL p[k] = splat(coefficients[0]);
    for (int i = 1; i <= DEGREE; ++i) UNTONE_ALL p[k] = fma(p[k], x[k], splat(coefficients[i]));
}

// x = 2 ** x for |x| <= 126, relative error below 2e-7; exact at integers
template <int N> static UNTONE_INLINE void exp2(F (&x)[N]) {
    F n[N], p[N];
    UNTONE_ALL n[k] = nearest(x[k]);
    UNTONE_ALL x[k] = sub(x[k], n[k]);
    polynomial<N, 5>(p, x, {1.3264728e-3f, 9.6715128e-3f, 5.5507337e-2f, 2.4022242e-1f, 6.9314698e-1f, 1.0f});
    UNTONE_ALL x[k] = scale_by_power(p[k], n[k]);
}

// x = log2(x) of positive normal x, absolute error below 3e-7: exponent plus the area hyperbolic tangent series
template <int N> static UNTONE_INLINE void log2(F (&x)[N]) {
    F exponent[N], s[N], s2[N], p[N];
    UNTONE_ALL {
        // the mantissa is taken in sqrt(1/2)..sqrt(2), so that log2 near 1 keeps its relative accuracy
        const I shifted = add(bits(x[k]), splat_int(0x3f800000 - 0x3f3504f3));
        exponent[k] = convert(add(shift_right<23>(shifted), splat_int(-127)));
        const F m = from_bits(add(bit_and(shifted, splat_int(0x007fffff)), splat_int(0x3f3504f3)));
        s[k] = divide(sub(m, splat(1)), add(m, splat(1)));
        s2[k] = mul(s[k], s[k]);
    }
    polynomial<N, 4>(p, s2, {2.0f / 9, 2.0f / 7, 2.0f / 5, 2.0f / 3, 2.0f});
    UNTONE_ALL x[k] = fma(mul(p[k], s[k]), splat(1.44269504f), exponent[k]);
}

// x = tanh(x), absolute error below 2e-6: the rational of degree 3 / 3 in x * x that errs least over 0..7.5
template <int N> static UNTONE_INLINE void tanh(F (&x)[N]) {
    F z[N], p[N], q[N];
    UNTONE_ALL x[k] = clamp(x[k], splat(-7.5f), splat(7.5f));
    UNTONE_ALL z[k] = mul(x[k], x[k]);
    polynomial<N, 3>(p, z, {3.65998677e-6f, 2.21797122e-3f, 1.22349750e-1f, 9.99992805e-1f});
    polynomial<N, 3>(q, z, {1.36028822e-4f, 2.07941788e-2f, 4.55659488e-1f, 1.0f});
    UNTONE_ALL p[k] = mul(p[k], x[k]);
    UNTONE_ALL x[k] = divide(p[k], q[k]);
}

} // namespace untone::UNTONE_VARIANT
