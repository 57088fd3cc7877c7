#include "threads/workers.hpp"

#include <exception>
#include <thread>

#include "threads/pool.hpp"
#ifdef UNTONE_X86
#include <immintrin.h>
#endif

namespace untone {
namespace {

constexpr std::uint64_t FIELD = (1u << 18) - 1;
constexpr int PATIENCE = 400; // looks before a thread goes to sleep: some ten microseconds

int items_of(std::uint64_t ticket) { return static_cast<int>(ticket >> 18 & FIELD); }
int next_of(std::uint64_t ticket) { return static_cast<int>(ticket & FIELD); }
int kind_of(std::uint64_t ticket) { return static_cast<int>(ticket >> 36 & 15); }
std::uint64_t generation_of(std::uint64_t ticket) { return ticket >> 40; }

void rest() {
#ifdef UNTONE_X86
    _mm_pause();
#endif
}

} // namespace

void Workers::conduct(int threads, const std::function<void()> &conduct) {
    alone_ = threads < 2;
    if (alone_) return conduct();
    const auto self = std::this_thread::get_id();
    std::exception_ptr thrown;
    share_rows(threads, 1, threads, [&](int, int) {
        if (over_.load()) return;
        if (std::this_thread::get_id() != self) return help();
        try {
            conduct();
        } catch (...) {
            thrown = std::current_exception();
        }
        const std::lock_guard<std::mutex> lock(mutex_);
        over_.store(true);
        wake_.notify_all();
    });
    if (thrown) std::rethrow_exception(thrown);
}

void Workers::run(int kind, int items) {
    if (alone_) {
        for (int item = 0; item < items; ++item) work_(kind, item);
        return;
    }
    done_.store(0);
    const std::uint64_t generation = generation_of(ticket_.load()) + 1;
    ticket_.store(generation << 40 | static_cast<std::uint64_t>(kind) << 36 | static_cast<std::uint64_t>(items) << 18);
    if (items > 1 && asleep_.load() > 0) {
        const std::lock_guard<std::mutex> lock(mutex_);
        wake_.notify_all();
    }
    for (int item; (item = next_of(ticket_.fetch_add(1))) < items;) {
        work_(kind, item);
        done_.fetch_add(1);
    }
    for (int look = 0; done_.load() < items; ++look) look < PATIENCE ? rest() : std::this_thread::yield();
}

void Workers::help() {
    std::uint64_t seen = 0; // generation whose items are all taken
    while (!over_.load()) {
        const std::uint64_t current = ticket_.load();
        if (generation_of(current) != seen && next_of(current) < items_of(current)) {
            const std::uint64_t mine = ticket_.fetch_add(1);
            if (next_of(mine) < items_of(mine)) {
                work_(kind_of(mine), next_of(mine));
                done_.fetch_add(1);
            }
            continue;
        }
        seen = generation_of(current);
        const auto news = [&] { return over_.load() || generation_of(ticket_.load()) != seen; };
        for (int look = 0; look < PATIENCE && !news(); ++look) rest();
        if (news()) continue;
        std::unique_lock<std::mutex> lock(mutex_);
        asleep_.fetch_add(1);
        wake_.wait(lock, news);
        asleep_.fetch_sub(1);
    }
}

} // namespace untone
