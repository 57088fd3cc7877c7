// Plain data shared by the module and by every instruction-set variant. No inline functions here: a function
// compiled twice with different instruction sets would be merged by the linker into one of them.
#pragma once
#include <cstddef>
#include <cstdint>

namespace untone {

struct Source {            // encoded RGB, packed within a row
    const std::uint8_t *data;
    std::ptrdiff_t stride; // bytes between rows, any sign
    int height, width;
    int sample_bytes;      // 1 or 2
};

enum class Output : int { codes, stops, half, single, pq10 };

// One photo's operators, laid out for the variant that will run them (see ../layout.py).
struct Operators {
    const float *nodes;      // [gy] tables of `table_floats`: the grids at each y node
    std::size_t table_floats;
    int gy, gx;
    const float *lut;        // [n, n, n, 4] RGBX
    int n;
};

struct OperatorJob {
    Source source;
    int divisor;             // 1, 2 or 4: operators run on d x d box averages
    Operators operators;
    double v0, dv, u0, du;   // normalised position of output pixel (0, 0), and steps
    Output output;
    std::uint8_t *target;    // [rows, columns, 3], contiguous
    int rows, columns;
    float scale[4], bias[4]; // codes: trunc(clamp(stops * scale + bias, 0.5, 255.5))
    const float *light;      // light + offset of every code
    float offset;
    float matrix[3][4];      // pq10: rows give R, G, B of BT.2020 as a share of 10000 nits
    const float *pq;         // pq10: table of the curve, see Pq10
    const float *curve;      // of a LUT reading, see Curve
    float curve_per_step, curve_bound; // its steps per unit, and the largest magnitude it holds
    bool curve_is_power;     // to 2 ** stops, which only half floats take; else to stops
    float qmax;
};

struct ApplyJob {
    Source source;           // rows of the base, the first of them `first_row` of `whole_height`
    int first_row, whole_height;
    const float *light;      // light of every code
    const std::uint8_t *map; // [map_height, map_width, channels], contiguous
    int map_height, map_width, channels, map_bytes;
    bool has_gamma;
    float inverse_gamma[4];
    float low[4], span[4];   // stops at full weight times the weight
    float base_offset[4], alternate_offset[4];
    Output output;           // half or single
    std::uint8_t *target;    // [height, width, 3], contiguous
};

struct PqJob {
    const std::uint8_t *light; // [height, width, 3] float, packed within a row; 1.0 is white
    std::ptrdiff_t stride;     // bytes between rows, any sign
    int height, width;
    float matrix[3][4];        // rows give R, G, B of BT.2020 as a share of 10000 nits
    const float *pq;           // table of 65535 * PQ + 0.5, see PqPairs
    std::uint16_t *target;     // [height, width, 3], contiguous
};

struct ThumbnailJob {
    Source source;
    int size;
    float *target;           // [3, size, size]
};

struct NetworkKernels; // see network/network.hpp
struct VideoKernels; // see video/job.hpp

// The work of rows first..last-1 of a job, by one variant. Rows are independent.
struct Variant {
    const char *name;
    std::size_t curve_floats, pq10_floats, pq16_floats; // sizes of its tables
    void (*operators)(const OperatorJob &, int first, int last);
    void (*apply)(const ApplyJob &, int first, int last);
    void (*pq16)(const PqJob &, int first, int last);
    void (*thumbnail)(const ThumbnailJob &, int first, int last);
    const NetworkKernels *network;
    const VideoKernels *video;
};

extern const Variant portable_variant;
#ifdef UNTONE_X86
extern const Variant avx2_variant;
extern const Variant avx512_variant;
#endif
#ifdef UNTONE_ARM64
extern const Variant neon_variant;
#endif

} // namespace untone
