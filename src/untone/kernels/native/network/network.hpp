// Plain data of small networks over embedded places and codes (../../mlp.py defines what they compute). Weights lie
// padded: `padded` neurons to a row, a multiple of TILE, the added ones zero. No inline functions: see frame.hpp.
#pragma once
#include <cstddef>
#include <cstdint>

#include "operators/frame.hpp"

namespace untone {

constexpr int MLP_EMBEDDED = 24; // numbers that a level of a section becomes
constexpr int MLP_SECTIONS = 5;  // x, y, r, g, b, as a rule
constexpr int MLP_TILE = 16;     // outputs worked on together
constexpr int MLP_OUT = 4;       // RGBX
constexpr int MLP_BLOCK = 64;    // samples on their way through the layers together
constexpr int MLP_WIDEST = 128;

// A network in parts; all rows of `padded` floats, except the third layer's biases (4).
struct MlpParts {
    float *first, *first_bias;   // [sections * 24], [1]
    float *second, *second_bias; // [padded] by input, [1]
    float *third, *third_bias;   // [4] by output, [4] floats
};

struct MlpShape {
    int sections, neurons, padded;
    const int *start; // [sections + 1] first row of each section in the basis, and their end
};

// The rows of the tables that one sample adds up, what it should become, and how much that matters.
struct MlpSamples {
    const std::int32_t *index; // [n, sections] rows of the basis
    const float *target, *weight; // [n, 4]
};

struct MlpLearnJob {
    MlpShape shape;
    const float *tables;       // [rows, padded]
    const MlpParts *net;       // as the layers use it
    const float *second_turned; // [padded] by output
    const float *third_turned;  // [padded, TILE] by input
    MlpSamples samples;
    float scale;               // of the slopes: 2 / (3 n)
};

// What one share of a batch adds up; the same shares whatever the number of threads.
struct MlpShare {
    MlpParts slope; // first is unused
    float *bins;    // [rows, padded] slopes by row of the tables
    double loss;
};

struct MlpStep { // of Adam
    float rate, keep1, keep2, correction1, correction2;
};

struct MlpValueJob {
    Source source;
    const float *columns, *rows, *codes; // tables: [width, padded], [height, padded], [3, 256, padded]
    int padded, neurons;
    const float *second, *second_bias, *third_turned; // as in MlpLearnJob
    float third_bias[4], scale[4], offset[4], low[4], high[4]; // clamp(value * scale + offset, low, high)
    bool half;
    std::uint8_t *target; // [height, width, 3], contiguous
};

struct MlpKernels {
    // tables[first..last-1] = basis * weights (+ bias)
    void (*tables)(const float *basis, const float *weights, const float *bias, int first, int last, int padded,
                   float *tables);
    // out [count, padded] = mix [count, count] * rows [count, padded]
    void (*mixed)(const float *mix, const float *rows, int count, int padded, float *out);
    void (*learn)(const MlpLearnJob &, int first, int last, MlpShare &);
    // Adds up the bins of the shares over rows first..last-1 and empties them; weights [24, padded] = basis^T * bins,
    // bias [padded] = sum of bins
    void (*bins)(const float *basis, float *const *bins, int shares, int first, int last, int padded, float *weights,
                 float *bias);
    void (*adam)(const MlpStep &, const float *slope, float *weight, float *mean, float *square, std::size_t count);
    void (*values)(const MlpValueJob &, int first, int last);
};

} // namespace untone
