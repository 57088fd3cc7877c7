// Functions of one variable for processors without wide register permutes: tanh computed, and its power by linear
// interpolation in a table in the first-level cache. Entries are read one by one: gathers are slow on many processors.
#pragma once

namespace untone::UNTONE_VARIANT {

constexpr int CURVE_ENTRIES = 2048; // of value and slope

// The job's curve of LUT readings: entries centred on multiples of a step, so that 0 is met exactly
struct Curve {
    static constexpr int FLOATS = 2 * CURVE_ENTRIES;
    F per_step, bound, qmax;
    const float *pairs;

    explicit Curve(const OperatorJob &job)
        : per_step(splat(job.curve_per_step)), bound(splat(job.curve_bound)),
          qmax(splat(job.qmax)), pairs(job.curve) {}

    template <int N> void stops(F (&v)[N]) const {
        tanh(v);
        UNTONE_ALL v[k] = mul(v[k], qmax);
    }

    template <int N> void power(F (&v)[N]) const { UNTONE_ALL v[k] = at(v[k]); }

private:
    F at(F v) const {
        v = clamp(v, sub(splat(0), bound), bound);
        const F magic = splat(12582912.0f); // 1.5 * 2^23: its sum has the nearest integer in the lowest bits
        const F shifted = add(mul(v, per_step), magic);
        const F t = sub(mul(v, per_step), sub(shifted, magic));
        F value, slope;
        look_up(pairs, bit_and(bits(shifted), splat_int(CURVE_ENTRIES - 1)), value, slope);
        return fma(slope, t, value);
    }
};

using Pq10 = PqPairs;

// 1023 * PQ of a share of 10000 nits, not rounded: as PqPairs, of a table whose first step is 0, so that 0 is met exactly
struct PqSignal {
    const float *pairs;
    explicit PqSignal(const float *table) : pairs(table) {}

    UNTONE_INLINE F operator()(F share) const { // at most 1
        const I step = add(bits(larger(share, from_bits(splat_int(0x29800000)))), splat_int(-0x29800000));
        F value, slope;
        look_up(pairs, shift_right<17>(step), value, slope);
        return fma(slope, convert(bit_and(step, splat_int(0x1ffff))), value);
    }
};

} // namespace untone::UNTONE_VARIANT
