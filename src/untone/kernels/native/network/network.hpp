// Data of gain networks over embedded places and codes (../../../gain_network.py is their definition). Weights are
// padded: `padded` neurons to a row, a multiple of TILE, the added ones zero. No inline functions: see frame.hpp.
#pragma once
#include <cstddef>
#include <cstdint>

#include "operators/frame.hpp"

namespace untone {

constexpr int NETWORK_EMBEDDED = 24; // numbers that a level of a section becomes
constexpr int NETWORK_SECTIONS = 5;  // x, y, r, g, b, as a rule
constexpr int NETWORK_TILE = 16;     // outputs worked on together
constexpr int NETWORK_OUT = 4;       // RGBX
constexpr int NETWORK_BLOCK = 64;    // samples on their way through the layers together
constexpr int NETWORK_WIDEST = 128;

// A network in parts; all rows of `padded` floats, except the third layer's biases (4).
struct NetworkParts {
    float *first, *first_bias;   // [sections * 24], [1]
    float *second, *second_bias; // [padded] by input, [1]
    float *third, *third_bias;   // [4] by output, [4] floats
};

struct NetworkShape {
    int sections, neurons, padded;
    const int *start; // [sections + 1] first row of each section in the basis, and their end
};

// The rows of the tables that one sample adds up, what it should become, and how much that matters.
struct TrainingSamples {
    const std::int32_t *index; // [n, sections] rows of the basis
    const float *target, *weight; // [n, 4]
};

struct TrainingJob {
    NetworkShape shape;
    const float *tables;       // [rows, padded]
    const NetworkParts *net;       // as the layers use it
    const float *second_transposed; // [padded] by output
    const float *third_transposed;  // [padded, TILE] by input
    TrainingSamples samples;
    float scale;               // of the slopes: 2 / (3 n)
};

// What one share of a batch adds up; the same shares whatever the number of threads.
struct BatchShare {
    NetworkParts slope; // first is unused
    float *bins;    // [rows, padded] slopes by row of the tables
    double loss;
};

struct AdamStep { // of Adam
    float rate, keep1, keep2, correction1, correction2;
};

struct ValueJob {
    Source source;
    const float *columns, *rows, *codes; // tables: [width, padded], [height, padded], [3, 256, padded]
    int padded, neurons;
    const float *second, *second_bias, *third_transposed; // as in TrainingJob
    float third_bias[4], scale[4], offset[4], low[4], high[4]; // clamp(value * scale + offset, low, high)
    bool half;
    std::uint8_t *target; // [height, width, 3], contiguous
};

struct NetworkKernels {
    // tables[first..last-1] = basis * weights (+ bias)
    void (*tables)(const float *basis, const float *weights, const float *bias, int first, int last, int padded,
                   float *tables);
    // out [count, padded] = mix [count, count] * rows [count, padded]
    void (*mixed)(const float *mix, const float *rows, int count, int padded, float *out);
    void (*learn)(const TrainingJob &, int first, int last, BatchShare &);
    // Adds up the bins of the shares over rows first..last-1 and empties them; weights [24, padded] = basis^T * bins,
    // bias [padded] = sum of bins
    void (*bins)(const float *basis, float *const *bins, int shares, int first, int last, int padded, float *weights,
                 float *bias);
    void (*adam)(const AdamStep &, const float *slope, float *weight, float *mean, float *square, std::size_t count);
    void (*values)(const ValueJob &, int first, int last);
};

} // namespace untone
