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
    alignas(64) float reading[4 * BLOCK];                        // of the LUT, RGBX
    alignas(64) std::uint8_t out[BLOCK * 3 * sizeof(float) + PAD];
    alignas(64) std::uint32_t sums[3 * BLOCK * MAX_DIVISOR];     // of the rows of a box
};

} // namespace untone::UNTONE_VARIANT
