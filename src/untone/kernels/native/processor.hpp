// What this processor, and this operating system, can run.
#pragma once

namespace untone {

bool has_avx2();   // AVX2, FMA, F16C, and registers saved by the system
bool has_avx512(); // the same, and AVX-512 F, BW, DQ, VL

} // namespace untone
