// Matrix products of small networks in registers: TILE outputs at a time, several rows side by side.
#pragma once

namespace untone::UNTONE_VARIANT {

constexpr int REGISTERS = NETWORK_TILE / W;                         // of a tile
constexpr int OUT_REGISTERS = (NETWORK_OUT + W - 1) / W;            // of its beginning that the outputs fill
constexpr int OUT_INPUTS = Inputs::COUNT > 3 ? NETWORK_OUT : 3;     // of a product by the outputs; the fourth is 0

// Of an outer product in registers: all inputs of a section, if they fit; else, where one load brings four inputs, few
// columns of many inputs, and where it brings one, few inputs of all columns
constexpr int INPUTS_AT_ONCE = W == 16 ? NETWORK_EMBEDDED : Inputs::COUNT > 1 ? 12 : 4;
constexpr int COLUMNS_AT_ONCE = Inputs::COUNT > 1 ? 2 : REGISTERS;

enum class After { nothing, relu, mask };

static inline F where_positive(F by, F x) { return choose(at_least(splat(0), by), splat(0), x); }

// sum[s] += input Q of row s times the weights m; FIRST: what was there does not count
template <int Q, bool FIRST, int S, int R>
static UNTONE_INLINE void add_products(F (&sum)[S][R], const F (&inputs)[S], const float *m) {
    F w[R];
    load(m, w);
    for (int s = 0; s < S; ++s)
        for (int r = 0; r < R; ++r)
            sum[s][r] = FIRST ? Inputs::times<Q>(inputs[s], w[r]) : Inputs::times<Q>(inputs[s], w[r], sum[s][r]);
}

// The same of all inputs that one load of each row brings
template <bool FIRST, int S, int R>
static UNTONE_INLINE void add_inputs(F (&sum)[S][R], const float *a, std::size_t a_step, const float *m, int padded) {
    F x[S];
    for (int s = 0; s < S; ++s) x[s] = Inputs::from(a + s * a_step);
    add_products<0, FIRST>(sum, x, m);
    if constexpr (Inputs::COUNT == 4) {
        add_products<1, false>(sum, x, m + padded);
        add_products<2, false>(sum, x, m + 2 * padded);
        add_products<3, false>(sum, x, m + 3 * padded);
    }
}

// out[s] = after(start + sum over k of a[s][k] * m[k]) for S rows of one tile; k is a multiple of Inputs::COUNT, and
// products to mask start at nothing. Where K is not 0, k and a_step are K and one tile is all there is: addresses known
// beforehand, which are half of the work
template <int S, After AFTER, int K, int R>
static inline void product_tile(const float *a, std::size_t a_step, const float *m, int k, int padded,
                                const float *start, const float *mask, float *out) {
    constexpr bool FROM_NOTHING = AFTER == After::mask;
    if (K) k = K, a_step = K, padded = NETWORK_TILE;
    F sum[S][R];
    if (FROM_NOTHING) {
        add_inputs<true>(sum, a, a_step, m, padded);
    } else {
        for (int r = 0; r < R; ++r) {
            const F first = start ? load(start + r * W) : splat(0);
            for (int s = 0; s < S; ++s) sum[s][r] = first;
        }
    }
    for (int i = FROM_NOTHING ? Inputs::COUNT : 0; i < k; i += Inputs::COUNT)
        add_inputs<false>(sum, a + i, a_step, m + static_cast<std::size_t>(i) * padded, padded);
    for (int s = 0; s < S; ++s) {
        const std::size_t at = static_cast<std::size_t>(s) * padded;
        F by[R];
        if (AFTER == After::mask) load(mask + at, by);
        for (int r = 0; r < R; ++r) {
            if (AFTER == After::relu) sum[s][r] = positive(sum[s][r]);
            if (AFTER == After::mask) sum[s][r] = where_positive(by[r], sum[s][r]);
        }
        store(out + at, sum[s]);
    }
}

template <After AFTER, int K, int R = REGISTERS>
static inline void product_of(const float *a, std::size_t a_step, int n, const float *m, int k, int padded,
                              const float *start, const float *mask, float *out) {
    if (K) k = K, a_step = K, padded = NETWORK_TILE;
    for (int tile = 0; tile < padded; tile += NETWORK_TILE) {
        const float *first = start ? start + tile : nullptr;
        int s = 0;
        for (; s + SIDE_BY_SIDE <= n; s += SIDE_BY_SIDE) {
            const std::size_t at = static_cast<std::size_t>(s) * padded + tile;
            product_tile<SIDE_BY_SIDE, AFTER, K, R>(a + s * a_step, a_step, m + tile, k, padded, first,
                                              mask ? mask + at : nullptr, out + at);
        }
        for (; s < n; ++s) {
            const std::size_t at = static_cast<std::size_t>(s) * padded + tile;
            product_tile<1, AFTER, K, R>(a + s * a_step, a_step, m + tile, k, padded, first, mask ? mask + at : nullptr,
                                   out + at);
        }
    }
}

// [n, k] rows `a_step` apart times [k, padded] into [n, padded]
template <After AFTER>
static inline void product(const float *a, std::size_t a_step, int n, const float *m, int k, int padded,
                           const float *start, const float *mask, float *out) {
    const bool packed = padded == NETWORK_TILE && a_step == static_cast<std::size_t>(k);
    if (packed && k == NETWORK_TILE)
        product_of<AFTER, NETWORK_TILE>(a, a_step, n, m, k, padded, start, mask, out);
    else if (packed && k == NETWORK_EMBEDDED)
        product_of<AFTER, NETWORK_EMBEDDED>(a, a_step, n, m, k, padded, start, mask, out);
    else if (packed && k == NETWORK_OUT)
        product_of<AFTER, NETWORK_OUT>(a, a_step, n, m, k, padded, start, mask, out);
    else
        product_of<AFTER, 0>(a, a_step, n, m, k, padded, start, mask, out);
}

// The same of the last layer, whose outputs fill the beginning of one tile
static inline void outputs(const float *a, std::size_t a_step, int n, const float *m, int k, float *out) {
    if (k == NETWORK_TILE && a_step == NETWORK_TILE)
        product_of<After::nothing, NETWORK_TILE, OUT_REGISTERS>(a, a_step, n, m, k, NETWORK_TILE, nullptr, nullptr, out);
    else
        product_of<After::nothing, 0, OUT_REGISTERS>(a, a_step, n, m, k, NETWORK_TILE, nullptr, nullptr, out);
}

// total[k] += a[k] * b, of one row
template <int K, int R> static UNTONE_INLINE void add_outer(F (&total)[K][R], const float *a, const float *b) {
    constexpr int COUNT = Inputs::COUNT;
    F y[R];
    for (int r = 0; r < R; ++r) y[r] = load(b + r * W);
    for (int k = 0; k < K; k += COUNT) {
        const F x = Inputs::from(a + k);
        for (int r = 0; r < R; ++r) total[k][r] = Inputs::times<0>(x, y[r], total[k][r]);
        if constexpr (COUNT == 4)
            for (int r = 0; r < R; ++r) {
                total[k + 1][r] = Inputs::times<1>(x, y[r], total[k + 1][r]);
                total[k + 2][r] = Inputs::times<2>(x, y[r], total[k + 2][r]);
                total[k + 3][r] = Inputs::times<3>(x, y[r], total[k + 3][r]);
            }
    }
}

// sum[k][columns] += over n of a[n][k] * b[n][columns], for K inputs of R registers
template <int K, int R>
static UNTONE_INLINE void outer_tile(const float *a, std::size_t a_step, const float *b, int n, int padded, float *sum) {
    F total[K][R];
    for (int k = 0; k < K; ++k)
        for (int r = 0; r < R; ++r) total[k][r] = load(sum + static_cast<std::size_t>(k) * padded + r * W);
    for (int s = 0; s < n; ++s) add_outer(total, a + s * a_step, b + s * static_cast<std::size_t>(padded));
    for (int k = 0; k < K; ++k)
        for (int r = 0; r < R; ++r) store(sum + static_cast<std::size_t>(k) * padded + r * W, total[k][r]);
}

// [n, k]^T times [n, padded], added to [k, padded]; k is a multiple of 4
static UNTONE_INLINE void outer(const float *a, std::size_t a_step, int n, int k, const float *b, int padded, float *sum) {
    int i = 0;
    const auto some = [&](auto inputs, auto registers) UNTONE_INLINED {
        constexpr int K = decltype(inputs)::value, R = decltype(registers)::value;
        for (; i + K <= k; i += K)
            for (int at = 0; at < padded; at += R * W)
                outer_tile<K, R>(a + i, a_step, b + at, n, padded, sum + static_cast<std::size_t>(i) * padded + at);
    };
    some(std::integral_constant<int, INPUTS_AT_ONCE>(), std::integral_constant<int, COLUMNS_AT_ONCE>());
    if (INPUTS_AT_ONCE > NETWORK_TILE)
        some(std::integral_constant<int, INPUTS_AT_ONCE < NETWORK_TILE ? 4 : NETWORK_TILE>(),
             std::integral_constant<int, REGISTERS>());
    some(std::integral_constant<int, 4>(), std::integral_constant<int, REGISTERS>());
}

// sum += over n of b[n], in four chains side by side
static inline void add_rows(const float *b, int n, int padded, float *sum) {
    for (int at = 0; at < padded; at += W) {
        F total[4] = {load(sum + at), splat(0), splat(0), splat(0)};
        int s = 0;
        for (; s + 4 <= n; s += 4)
            for (int k = 0; k < 4; ++k) total[k] = add(total[k], load(b + static_cast<std::size_t>(s + k) * padded + at));
        for (; s < n; ++s) total[0] = add(total[0], load(b + static_cast<std::size_t>(s) * padded + at));
        store(sum + at, add(add(total[0], total[1]), add(total[2], total[3])));
    }
}

} // namespace untone::UNTONE_VARIANT
