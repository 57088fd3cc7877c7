// Sums of a thumbnail's rows in registers, all of a cell's rows before a sum is written, and of its columns by pixel.
#pragma once

namespace untone::UNTONE_VARIANT {

constexpr int AT_ONCE = 64;  // samples
constexpr int MOST_ROWS = 255; // of 255 each and 65535 / size: their sum fits 32 bits

// Rows of bytes: whole ones from an address on, and two of which the cell has a share, in 1 / size
struct ByteRows {
    const std::uint8_t *whole, *edge[2];
    std::ptrdiff_t stride;
    int count;
    std::uint16_t size, share[2];

    ByteRows(const Source &source, const Rows &rows, std::size_t at) : stride(source.stride) {
        const auto units = [&](std::int64_t row) { // of 1 / size that the cell has of it
            const std::int64_t low = row * rows.size, high = low + rows.size;
            return (rows.end < high ? rows.end : high) - (rows.begin > low ? rows.begin : low);
        };
        size = static_cast<std::uint16_t>(rows.size);
        const bool first_whole = units(rows.first) == rows.size;
        const bool last_whole = rows.last == rows.first || units(rows.last) == rows.size;
        const std::int64_t from = first_whole ? rows.first : rows.first + 1;
        const std::int64_t to = last_whole ? rows.last + 1 : rows.last;
        count = static_cast<int>(to - from);
        share[0] = static_cast<std::uint16_t>(first_whole ? 0 : units(rows.first));
        share[1] = static_cast<std::uint16_t>(last_whole ? 0 : units(rows.last));
        whole = line_at(source, from) + at;
        edge[0] = line_at(source, rows.first) + at;
        edge[1] = line_at(source, rows.last) + at;
    }

    // Sums of AT_ONCE columns from byte `i` on, times `unit`
    void sum(int i, float unit, float *out) const {
        uint16x8_t sums[8];
        for (auto &part : sums) part = vdupq_n_u16(0);
        const std::uint8_t *p = whole + i;
        for (int row = 0; row < count; ++row, p += stride) {
            const uint8x16x4_t x = vld1q_u8_x4(p);
            for (int k = 0; k < 4; ++k) {
                sums[2 * k] = vaddw_u8(sums[2 * k], vget_low_u8(x.val[k]));
                sums[2 * k + 1] = vaddw_high_u8(sums[2 * k + 1], x.val[k]);
            }
        }
        const uint8x16x4_t first = vld1q_u8_x4(edge[0] + i), last = vld1q_u8_x4(edge[1] + i);
        for (int k = 0; k < 4; ++k) {
            const uint8x8_t low[2] = {vget_low_u8(first.val[k]), vget_low_u8(last.val[k])};
            finish(sums[2 * k], vmovl_u8(low[0]), vmovl_u8(low[1]), unit, out + 16 * k);
            finish(sums[2 * k + 1], vmovl_high_u8(first.val[k]), vmovl_high_u8(last.val[k]), unit, out + 16 * k + 8);
        }
    }

private:
    UNTONE_INLINE void finish(uint16x8_t sum, uint16x8_t first, uint16x8_t last, float unit, float *out) const {
        uint32x4_t low = vmull_n_u16(vget_low_u16(sum), size), high = vmull_high_n_u16(sum, size);
        low = vmlal_n_u16(low, vget_low_u16(first), share[0]), high = vmlal_high_n_u16(high, first, share[0]);
        low = vmlal_n_u16(low, vget_low_u16(last), share[1]), high = vmlal_high_n_u16(high, last, share[1]);
        store(out, vmulq_n_f32(vcvtq_f32_u32(low), unit));
        store(out + W, vmulq_n_f32(vcvtq_f32_u32(high), unit));
    }
};

template <class T>
static void sum_rows(const Source &source, const Rows &rows, std::size_t at, int count, Tile &tile) {
    int done = 0;
    if (sizeof(T) == 1 && rows.size <= 65535 && rows.last - rows.first < MOST_ROWS) {
        const ByteRows bytes(source, rows, at);
        const float unit = 1.0f / static_cast<float>(rows.size);
        for (; done + AT_ONCE <= count; done += AT_ONCE) bytes.sum(done, unit, tile.column + done);
    }
    if (done < count)
        plain_rows<T>(source, rows, at + static_cast<std::size_t>(done) * sizeof(T), count - done, tile, tile.column + done);
}

template <int C>
static inline void add_columns(const float *column, const float *weight, int count, float (&sum)[C]) {
    if constexpr (C == 3) {
        alignas(16) float all[W] = {sum[0], sum[1], sum[2]};
        F total = load(all);
        for (int i = 0; i < count; ++i) total = fma(load_rgb(column + 3 * i), splat(weight[i]), total);
        store(all, total);
        for (int c = 0; c < 3; ++c) sum[c] = all[c];
    } else {
        plain_columns<C>(column, weight, count, sum);
    }
}

} // namespace untone::UNTONE_VARIANT
