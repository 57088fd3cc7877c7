#include <algorithm>
#include <cstdlib>

#include "jpeg/coefficients.hpp"

namespace untone::jpeg {

namespace {

constexpr std::size_t HEAD_BYTES = 4096; // more than all tables have
constexpr int LONGEST = 16, SYMBOLS = 256; // of Huffman codes: bits, and how many there can be

// Where pixels go: EXIF orientations as exchange of rows and columns, then reversal of either
struct Turn {
    bool exchange, reverse_rows, reverse_columns;
};

Turn turn_of(int orientation) {
    static constexpr Turn turns[] = {{false, false, false}, {false, false, true}, {false, true, true},
                                     {false, true, false},  {true, false, false}, {true, false, true},
                                     {true, true, true},    {true, true, false}};
    require(orientation >= 1 && orientation <= 8, "is to be turned in no way there is");
    return turns[orientation - 1];
}

// Codes of the symbols of one table, as short as they can be (ITU-T T.81, annex K.2)
class Codes {
  public:
    void count(int symbol) { ++frequencies_[symbol]; }

    void settle() {
        std::array<int, SYMBOLS + 1> depths = lengths();
        std::array<int, SYMBOLS + 2> bits{};
        for (const int depth : depths) ++bits[depth];
        bits[0] = 0;
        shorten(bits);
        std::copy_n(bits.begin() + 1, LONGEST, counts.begin());
        // Symbols by falling frequency get codes of rising length, whatever the depth they had before
        for (int symbol = 0; symbol < SYMBOLS; ++symbol)
            if (frequencies_[symbol]) order.push_back(static_cast<std::uint8_t>(symbol));
        std::stable_sort(order.begin(), order.end(),
                         [&](int a, int b) { return frequencies_[a] > frequencies_[b]; });
        unsigned code = 0;
        std::size_t index = 0;
        for (int length = 1; length <= LONGEST; ++length, code <<= 1)
            for (int i = 0; i < counts[length - 1]; ++i, ++code)
                lengths_[order[index]] = static_cast<std::uint8_t>(length), codes_[order[index++]] = code;
    }

    unsigned code(int symbol) const { return codes_[symbol]; }
    int length(int symbol) const { return lengths_[symbol]; }
    std::uint64_t bits() const { // of all that was counted
        std::uint64_t total = 0;
        for (int symbol = 0; symbol < SYMBOLS; ++symbol) total += frequencies_[symbol] * lengths_[symbol];
        return total;
    }

    std::array<int, LONGEST> counts{};
    std::vector<std::uint8_t> order;

  private:
    // Depth of every symbol in Huffman's tree; one more, of no frequency, keeps the code of only ones unused
    std::array<int, SYMBOLS + 1> lengths() const {
        std::array<int, SYMBOLS + 1> depth{}, next{};
        std::array<std::uint64_t, SYMBOLS + 1> weight{};
        std::copy(frequencies_.begin(), frequencies_.end(), weight.begin());
        weight[SYMBOLS] = 1;
        next.fill(-1);
        for (;;) {
            const int a = least(weight, -1), b = a < 0 ? -1 : least(weight, a);
            if (b < 0) return depth;
            weight[a] += weight[b];
            weight[b] = 0;
            int last = a;
            for (++depth[a]; next[last] >= 0; ++depth[last]) last = next[last];
            next[last] = b;
            for (last = b, ++depth[b]; next[last] >= 0; ++depth[last]) last = next[last];
        }
    }

    static int least(const std::array<std::uint64_t, SYMBOLS + 1> &weight, int but) {
        int found = -1;
        for (int i = 0; i <= SYMBOLS; ++i)
            if (weight[i] && i != but && (found < 0 || weight[i] <= weight[found])) found = i;
        return found;
    }

    // No code above 16 bits; then the reserved one, among the longest, is taken out (figure K.3)
    static void shorten(std::array<int, SYMBOLS + 2> &bits) {
        for (int i = SYMBOLS; i > LONGEST; --i) {
            while (bits[i] > 0) {
                int j = i - 2;
                while (bits[j] == 0) --j;
                bits[i] -= 2, bits[i - 1] += 1, bits[j + 1] += 2, bits[j] -= 1;
            }
        }
        int longest = LONGEST;
        while (longest > 0 && bits[longest] == 0) --longest;
        if (longest > 0) --bits[longest];
    }

    std::array<std::uint64_t, SYMBOLS> frequencies_{};
    std::array<unsigned, SYMBOLS> codes_{};
    std::array<std::uint8_t, SYMBOLS> lengths_{};
};

class Bytes {
  public:
    void put(unsigned value, int bytes) {
        while (bytes--) text.push_back(static_cast<char>(value >> (8 * bytes) & 255));
    }
    void bits(unsigned value, int count) {
        value_ = value_ << count | value;
        for (count_ += count; count_ >= 8; count_ -= 8) {
            const auto byte = static_cast<unsigned char>(value_ >> (count_ - 8));
            text.push_back(static_cast<char>(byte));
            if (byte == 0xFF) text.push_back('\0');
        }
    }
    void finish() {
        if (count_ % 8) bits((1u << (8 - count_ % 8)) - 1, 8 - count_ % 8);
    }

    std::string text;

  private:
    std::uint64_t value_ = 0;
    int count_ = 0;
};

int size_of(int value) {
    int size = 0;
    for (unsigned left = static_cast<unsigned>(std::abs(value)); left; left >>= 1) ++size;
    return size;
}

// Looks at symbols, for their frequencies, and at the bits that follow them
struct Counter {
    Codes *tables; // DC, AC, DC, AC
    std::uint64_t bits = 0;
    void symbol(int table, int which, int, int size) {
        tables[table].count(which);
        bits += static_cast<unsigned>(size);
    }
};

// Writes them
struct Writer {
    const Codes *tables;
    Bytes &out;
    void symbol(int table, int which, int value, int size) {
        const Codes &codes = tables[table];
        out.bits(codes.code(which), codes.length(which));
        if (size) out.bits(static_cast<unsigned>(value < 0 ? value - 1 : value) & ((1u << size) - 1), size);
    }
};

class Output {
  public:
    Output(const Picture &picture, const Window &window, int orientation)
        : picture_(picture), window_(window), turn_(turn_of(orientation)) {
        const int wide = picture.unit_width(), high = picture.unit_height();
        require(window.left % wide == 0 && window.top % high == 0, "has no block border where the crop begins");
        const bool across = turn_.exchange ? turn_.reverse_rows : turn_.reverse_columns;
        const bool down = turn_.exchange ? turn_.reverse_columns : turn_.reverse_rows;
        require(!across || window.width % wide == 0, "has blocks that are part of its width");
        require(!down || window.height % high == 0, "has blocks that are part of its height");
        width_ = turn_.exchange ? window.height : window.width;
        height_ = turn_.exchange ? window.width : window.height;
        h_ = turn_.exchange ? picture.v : picture.h, v_ = turn_.exchange ? picture.h : picture.v;
        for (const Component &part : picture.components) parts_.push_back(placed(part));
        for (int k = 0; k < AREA; ++k) find(k);
    }

    std::string write() {
        std::array<Codes, 4> tables;
        Counter counter{tables.data()};
        blocks(counter);
        for (Codes &table : tables) table.settle();
        for (const Codes &table : tables) counter.bits += table.bits();
        Bytes out;
        out.text.reserve(counter.bits / 8 + counter.bits / 8 / 64 + HEAD_BYTES); // a zero after every 0xFF
        out.put(0xFFD8, 2);
        head(out, tables);
        Writer writer{tables.data(), out};
        blocks(writer);
        out.finish();
        out.put(0xFFD9, 2);
        return std::move(out.text);
    }

  private:
    // A component as it comes out: factors, blocks that pixels lie in, and blocks in all
    struct Part {
        const Component *source;
        int h, v, columns, rows, wide, high, first_row, first_column;
    };

    Part placed(const Component &from) const {
        Part part{&from, turn_.exchange ? from.v : from.h, turn_.exchange ? from.h : from.v, 0, 0, 0, 0, 0, 0};
        part.columns = divided_up(divided_up(width_ * part.h, h_), SIDE);
        part.rows = divided_up(divided_up(height_ * part.v, v_), SIDE);
        part.wide = divided_up(width_, SIDE * h_) * part.h, part.high = divided_up(height_, SIDE * v_) * part.v;
        part.first_row = window_.top / picture_.unit_height() * from.v;
        part.first_column = window_.left / picture_.unit_width() * from.h;
        return part;
    }

    // Which coefficient becomes coefficient k: exchanged with rows and columns; what is odd across an axis that is
    // reversed changes its sign
    void find(int k) {
        const int down = k / SIDE, across = k % SIDE;
        from_[k] = static_cast<std::uint8_t>(turn_.exchange ? across * SIDE + down : k);
        const bool odd = (turn_.reverse_rows && down % 2) != (turn_.reverse_columns && across % 2);
        signs_[k] = odd ? -1 : 1;
    }

    const std::int16_t *block(const Part &part, int row, int column, std::array<std::int16_t, AREA> &room) const {
        if (turn_.reverse_rows) row = part.high - 1 - row;
        if (turn_.reverse_columns) column = part.wide - 1 - column;
        if (turn_.exchange) std::swap(row, column);
        row += part.first_row, column += part.first_column;
        require(part.source->holds(row, column), "has no such block");
        const std::int16_t *values = picture_.block(*part.source, row, column);
        if (!turn_.exchange && !turn_.reverse_rows && !turn_.reverse_columns) return values;
        for (int k = 0; k < AREA; ++k) room[k] = static_cast<std::int16_t>(values[from_[k]] * signs_[k]);
        return room.data();
    }

    template <class Sink> void blocks(Sink &sink) {
        std::array<int, MAX_COMPONENTS> predictions{};
        for (int y = 0; y < divided_up(height_, SIDE * v_); ++y)
            for (int x = 0; x < divided_up(width_, SIDE * h_); ++x)
                for (std::size_t i = 0; i < parts_.size(); ++i)
                    for (int n = 0; n < parts_[i].h * parts_[i].v; ++n) {
                        const Part &part = parts_[i];
                        const int row = y * part.v + n / part.h, column = x * part.h + n % part.h;
                        code(sink, part, i ? 2 : 0, row, column, predictions[i]);
                    }
    }

    // Blocks beyond the picture, which only fill a unit, show nothing of what was cropped
    template <class Sink>
    void code(Sink &sink, const Part &part, int table, int row, int column, int &prediction) const {
        std::array<std::int16_t, AREA> room;
        if (row >= part.rows || column >= part.columns) {
            sink.symbol(table, 0, 0, 0);
            sink.symbol(table + 1, 0, 0, 0);
            return;
        }
        const std::int16_t *values = block(part, row, column, room);
        const int change = values[0] - prediction, size = size_of(change);
        require(size <= 11, "has a coefficient out of range");
        prediction = values[0];
        sink.symbol(table, size, change, size);
        int zeros = 0;
        for (int k = 1; k < AREA; ++k) {
            const int value = values[ZIGZAG[k]];
            if (value == 0) {
                ++zeros;
                continue;
            }
            for (; zeros > 15; zeros -= 16) sink.symbol(table + 1, 0xF0, 0, 0);
            const int length = size_of(value);
            require(length <= 10, "has a coefficient out of range");
            sink.symbol(table + 1, zeros << 4 | length, value, length);
            zeros = 0;
        }
        if (zeros) sink.symbol(table + 1, 0, 0, 0);
    }

    void head(Bytes &out, const std::array<Codes, 4> &tables) const {
        bool wide = false;
        std::vector<const Quantisers *> distinct;
        std::vector<unsigned> chosen;
        for (const Part &part : parts_) {
            const Quantisers &wanted = part.source->quantisers;
            for (const std::uint16_t step : wanted) wide = wide || step > 255;
            const auto found = std::find_if(distinct.begin(), distinct.end(), [&](auto *q) { return *q == wanted; });
            chosen.push_back(static_cast<unsigned>(found - distinct.begin()));
            if (found == distinct.end()) distinct.push_back(&wanted);
        }
        for (std::size_t i = 0; i < distinct.size(); ++i) {
            out.put(0xFFDB, 2), out.put(wide ? 131 : 67, 2), out.put((wide ? 16u : 0u) | static_cast<unsigned>(i), 1);
            for (const std::uint8_t k : ZIGZAG) out.put((*distinct[i])[from_[k]], wide ? 2 : 1);
        }
        const auto count = static_cast<unsigned>(parts_.size());
        out.put(wide ? 0xFFC1 : 0xFFC0, 2), out.put(8 + 3 * count, 2), out.put(8, 1); // baseline has 8-bit steps
        out.put(static_cast<unsigned>(height_), 2), out.put(static_cast<unsigned>(width_), 2), out.put(count, 1);
        for (std::size_t i = 0; i < parts_.size(); ++i)
            out.put(static_cast<unsigned>(parts_[i].source->id), 1),
                out.put(static_cast<unsigned>(parts_[i].h << 4 | parts_[i].v), 1), out.put(chosen[i], 1);
        for (unsigned i = 0; i < (count > 1 ? 4u : 2u); ++i) table(out, tables[i], (i % 2) << 4 | i / 2);
        out.put(0xFFDA, 2), out.put(6 + 2 * count, 2), out.put(count, 1);
        for (std::size_t i = 0; i < parts_.size(); ++i)
            out.put(static_cast<unsigned>(parts_[i].source->id), 1), out.put(i ? 0x11 : 0, 1);
        out.put(63, 2), out.put(0, 1); // the whole spectrum, all bits
    }

    static void table(Bytes &out, const Codes &codes, unsigned name) {
        out.put(0xFFC4, 2), out.put(static_cast<unsigned>(19 + codes.order.size()), 2), out.put(name, 1);
        for (const int count : codes.counts) out.put(static_cast<unsigned>(count), 1);
        for (const std::uint8_t symbol : codes.order) out.put(symbol, 1);
    }

    const Picture &picture_;
    Window window_;
    Turn turn_;
    int width_, height_, h_, v_;
    std::vector<Part> parts_;
    std::array<std::uint8_t, AREA> from_{};
    std::array<std::int16_t, AREA> signs_{};
};

} // namespace

std::string encode(const Picture &picture, const Window &window, int orientation) {
    return Output(picture, window, orientation).write();
}

} // namespace untone::jpeg
