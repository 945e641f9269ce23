#pragma once

#include <chopsticks/results/figure_text.hpp>
