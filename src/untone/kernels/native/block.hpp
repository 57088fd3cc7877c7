// A run of pixels of one row on its way through the stages, small enough for the first-level cache. Inputs are copied
// in and results copied out, so that wide loads and stores never touch memory that is not ours.
#pragma once

namespace untone::UNTONE_VARIANT {

constexpr int BLOCK = 256;        // pixels; a multiple of every W
constexpr int MAX_DIVISOR = 4;
constexpr int PAD = 64;           // bytes that a wide access may run over

struct Block {
    alignas(64) std::uint8_t raw[BLOCK * 3 * 2 + PAD];           // encoded RGB as in the source
    alignas(64) float guide[3][BLOCK];                           // encoded value as range coordinate, 0..7
    alignas(64) float inner[3][BLOCK];                           // after the grids
    alignas(64) std::uint32_t at[4][BLOCK];                      // byte offsets of the four LUT records of a pixel
    alignas(64) float weight[4][BLOCK];                          // and their weights
    alignas(64) float reading[4 * BLOCK];                        // of the LUT, RGBX
    alignas(64) float light[3 * BLOCK + PAD];                    // of the base, packed RGB
    alignas(64) std::uint8_t out[BLOCK * 3 * sizeof(float) + PAD];
    alignas(64) std::uint32_t sums[3 * BLOCK * MAX_DIVISOR];     // of the rows of a box
};

// Base light of `count` pixels, from the table of every code: exact, where a curve would err in the darks. Four at a
// time by hand, because a gather is slower than four loads on many processors; the last few read codes left in `raw`
template <class T, class AnyBlock> static void read_light(const float *light, AnyBlock &block, int count) {
    const auto *raw = reinterpret_cast<const T *>(block.raw);
    for (int i = 0; i < 3 * count; i += 4) {
        const float a = light[raw[i]], b = light[raw[i + 1]], c = light[raw[i + 2]], d = light[raw[i + 3]];
        block.light[i] = a;
        block.light[i + 1] = b;
        block.light[i + 2] = c;
        block.light[i + 3] = d;
    }
}

} // namespace untone::UNTONE_VARIANT
