#include "threads/pool.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>
#ifndef _WIN32
#include <pthread.h>
#endif

namespace untone {
namespace {

struct Task {
    const std::function<void(int, int)> &work;
    const int rows, chunk;
    int seats;                 // helpers that may still join; guarded by the pool's mutex
    int busy = 0;              // helpers at work; guarded by the pool's mutex
    std::atomic<int> next{0};  // first row nobody has taken
    std::condition_variable idle;

    Task(const std::function<void(int, int)> &w, int r, int c, int s) : work(w), rows(r), chunk(c), seats(s) {}

    void run() {
        for (int first; (first = next.fetch_add(chunk, std::memory_order_relaxed)) < rows;)
            work(first, std::min(rows - first, chunk) + first);
    }
};

class Pool {
public:
    void run(Task &task) {
        if (task.seats > 0) {
            const std::lock_guard<std::mutex> lock(mutex_);
            hire(task.seats);
            tasks_.push_back(&task);
        }
        wake_.notify_all();
        task.run();
        std::unique_lock<std::mutex> lock(mutex_);
        tasks_.erase(std::remove(tasks_.begin(), tasks_.end(), &task), tasks_.end());
        task.idle.wait(lock, [&] { return task.busy == 0; });
    }

private:
    void hire(int wanted) {
        try {
            for (; hired_ < wanted; ++hired_) std::thread([this] { serve(); }).detach();
        } catch (const std::system_error &) {
            // the caller works alone, or with those already here
        }
    }

    void serve() {
        std::unique_lock<std::mutex> lock(mutex_);
        for (;;) {
            wake_.wait(lock, [this] { return !tasks_.empty(); });
            Task &task = *tasks_.front();
            if (--task.seats == 0) tasks_.pop_front();
            ++task.busy;
            lock.unlock();
            task.run();
            lock.lock();
            // the task lives until its caller sees busy == 0, which takes this mutex
            if (--task.busy == 0) task.idle.notify_one();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Task *> tasks_; // those with free seats
    int hired_ = 0;
};

// Never destroyed: at exit its threads sleep until the process ends. A forked child has no threads and perhaps a locked
// mutex, so it starts with a pool of its own.
std::atomic<Pool *> current{nullptr};

Pool &pool() {
    Pool *found = current.load();
    if (found == nullptr) {
        auto *fresh = new Pool;
        if (current.compare_exchange_strong(found, fresh)) return *fresh;
        delete fresh;
    }
    return *found;
}

#ifndef _WIN32
const int registered = pthread_atfork(nullptr, nullptr, [] { current.store(nullptr); });
#endif

} // namespace

void share_rows(int rows, int chunk, int threads, const std::function<void(int, int)> &work) {
    const int chunks = (rows + chunk - 1) / chunk;
    Task task(work, rows, chunk, std::max(std::min(threads, chunks) - 1, 0));
    if (task.seats == 0) return task.run();
    pool().run(task);
}

} // namespace untone
