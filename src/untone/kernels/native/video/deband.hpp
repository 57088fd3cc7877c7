// Banding of 8-bit gradients taken out of a plane; the definition is ../../video/banding.py, integer for
// integer.
#pragma once
#include <cstddef>
#include <cstdint>

namespace untone {

struct BandingJob {
    const std::uint8_t *plane;
    std::ptrdiff_t stride; // bytes
    int height, width;
    std::uint16_t *target; // [height, width]
};

// Writes the target; false, and nothing written, where no tile is flat.
bool deband(const BandingJob &job, int threads);

} // namespace untone
