// Functions of one variable as cubics in 32 segments, for registers that look up 32 floats by lane. No memory is read.
#pragma once

namespace untone::UNTONE_VARIANT {

// Thirty-two cubics; coefficients from the lowest power up, 32 of each
struct Cubics {
    Table32 c0, c1, c2, c3;
    explicit Cubics(const float *p) : c0(p), c1(p + 32), c2(p + 64), c3(p + 96) {}
    F at(I segment, F t) const {
        return fma(fma(fma(c3.at(segment), t, c2.at(segment)), t, c1.at(segment)), t, c0.at(segment));
    }
};

// The job's curve of LUT readings: segments centred on multiples of a step, so that 0 is met exactly
struct Curve {
    static constexpr int FLOATS = 4 * 32;
    F per_step, bound;
    Cubics cubics;

    explicit Curve(const OperatorJob &job)
        : per_step(splat(job.curve_per_step)), bound(splat(job.curve_bound)), cubics(job.curve) {}

    template <int N> void stops(F (&v)[N]) const { UNTONE_ALL v[k] = at(v[k]); }
    template <int N> void power(F (&v)[N]) const { UNTONE_ALL v[k] = at(v[k]); }

private:
    F at(F v) const {
        v = clamp(v, sub(splat(0), bound), bound);
        const F magic = splat(12582912.0f); // 1.5 * 2^23: its sum has the nearest integer in the lowest bits
        const F shifted = fma(v, per_step, magic);
        return cubics.at(bits(shifted), fma(v, per_step, sub(magic, shifted)));
    }
};

// 1023 * PQ + 0.5 of a share of 10000 nits: a cubic in the mantissa for each octave
struct Pq10 {
    static constexpr int FLOATS = 4 * 32;
    Cubics cubics;
    explicit Pq10(const float *table) : cubics(table) {}

    F operator()(F share) const {
        const F x = clamp(share, from_bits(splat_int(0x30000000)), splat(1)); // 2^-31: code 0.3
        const F m = from_bits(bit_or(bit_and(bits(x), splat_int(0x007fffff)), splat_int(0x3f800000)));
        return cubics.at(add(shift_right<23>(bits(x)), splat_int(-96)), sub(m, splat(1.5f)));
    }
};

// 1023 * PQ of a share of 10000 nits, not rounded; 0 is met exactly, below what the table holds it is a ramp
struct PqSignal {
    Pq10 curve;
    explicit PqSignal(const float *table) : curve(table) {}
    F operator()(F share) const {
        const F ramp = smaller(mul(share, splat(2147483648.0f)), splat(1)); // 2^31
        return mul(sub(curve(share), splat(0.5f)), ramp);
    }
};

} // namespace untone::UNTONE_VARIANT
