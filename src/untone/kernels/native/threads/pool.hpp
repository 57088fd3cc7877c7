// Persistent threads that share out the rows of a job.
#pragma once
#include <functional>

namespace untone {

// Calls work(first, last) over 0..rows in chunks, on the calling thread and up to `threads` - 1 others. Returns when
// all rows are done. Safe from several threads at once and after fork; if the system grants fewer threads, uses those.
void share_rows(int rows, int chunk, int threads, const std::function<void(int, int)> &work);

} // namespace untone
