// A film's frame on its way from planar Y'CbCr to planar Y'CbCr, as plain data; see ../operators/frame.hpp.
#pragma once
#include <cstddef>
#include <cstdint>

#include "operators/frame.hpp"

namespace untone {

constexpr int DITHER_SIDE = 64;
constexpr int DITHER_STRIDE = DITHER_SIDE + 16; // rows repeat their beginning, so that a register may read past the end
constexpr int PAIR_STRIDE = DITHER_SIDE / 2 + 16; // of the same noise, even and odd columns apart
constexpr int EOTF_FLOATS = 32;
constexpr int LEVELS = 1024;                    // bins of the histogram: PQ codes of 10 bits, full range
constexpr int SCRATCH_PAD = 32;                 // floats before and after each row of the scratch memory

struct VideoSource {
    const std::uint8_t *plane[3];  // Y', Cb, Cr
    std::ptrdiff_t stride[3];      // bytes between rows, any sign
    int height, width;             // of Y'
    int sample_bytes;              // 1 or 2
    bool half_height, half_width;  // of Cb and Cr
    bool top_sited, left_sited;    // first chroma sample on the first luma sample, or between the first two
    float scale[2], bias[2];       // code to Y' in 0..1 and to Cb, Cr in -0.5..0.5
    float to_rgb[4];               // R' of Cr, G' of Cb, G' of Cr, B' of Cb
};

struct VideoJob {
    OperatorJob base;              // operators, positions, curve, offset, matrix, PQ; neither source nor target
    VideoSource source;
    int top, left, rows, columns;  // of the frame; top and left are even
    const float *eotf;             // [EOTF_FLOATS]: see Eotf
    float ceiling;                 // largest light, as a share of 10000 nits
    bool is_hlg;
    std::uint16_t *target[3];      // Y', Cb, Cr of the whole frame
    std::ptrdiff_t target_stride[3]; // bytes
    const float *dither;           // [DITHER_SIDE, DITHER_STRIDE] in 0..1, 1 excluded
    const float *pair_dither;      // [DITHER_SIDE, 2, PAIR_STRIDE]: its even columns, then its odd ones
};

struct VideoKernels {
    // Chroma rows first..last-1 of the area. `scratch` holds video_scratch(columns) floats; adds to counts [LEVELS]
    void (*planes)(const VideoJob &, int first, int last, float *scratch, std::int64_t *counts);
    // Rows first..last-1 of the area average of one plane; the source's rows have one sample a pixel
    void (*average)(const ThumbnailJob &, int first, int last);
};

constexpr int VIDEO_ROWS = 36; // of scratch, half a frame wide: see VideoRows

// Floats of a row of scratch for an area of so many columns
constexpr std::size_t video_row_floats(int columns) {
    return static_cast<std::size_t>(columns + 1) / 2 + 2 * SCRATCH_PAD;
}

constexpr std::size_t video_scratch(int columns) { return VIDEO_ROWS * video_row_floats(columns); }

} // namespace untone
