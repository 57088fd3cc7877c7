// The DCT blocks of a JPEG (ITU-T T.81), read from one file and written into another at other places, turned or
// mirrored, without ever becoming pixels. Bytes may be hostile: every read is bounded, and limits hold before memory is
// taken. Sequential and progressive Huffman coding of 8-bit samples is read; sequential coding is written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace untone::jpeg {

constexpr int SIDE = 8, AREA = 64, MAX_COMPONENTS = 3, MAX_SAMPLING = 4, MAX_TABLES = 4;

// Order in which coefficients are coded: place k of the zigzag is ZIGZAG[k] = 8 * vertical + horizontal frequency
extern const std::array<std::uint8_t, AREA> ZIGZAG;

// What is wrong with the bytes, or beyond this coder, in words that follow "this JPEG"
struct Fault : std::invalid_argument {
    using std::invalid_argument::invalid_argument;
};

inline void require(bool good, const char *fault) {
    if (!good) throw Fault(fault);
}

struct Limits {
    std::uint64_t pixels;
    int scans;
};

// Pixels that are kept, from the top left corner
struct Window {
    int left, top, width, height;
};

using Quantisers = std::array<std::uint16_t, AREA>; // in the order of blocks, not of the zigzag

struct Component {
    int id = 0, h = 1, v = 1;           // sampling factors
    int table = 0;                      // its quantisation table, as the frame names it
    int columns = 0, rows = 0;          // blocks that pixels lie in
    int left = 0, top = 0;              // first block that is stored
    int width = 0, height = 0;          // blocks stored
    std::vector<std::int16_t> values;   // theirs, 64 each, row by row; none where the picture has units
    Quantisers quantisers{};
    bool described = false, coded = false;

    bool holds(int row, int column) const {
        return row >= top && column >= left && row - top < height && column - left < width;
    }
    std::size_t place(int row, int column) const {
        return (static_cast<std::size_t>(row - top) * width + (column - left)) * AREA;
    }
};

class Units;

struct Picture {
    int width = 0, height = 0, h = 1, v = 1; // the largest sampling factors
    std::vector<Component> components;
    std::shared_ptr<Units> units; // of blocks that are decoded when they are asked for

    int unit_width() const { return SIDE * h; }
    int unit_height() const { return SIDE * v; }

    // The 64 values of a block that a component of the picture holds, until the next one is asked for
    const std::int16_t *block(const Component &part, int row, int column) const;
};

inline int divided_up(int a, int b) { return (a + b - 1) / b; }

// Blocks of the frame that begins at `data`; of a sequential one, those of the window only, and where one scan has them
// all, only their places in the data, which must outlive the picture.
Picture decode(const std::uint8_t *data, std::size_t size, const Window &window, const Limits &limits);

// The window of a picture as a JPEG, shown by an EXIF orientation (1 to 8). The window begins at whole units; sides that
// are reversed are whole units.
std::string encode(const Picture &picture, const Window &window, int orientation);

} // namespace untone::jpeg
