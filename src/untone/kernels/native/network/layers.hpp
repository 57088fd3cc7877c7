// Matrix products of small networks in registers: TILE outputs at a time, several rows side by side.
#pragma once

namespace untone::UNTONE_VARIANT {

constexpr int REGISTERS = NETWORK_TILE / W;                         // of a tile
constexpr int OUT_REGISTERS = (NETWORK_OUT + W - 1) / W;            // of its beginning that the outputs fill
constexpr int OUT_INPUTS = 3;                                       // of a product by the outputs; the fourth is 0

// Of an outer product in registers: all inputs of a section, if they fit; else, where one load brings four inputs, few
// columns of many inputs, and where it brings one, few inputs of all columns
constexpr int INPUTS_AT_ONCE = W == 16 ? NETWORK_EMBEDDED : Inputs::COUNT > 1 ? 12 : 4;
constexpr int COLUMNS_AT_ONCE = Inputs::COUNT > 1 ? 2 : REGISTERS;
constexpr int ROWS_AT_ONCE = Inputs::COUNT > 1 ? 4 : 1; // of one, so that counting and stepping weigh less

// Floats from row to row of what has K inputs
constexpr std::size_t step_of(int k) { return static_cast<std::size_t>(k == OUT_INPUTS ? NETWORK_OUT : k); }

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

// The same of N of the inputs that one load of each row brings
template <bool FIRST, int N = Inputs::COUNT, int S, int R>
static UNTONE_INLINE void add_inputs(F (&sum)[S][R], const float *a, std::size_t a_step, const float *m, int padded) {
    F x[S];
    for (int s = 0; s < S; ++s) x[s] = Inputs::from(a + s * a_step);
    add_products<0, FIRST>(sum, x, m);
    if constexpr (N > 1) {
        add_products<1, false>(sum, x, m = settled(m + padded));
        add_products<2, false>(sum, x, m = settled(m + padded));
        if constexpr (N > 3) add_products<3, false>(sum, x, settled(m + padded));
    }
}

// out[s] = after(start + sum over k of a[s][k] * m[k]) for S rows of one tile; k is a multiple of Inputs::COUNT, or
// OUT_INPUTS. Where K is not 0, k and a_step are known beforehand and one tile is all there is: addresses are half of
// the work
template <int S, After AFTER, int K, bool FROM_NOTHING, int R>
static UNTONE_INLINE void product_tile(const float *a, std::size_t a_step, const float *m, int k, int padded,
                                       const float *start, const float *mask, float *out) {
    constexpr int COUNT = Inputs::COUNT, FEW = K && K < COUNT ? K : COUNT;
    if (K) k = K, a_step = step_of(K), padded = NETWORK_TILE;
    F sum[S][R];
    if (FROM_NOTHING) {
        add_inputs<true, FEW>(sum, a, a_step, m, padded);
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

template <After AFTER, int K, bool FROM_NOTHING, int R>
static inline void product_rows(const float *a, std::size_t a_step, int n, const float *m, int k, int padded,
                                const float *start, const float *mask, float *out) {
    if (K) k = K, a_step = step_of(K), padded = NETWORK_TILE;
    for (int tile = 0; tile < padded; tile += NETWORK_TILE) {
        const float *first = start ? start + tile : nullptr;
        int s = 0;
        for (; s + SIDE_BY_SIDE <= n; s += SIDE_BY_SIDE) {
            const std::size_t at = static_cast<std::size_t>(s) * padded + tile;
            product_tile<SIDE_BY_SIDE, AFTER, K, FROM_NOTHING, R>(a + s * a_step, a_step, m + tile, k, padded, first,
                                                                  mask ? mask + at : nullptr, out + at);
        }
        for (; s < n; ++s) {
            const std::size_t at = static_cast<std::size_t>(s) * padded + tile;
            product_tile<1, AFTER, K, FROM_NOTHING, R>(a + s * a_step, a_step, m + tile, k, padded, first,
                                                       mask ? mask + at : nullptr, out + at);
        }
    }
}

// Biases are where a sum starts; what is masked has none
template <After AFTER, int K, int R = REGISTERS>
static inline void product_of(const float *a, std::size_t a_step, int n, const float *m, int k, int padded,
                              const float *start, const float *mask, float *out) {
    constexpr bool MASKED = AFTER == After::mask, MAY_BE_EITHER = AFTER == After::nothing && Inputs::COUNT > 1;
    if (MAY_BE_EITHER && !start)
        product_rows<AFTER, K, MASKED || MAY_BE_EITHER, R>(a, a_step, n, m, k, padded, start, mask, out);
    else
        product_rows<AFTER, K, MASKED, R>(a, a_step, n, m, k, padded, start, mask, out);
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
    else if (Inputs::COUNT > 1 && padded == NETWORK_TILE && k == OUT_INPUTS && a_step == NETWORK_OUT)
        product_of<AFTER, (Inputs::COUNT > 1) ? OUT_INPUTS : 0>(a, a_step, n, m, k, padded, start, mask, out);
    else
        product_of<AFTER, 0>(a, a_step, n, m, k, padded, start, mask, out);
}

// The same of the last layer, whose outputs fill the beginning of one tile, by weights that stay in registers: S rows
template <int S> static UNTONE_INLINE void outputs_by(const F (&w)[NETWORK_TILE], const float *a, float *out) {
    F x[S][REGISTERS], sum[S];
    for (int s = 0; s < S; ++s) load(a + s * NETWORK_TILE, x[s]);
    for (int r = 0; r < REGISTERS; ++r)
        for (int s = 0; s < S; ++s) {
            const F *by = w + r * Inputs::COUNT;
            sum[s] = r ? Inputs::times<0>(x[s][r], by[0], sum[s]) : Inputs::times<0>(x[s][r], by[0]);
            sum[s] = Inputs::times<1>(x[s][r], by[1], sum[s]);
            sum[s] = Inputs::times<2>(x[s][r], by[2], sum[s]);
            sum[s] = Inputs::times<3>(x[s][r], by[3], sum[s]);
        }
    for (int s = 0; s < S; ++s) store(out + s * NETWORK_TILE, sum[s]);
}

static UNTONE_APART void outputs(const float *a, std::size_t a_step, int n, const float *m, int k, float *out) {
    if constexpr (Inputs::COUNT == 4)
        if (k == NETWORK_TILE && a_step == NETWORK_TILE) {
            F w[NETWORK_TILE];
            for (int i = 0; i < NETWORK_TILE; ++i) w[i] = load(m + i * NETWORK_TILE);
            int s = 0;
            for (; s + 2 <= n; s += 2) outputs_by<2>(w, a + s * NETWORK_TILE, out + s * NETWORK_TILE);
            for (; s < n; ++s) outputs_by<1>(w, a + s * NETWORK_TILE, out + s * NETWORK_TILE);
            return;
        }
    if (k == NETWORK_TILE && a_step == NETWORK_TILE)
        product_of<After::nothing, NETWORK_TILE, OUT_REGISTERS>(a, a_step, n, m, k, NETWORK_TILE, nullptr, nullptr,
                                                                out);
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
                if constexpr (K % COUNT == 0) total[k + 3][r] = Inputs::times<3>(x, y[r], total[k + 3][r]);
            }
    }
}

// sum[k][columns] += over n of a[n][k] * b[n][columns], for K inputs of R registers; STEP is a_step, if it is known
template <int K, int R, int STEP>
static UNTONE_INLINE void outer_tile(const float *a, std::size_t a_step, const float *b, int n, int padded,
                                     float *sum) {
    if (STEP) a_step = STEP, padded = NETWORK_TILE;
    const std::size_t b_step = static_cast<std::size_t>(padded);
    F total[K][R];
    for (int k = 0; k < K; ++k)
        for (int r = 0; r < R; ++r) total[k][r] = load(sum + k * b_step + r * W);
    int s = 0;
    if constexpr (ROWS_AT_ONCE > 1)
        for (; s + ROWS_AT_ONCE <= n; s += ROWS_AT_ONCE)
            for (int k = 0; k < ROWS_AT_ONCE; ++k) {
                add_outer(total, a + (s + k) * a_step, b + (s + k) * b_step);
                keep_order();
            }
    for (; s < n; ++s) add_outer(total, a + s * a_step, b + s * b_step);
    for (int k = 0; k < K; ++k)
        for (int r = 0; r < R; ++r) store(sum + k * b_step + r * W, total[k][r]);
}

template <int STEP>
static UNTONE_APART void outer_of(const float *a, std::size_t a_step, int n, int k, const float *b, int padded,
                                  float *sum) {
    int i = 0;
    const auto some = [&](auto inputs, auto registers) UNTONE_INLINED {
        constexpr int K = decltype(inputs)::value, R = decltype(registers)::value;
        for (; i + K <= k; i += K)
            for (int at = 0; at < padded; at += R * W)
                outer_tile<K, R, STEP>(a + i, a_step, b + at, n, padded,
                                       sum + static_cast<std::size_t>(i) * padded + at);
    };
    some(std::integral_constant<int, INPUTS_AT_ONCE>(), std::integral_constant<int, COLUMNS_AT_ONCE>());
    if (INPUTS_AT_ONCE > NETWORK_TILE)
        some(std::integral_constant<int, INPUTS_AT_ONCE < NETWORK_TILE ? 4 : NETWORK_TILE>(),
             std::integral_constant<int, REGISTERS>());
    some(std::integral_constant<int, 4>(), std::integral_constant<int, REGISTERS>());
    some(std::integral_constant<int, OUT_INPUTS>(), std::integral_constant<int, REGISTERS>());
}

// [n, k]^T times [n, padded], added to [k, padded]; k is a multiple of 4, or OUT_INPUTS
static UNTONE_INLINE void outer(const float *a, std::size_t a_step, int n, int k, const float *b, int padded,
                                float *sum) {
    constexpr bool APART = Inputs::COUNT > 1; // many lanes of a load leave no register for what is around
    if (APART && padded == NETWORK_TILE && a_step == NETWORK_TILE)
        outer_of<APART ? NETWORK_TILE : 0>(a, a_step, n, k, b, padded, sum);
    else if (APART && padded == NETWORK_TILE && a_step == NETWORK_EMBEDDED)
        outer_of<APART ? NETWORK_EMBEDDED : 0>(a, a_step, n, k, b, padded, sum);
    else if (APART && padded == NETWORK_TILE && a_step == NETWORK_OUT)
        outer_of<APART ? NETWORK_OUT : 0>(a, a_step, n, k, b, padded, sum);
    else
        outer_of<0>(a, a_step, n, k, b, padded, sum);
}

template <int R> static UNTONE_INLINE void add_rows_of(const float *b, F (&sum)[R]) {
    F row[R];
    load(b, row);
    for (int r = 0; r < R; ++r) sum[r] = add(sum[r], row[r]);
}

// sum += over n of b[n], in four chains side by side
static inline void add_rows(const float *b, int n, int padded, float *sum) {
    constexpr int R = Inputs::COUNT > 1 ? REGISTERS : 1;
    const std::size_t step = static_cast<std::size_t>(padded);
    for (int at = 0; at < padded; at += R * W, b += R * W) {
        F first[R], second[R], third[R], fourth[R];
        load(sum + at, first);
        for (int r = 0; r < R; ++r) second[r] = third[r] = fourth[r] = splat(0);
        int s = 0;
        for (; s + 4 <= n; s += 4) {
            add_rows_of(b + s * step, first);
            add_rows_of(b + (s + 1) * step, second);
            add_rows_of(b + (s + 2) * step, third);
            add_rows_of(b + (s + 3) * step, fourth);
        }
        for (; s < n; ++s) add_rows_of(b + s * step, first);
        for (int r = 0; r < R; ++r) first[r] = add(add(first[r], second[r]), add(third[r], fourth[r]));
        store(sum + at, first);
    }
}

} // namespace untone::UNTONE_VARIANT
