// Several registers at once, one after the other: for lanes that have no instructions of their own for it.
#pragma once

namespace untone::UNTONE_VARIANT {

// Registers side by side
template <int N> static inline void load(const float *p, F (&v)[N]) {
    for (int k = 0; k < N; ++k) v[k] = load(p + k * W);
}
template <int N> static inline void store(float *p, const F (&v)[N]) {
    for (int k = 0; k < N; ++k) store(p + k * W, v[k]);
}

// See lanes_neon.hpp
static inline void keep_order() {}
static inline const float *settled(const float *p) { return p; }

// Inputs of a matrix product, as many as one load brings
struct Inputs {
    static constexpr int COUNT = 1;
    static F from(const float *p) { return splat(*p); }
    template <int Q> static F times(F inputs, F weights) { return mul(inputs, weights); }
    template <int Q> static F times(F inputs, F weights, F sum) { return fma(inputs, weights, sum); }
};

} // namespace untone::UNTONE_VARIANT
