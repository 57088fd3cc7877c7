// Matrix products of small networks in registers: TILE outputs at a time, several rows side by side.
#pragma once

namespace untone::UNTONE_VARIANT {

constexpr int REGISTERS = NETWORK_TILE / W;                         // of a tile
constexpr int OUT_REGISTERS = (NETWORK_OUT + W - 1) / W;            // of its beginning that the outputs fill
constexpr int INPUTS_AT_ONCE = W == 16 ? NETWORK_EMBEDDED : 4; // of an outer product; all of a section, if they fit

enum class After { nothing, relu, mask };

static inline F where_positive(F by, F x) { return choose(at_least(splat(0), by), splat(0), x); }

// out[s] = after(start + sum over k of a[s][k] * m[k]) for S rows of one tile. Where K is not 0, k and a_step are K and
// one tile is all there is: addresses known beforehand, which are half of the work
template <int S, After AFTER, int K, int R>
static inline void product_tile(const float *a, std::size_t a_step, const float *m, int k, int padded,
                                const float *start, const float *mask, float *out) {
    if (K) k = K, a_step = K, padded = NETWORK_TILE;
    F sum[S][R];
    for (int r = 0; r < R; ++r) {
        const F first = start ? load(start + r * W) : splat(0);
        for (int s = 0; s < S; ++s) sum[s][r] = first;
    }
    for (int i = 0; i < k; ++i) {
        F w[R];
        for (int r = 0; r < R; ++r) w[r] = load(m + static_cast<std::size_t>(i) * padded + r * W);
        for (int s = 0; s < S; ++s) {
            const F x = splat(a[s * a_step + i]);
            for (int r = 0; r < R; ++r) sum[s][r] = fma(x, w[r], sum[s][r]);
        }
    }
    for (int s = 0; s < S; ++s)
        for (int r = 0; r < R; ++r) {
            const std::size_t at = static_cast<std::size_t>(s) * padded + r * W;
            F x = sum[s][r];
            if (AFTER == After::relu) x = positive(x);
            if (AFTER == After::mask) x = where_positive(load(mask + at), x);
            store(out + at, x);
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

// sum[k][tile] += over n of a[n][k] * b[n][tile], for K inputs of one tile
template <int K>
static inline void outer_tile(const float *a, std::size_t a_step, const float *b, int n, int padded, float *sum) {
    F total[K][REGISTERS];
    for (int k = 0; k < K; ++k)
        for (int r = 0; r < REGISTERS; ++r) total[k][r] = load(sum + static_cast<std::size_t>(k) * padded + r * W);
    for (int s = 0; s < n; ++s) {
        F y[REGISTERS];
        for (int r = 0; r < REGISTERS; ++r) y[r] = load(b + static_cast<std::size_t>(s) * padded + r * W);
        for (int k = 0; k < K; ++k) {
            const F x = splat(a[s * a_step + k]);
            for (int r = 0; r < REGISTERS; ++r) total[k][r] = fma(x, y[r], total[k][r]);
        }
    }
    for (int k = 0; k < K; ++k)
        for (int r = 0; r < REGISTERS; ++r) store(sum + static_cast<std::size_t>(k) * padded + r * W, total[k][r]);
}

// [n, k]^T times [n, padded], added to [k, padded]; k is a multiple of 4
static inline void outer(const float *a, std::size_t a_step, int n, int k, const float *b, int padded, float *sum) {
    for (int tile = 0; tile < padded; tile += NETWORK_TILE) {
        int i = 0;
        const auto some = [&](auto count) {
            constexpr int K = decltype(count)::value;
            for (; i + K <= k; i += K)
                outer_tile<K>(a + i, a_step, b + tile, n, padded, sum + static_cast<std::size_t>(i) * padded + tile);
        };
        some(std::integral_constant<int, INPUTS_AT_ONCE>());
        if (INPUTS_AT_ONCE > NETWORK_TILE)
            some(std::integral_constant<int, INPUTS_AT_ONCE < NETWORK_TILE ? 4 : NETWORK_TILE>());
        some(std::integral_constant<int, 4>());
    }
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
