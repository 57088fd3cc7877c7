// Threads that work through many short phases together, for jobs whose phases are too short for pool.hpp.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

namespace untone {

class Workers {
public:
    using Work = std::function<void(int kind, int item)>;

    explicit Workers(Work work) : work_(std::move(work)) {}

    // Calls `conduct` on this thread while up to `threads` - 1 others of the pool help with what it runs; returns when
    // it returns. What it throws comes through.
    void conduct(int threads, const std::function<void()> &conduct);

    // By the conductor only: work(kind, item) for every item, in any order on any thread; returns when all are done.
    void run(int kind, int items);

private:
    void help();

    Work work_;
    std::atomic<std::uint64_t> ticket_{0}; // generation << 40 | kind << 36 | items << 18 | next item
    std::atomic<int> done_{0};
    std::atomic<int> asleep_{0};
    std::atomic<bool> over_{false};
    bool alone_ = true;
    std::mutex mutex_;
    std::condition_variable wake_;
};

} // namespace untone
