// Huffman codes of a JPEG, bit by bit (ITU-T T.81, annexes C and F.2.2).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "jpeg/coefficients.hpp"

namespace untone::jpeg {

// Bits of one entropy-coded segment; stops at the first marker, beyond which only `peek` sees zeros
class Bits {
  public:
    Bits(const std::uint8_t *at, const std::uint8_t *end) : start_(at), at_(at), end_(end) {}

    // The next bits, zeros where there are none; count up to 16
    unsigned peek(int count) {
        if (count_ < count) fill();
        const std::uint64_t value = count_ >= count ? value_ >> (count_ - count) : value_ << (count - count_);
        return static_cast<unsigned>(value) & ((1u << count) - 1);
    }
    void skip(int count) {
        require(count <= count_, "ends within its image data");
        count_ -= count;
    }
    unsigned take(int count) {
        const unsigned value = peek(count);
        skip(count);
        return value;
    }
    // A signed number of so many bits (figure F.12)
    int number(int count) {
        const int value = static_cast<int>(take(count));
        return count == 0 || value >> (count - 1) ? value : value - (1 << count) + 1;
    }
    // Where the marker stands that ends the segment; bits before it are dropped
    const std::uint8_t *finish() {
        count_ = 0;
        while (at_ < end_ && !(at_[0] == 0xFF && at_ + 1 < end_ && at_[1] != 0 && at_[1] != 0xFF)) ++at_;
        return at_;
    }
    void restart(const std::uint8_t *at) { start_ = at_ = at, value_ = 0, count_ = 0; }

    // Where the next bit stands: 8 times its byte's distance from `data`, and its place in that byte
    std::uint64_t place(const std::uint8_t *data) const {
        const std::uint8_t *at = at_;
        for (int left = count_; left > 0; left -= 8) {
            --at;
            if (*at == 0 && at > start_ && at[-1] == 0xFF) --at; // the zero that follows every 0xFF
        }
        return static_cast<std::uint64_t>(at - data) * 8 + static_cast<unsigned>(-count_ & 7);
    }

  private:
    void fill() {
        while (count_ <= 48 && at_ < end_) {
            const std::uint8_t byte = *at_;
            if (byte == 0xFF) {
                if (end_ - at_ < 2 || at_[1] != 0) return;
                ++at_;
            }
            ++at_;
            value_ = value_ << 8 | byte;
            count_ += 8;
        }
    }

    const std::uint8_t *start_, *at_, *end_;
    std::uint64_t value_ = 0;
    int count_ = 0;
};

constexpr int LONGEST_CODE = 16, QUICK = 9; // bits

class Decoder {
  public:
    Decoder() = default;

    // From the number of codes of each length, 1 to 16 bits, and their symbols in order
    Decoder(const std::uint8_t *counts, const std::uint8_t *symbols, int total) {
        std::copy_n(symbols, total, symbols_.begin());
        unsigned code = 0;
        int index = 0;
        for (int length = 1; length <= LONGEST_CODE; ++length) {
            offsets_[length] = index - static_cast<int>(code);
            require(code + counts[length - 1] <= 1u << length, "has Huffman codes that overlap");
            for (int i = 0; i < counts[length - 1]; ++i) note(length, code++, symbols_[index++]);
            ends_[length] = code;
            code <<= 1;
        }
        known_ = true;
    }

    int read(Bits &bits) const {
        const std::uint16_t found = quick_[bits.peek(QUICK)];
        if (found) {
            bits.skip(found >> 8);
            return found & 255;
        }
        const unsigned ahead = bits.peek(LONGEST_CODE);
        for (int length = QUICK + 1; length <= LONGEST_CODE; ++length) {
            const unsigned code = ahead >> (LONGEST_CODE - length);
            if (code < ends_[length]) {
                bits.skip(length);
                return symbols_[static_cast<unsigned>(static_cast<int>(code) + offsets_[length]) & 255];
            }
        }
        throw Fault("has a code that its tables do not know");
    }

    bool known() const { return known_; }

  private:
    void note(int length, unsigned code, std::uint8_t symbol) {
        if (length > QUICK) return;
        const int spare = QUICK - length;
        const auto entry = static_cast<std::uint16_t>(length << 8 | symbol);
        std::fill_n(quick_.begin() + (code << spare), std::size_t{1} << spare, entry);
    }

    std::array<std::uint16_t, 1 << QUICK> quick_{}; // length << 8 | symbol; 0: longer than QUICK
    std::array<unsigned, LONGEST_CODE + 1> ends_{};
    std::array<int, LONGEST_CODE + 1> offsets_{};
    std::array<std::uint8_t, 256> symbols_{};
    bool known_ = false;
};

constexpr int MAX_DC_BITS = 11, MAX_AC_BITS = 10; // of 8-bit samples

// The mean of a block, relative to the one before
inline std::int16_t mean(Bits &bits, const Decoder &codes, int &prediction, int shift) {
    const int size = codes.read(bits);
    require(size <= MAX_DC_BITS, "has a coefficient out of range");
    prediction += bits.number(size);
    const int value = prediction * (1 << shift);
    require(std::abs(prediction) < 1 << MAX_DC_BITS && std::abs(value) < 1 << MAX_DC_BITS,
            "has a coefficient out of range");
    return static_cast<std::int16_t>(value);
}

// A block of a sequential scan, into 64 zeros
inline void sequential(Bits &bits, const Decoder &dc, const Decoder &ac, int &prediction, std::int16_t *values) {
    values[0] = mean(bits, dc, prediction, 0);
    for (int k = 1; k < AREA; ++k) {
        const int symbol = ac.read(bits), run = symbol >> 4, size = symbol & 15;
        if (size == 0 && run != 15) return;
        k += run;
        if (size == 0) continue;
        require(k < AREA && size <= MAX_AC_BITS, "has a coefficient out of range");
        values[ZIGZAG[k]] = static_cast<std::int16_t>(bits.number(size));
    }
}

} // namespace untone::jpeg
