// What the files of the Python bindings share.
#pragma once
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <string>

#include "operators/frame.hpp"

namespace untone {

using Pixels = nanobind::ndarray<nanobind::ro, nanobind::ndim<3>, nanobind::device::cpu>;
using Floats = nanobind::ndarray<const float, nanobind::c_contig, nanobind::device::cpu>;
using Target = nanobind::ndarray<nanobind::c_contig, nanobind::device::cpu>;

void require(bool good, const char *what); // else ValueError
const Variant &variant_named(const std::string &name);
Source source_of(const Pixels &pixels);
void require_target(const Target &target, std::size_t a, std::size_t b, std::size_t c, std::size_t bytes);

void copy_matrix(float (&to)[3][4], const Floats &from);
void require_curve(const Floats &curve, float per_step, float bound, const Variant &variant);
Operators operators_of(const Floats &nodes, const Floats &lut, const std::string &variant);

void add_network(nanobind::module_ &m);
void add_video(nanobind::module_ &m);

} // namespace untone
