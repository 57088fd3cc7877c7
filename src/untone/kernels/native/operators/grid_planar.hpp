// Slicing of the three grids for processors that permute registers: planar, eight guide nodes in a register.
// Table of one image row: [guide 3][channel 3][x cell][32]: value, x slope, and their differences to the next node.
#pragma once

namespace untone::UNTONE_VARIANT {

// inner[c] (+)= slice of grid K at its guide, for `count` pixels of x cell `cell`
template <int K>
static inline void slice_one(const float *row, int cells, int cell, float x_share, float x_step, Block &block,
                             int count) {
    const auto table = [&](int c) { return Nodes(row + (static_cast<std::size_t>(K * 3 + c) * cells + cell) * 32); };
    const Nodes to_r = table(0), to_g = table(1), to_b = table(2);
    const F step = splat(x_step), below_last = splat(6.9999995f);
    F x = fma(ramp(), step, splat(x_share));
    const F x_advance = mul(step, splat(W));
    for (int p = 0; p < count; p += W, x = add(x, x_advance)) {
        const F e = load(block.guide[K] + p);
        const I node = trunc(smaller(e, below_last));
        const F t = sub(e, convert(node));
        const auto one = [&](const Nodes &nodes, float *inner) {
            store(inner + p, nodes.add_to(K == 0 ? splat(0) : load(inner + p), node, x, t));
        };
        one(to_r, block.inner[0]);
        one(to_g, block.inner[1]);
        one(to_b, block.inner[2]);
    }
}

// inner[c] = sum over the guides of their slices; guides are in 0..7
static inline void slice(const float *row, int cells, int cell, float x_share, float x_step, Block &block, int count) {
    slice_one<0>(row, cells, cell, x_share, x_step, block, count);
    slice_one<1>(row, cells, cell, x_share, x_step, block, count);
    slice_one<2>(row, cells, cell, x_share, x_step, block, count);
}

} // namespace untone::UNTONE_VARIANT
