// Slicing of the three grids from the tables of grid_planar.hpp, for registers too few to keep the twelve tables of a
// guide: each is loaded once for two registers of pixels.
#pragma once

namespace untone::UNTONE_VARIANT {

// inner[c] (+)= slice of grid K at its guide, for `count` pixels of x cell `cell`; reads up to the end of the block
template <int K>
static inline void slice_one(const float *row, int cells, int cell, float x_share, float x_step, Block &block,
                             int count) {
    constexpr int N = 2;
    static_assert(BLOCK % (N * W) == 0, "runs end within the block");
    const auto table = [&](int c) { return Nodes(row + (static_cast<std::size_t>(K * 3 + c) * cells + cell) * 32); };
    const Nodes to_r = table(0), to_g = table(1), to_b = table(2);
    const F step = splat(x_step), below_last = splat(6.9999995f), x_advance = splat(N * W * x_step);
    F x[N], t[N];
    UNTONE_ALL x[k] = fma(add(ramp(), splat(k * W)), step, splat(x_share));
    for (int p = 0; p < count; p += N * W) {
        I node[N];
        UNTONE_ALL {
            const F e = load(block.guide[K] + p + k * W);
            node[k] = trunc(smaller(e, below_last));
            t[k] = sub(e, convert(node[k]));
        }
        const auto one = [&](const Nodes &nodes, float *inner) UNTONE_INLINED {
            F sum[N];
            UNTONE_ALL sum[k] = K == 0 ? splat(0) : load(inner + p + k * W);
            nodes.add_to(sum, node, x, t);
            UNTONE_ALL store(inner + p + k * W, sum[k]);
        };
        one(to_r, block.inner[0]);
        one(to_g, block.inner[1]);
        one(to_b, block.inner[2]);
        UNTONE_ALL x[k] = add(x[k], x_advance);
    }
}

// inner[c] = sum over the guides of their slices; guides are in 0..7
static inline void slice(const float *row, int cells, int cell, float x_share, float x_step, Block &block, int count) {
    slice_one<0>(row, cells, cell, x_share, x_step, block, count);
    slice_one<1>(row, cells, cell, x_share, x_step, block, count);
    slice_one<2>(row, cells, cell, x_share, x_step, block, count);
}

} // namespace untone::UNTONE_VARIANT
