#pragma once

#include <chopsticks/results/json_reading.hpp>
