#include "video/deband.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "threads/pool.hpp"

namespace untone {
namespace {

constexpr int SIDE = 16;          // of a tile
constexpr int FRACTION = 6;       // bits below a code
constexpr int MOST_RANGE = 4;     // codes within a tile and those around it
constexpr int PAIRS_A_CHANGE = 8; // one of so many neighbours may differ
constexpr int MOST_MOVED = 48;    // of 64 parts of a code
constexpr int ROWS_AT_A_TIME = 4;

struct Tile {
    std::uint8_t low, high;
    bool smooth;          // neighbours differ by a code at most, and all by MOST_RANGE
    int pairs, changes;   // of neighbours
    int mean, level;      // in parts of a code; level: smoothed where flat
    bool flat;
};

struct Tiles {
    int rows, columns;
    std::vector<Tile> all;

    Tiles(int height, int width)
        : rows((height + SIDE - 1) / SIDE), columns((width + SIDE - 1) / SIDE),
          all(static_cast<std::size_t>(rows) * columns) {}
    Tile &at(int row, int column) {
        row = std::clamp(row, 0, rows - 1), column = std::clamp(column, 0, columns - 1);
        return all[static_cast<std::size_t>(row) * columns + column];
    }
};

// What is known of 16 columns side by side; eight bits are enough for 16 rows
struct Lanes {
    std::uint8_t low[SIDE], high[SIDE], steepest[SIDE], changes[SIDE];
    std::uint16_t sum[SIDE];
};

inline std::uint8_t apart(std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(std::max(a, b) - std::min(a, b));
}

// One row of a tile: itself, what lies before each of its samples, and above it
inline void add_row(Lanes &lanes, const std::uint8_t (&line)[SIDE + 1], const std::uint8_t (&above)[SIDE + 1]) {
    for (int k = 0; k < SIDE; ++k) {
        const std::uint8_t code = line[k + 1], across = apart(code, line[k]), down = apart(code, above[k + 1]);
        lanes.low[k] = std::min(lanes.low[k], code), lanes.high[k] = std::max(lanes.high[k], code);
        lanes.steepest[k] = std::max(lanes.steepest[k], std::max(across, down));
        lanes.changes[k] = static_cast<std::uint8_t>(lanes.changes[k] + (across != 0) + (down != 0));
        lanes.sum[k] = static_cast<std::uint16_t>(lanes.sum[k] + code);
    }
}

// Tile of `rows` x `columns` samples; WHOLE: of SIDE columns
template <bool WHOLE> Tile measured(const std::uint8_t *from, std::ptrdiff_t stride, int rows, int columns) {
    Tile tile{from[0], from[0], true, rows * (columns - 1) + (rows - 1) * columns, 0, 0, 0, false};
    Lanes lanes{};
    std::fill_n(lanes.low, SIDE, from[0]), std::fill_n(lanes.high, SIDE, from[0]);
    std::uint8_t line[SIDE + 1], above[SIDE + 1];
    for (int row = 0; row < rows && tile.smooth; ++row) {
        std::memcpy(line + 1, from + row * stride, WHOLE ? SIDE : static_cast<std::size_t>(columns));
        line[0] = line[1];
        if (!WHOLE) std::fill(line + 1 + columns, line + 1 + SIDE, line[columns]); // again, which changes nothing
        if (row == 0) std::memcpy(above, line, sizeof line);
        add_row(lanes, line, above);
        std::memcpy(above, line, sizeof line);
        if (row % 4 != 3 && row != rows - 1) continue;
        std::uint8_t steepest = 0;
        for (int k = 0; k < SIDE; ++k) { // plain, so that it is done sixteen at a time
            tile.low = std::min(tile.low, lanes.low[k]), tile.high = std::max(tile.high, lanes.high[k]);
            steepest = std::max(steepest, lanes.steepest[k]);
        }
        tile.smooth = steepest <= 1 && tile.high - tile.low <= MOST_RANGE;
    }
    int sum = 0;
    for (int k = 0; k < (WHOLE ? SIDE : columns); ++k) sum += lanes.sum[k], tile.changes += lanes.changes[k];
    const int count = rows * columns;
    tile.mean = tile.level = ((sum << FRACTION) + count / 2) / count;
    return tile;
}

void settle(Tiles &tiles, int row, int column) {
    int low = 255, high = 0, pairs = 0, changes = 0, sum = 0;
    for (int y = -1; y <= 1; ++y)
        for (int x = -1; x <= 1; ++x) {
            const Tile &other = tiles.at(row + y, column + x);
            if (!other.smooth) return;
            low = std::min<int>(low, other.low), high = std::max<int>(high, other.high);
            pairs += other.pairs, changes += other.changes;
            sum += other.mean * (2 - (y != 0)) * (2 - (x != 0));
        }
    if (high == low || high - low > MOST_RANGE || changes * PAIRS_A_CHANGE > pairs) return;
    Tile &tile = tiles.at(row, column);
    tile.flat = true, tile.level = (sum + 8) >> 4;
}

// `count` samples, at most SIDE: a share of the smooth surface, weights of 1024
void mix(const std::uint8_t *from, std::uint16_t *to, int count, const std::int16_t (&smooth)[SIDE],
         const std::int16_t (&weight)[SIDE]) {
    std::uint8_t codes[SIDE] = {};
    std::uint16_t mixed[SIDE];
    std::memcpy(codes, from, static_cast<std::size_t>(count));
    for (int k = 0; k < SIDE; ++k) {
        const auto code = static_cast<std::int16_t>(codes[k] << FRACTION);
        auto off = static_cast<std::int16_t>(smooth[k] - code);
        off = off > MOST_MOVED ? static_cast<std::int16_t>(MOST_MOVED) : off;
        off = off < -MOST_MOVED ? static_cast<std::int16_t>(-MOST_MOVED) : off;
        mixed[k] = static_cast<std::uint16_t>(code + ((off * weight[k] + 512) >> 10));
    }
    std::memcpy(to, mixed, static_cast<std::size_t>(count) * 2);
}

// Levels and shares of the tiles' middles at one row of samples, times 2 * SIDE, with one more before and behind
struct Line {
    std::vector<std::int32_t> level, share;
    explicit Line(int columns) : level(columns + 2), share(columns + 2) {}
};

void write_row(const BandingJob &job, Tiles &tiles, int y, Line &line) {
    const std::uint8_t *from = job.plane + y * job.stride;
    std::uint16_t *to = job.target + static_cast<std::size_t>(y) * job.width;
    const int place = 2 * y - (SIDE - 1); // twice the way from the first tile's middle
    const int row = place < 0 ? -1 : place / (2 * SIDE), down = place - row * 2 * SIDE;
    for (int column = -1; column <= tiles.columns; ++column) {
        const Tile &above = tiles.at(row, column), &below = tiles.at(row + 1, column);
        line.level[column + 1] = above.level * (2 * SIDE - down) + below.level * down;
        line.share[column + 1] = above.flat * (2 * SIDE - down) + below.flat * down;
    }
    for (int column = -1; column < tiles.columns; ++column) { // between the middles of two tiles
        const int begin = std::max(column * SIDE + SIDE / 2, 0);
        const int end = std::min((column + 1) * SIDE + SIDE / 2, job.width);
        const std::int32_t *level = &line.level[column + 1], *share = &line.share[column + 1];
        if (share[0] + share[1] == 0) { // and as many more as there are
            int last = column + 1;
            while (last < tiles.columns && line.share[last + 1] + line.share[last + 2] == 0) ++last;
            const int stop = std::min(last * SIDE + SIDE / 2, job.width);
            for (int x = begin; x < stop; ++x) to[x] = static_cast<std::uint16_t>(from[x] << FRACTION);
            column = last - 1;
        } else if (begin < end) {
            std::int16_t smooth[SIDE], weight[SIDE]; // weights of 1024
            const int across = 2 * begin - (SIDE - 1) - column * 2 * SIDE;
            const int first = level[0] * (2 * SIDE - across) + level[1] * across + 512, rise = 2 * (level[1] - level[0]);
            const int start = share[0] * (2 * SIDE - across) + share[1] * across, growth = 2 * (share[1] - share[0]);
            for (int k = 0; k < SIDE; ++k) smooth[k] = static_cast<std::int16_t>((first + k * rise) >> 10);
            for (int k = 0; k < SIDE; ++k) weight[k] = static_cast<std::int16_t>(start + k * growth);
            mix(from + begin, to + begin, end - begin, smooth, weight);
        }
    }
}

} // namespace

bool deband(const BandingJob &job, int threads) {
    Tiles tiles(job.height, job.width);
    share_rows(tiles.rows, ROWS_AT_A_TIME, threads, [&](int first, int last) {
        for (int row = first; row < last; ++row)
            for (int column = 0; column < tiles.columns; ++column) {
                const int y = row * SIDE, x = column * SIDE;
                const int rows = std::min(SIDE, job.height - y), columns = std::min(SIDE, job.width - x);
                const std::uint8_t *from = job.plane + y * job.stride + x;
                tiles.at(row, column) = columns == SIDE ? measured<true>(from, job.stride, rows, columns)
                                                        : measured<false>(from, job.stride, rows, columns);
            }
    });
    bool any = false;
    for (int row = 0; row < tiles.rows; ++row)
        for (int column = 0; column < tiles.columns; ++column) {
            settle(tiles, row, column);
            any = any || tiles.at(row, column).flat;
        }
    if (any)
        share_rows(job.height, ROWS_AT_A_TIME * SIDE, threads, [&](int first, int last) {
            Line line(tiles.columns);
            for (int y = first; y < last; ++y) write_row(job, tiles, y, line);
        });
    return any;
}

} // namespace untone
