#pragma once
/// \file
/// Pieces of SVG, and the axes of a plot.

#include <chopsticks/report/page.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace chopsticks::report {

/// "12.3": one decimal, none where it is 0. What is no number is 0.
std::string coordinate(double value);

/// A mark on an axis.
struct tick {
    double value = 0;
    std::string label;  ///< empty: a line without
};

/// A range of values on a stretch of pixels.
class axis_scale {
  public:
    /// `from` and `to` are widened to be apart, and of a logarithm above 0.
    axis_scale(scale divided, double from, double to, double first_pixel, double last_pixel);

    double at(double value) const;
    bool holds(double value) const;
    /// About so many, at round values.
    std::vector<tick> ticks(unit of, int wanted) const;
    double from() const noexcept { return from_; }
    double to() const noexcept { return to_; }

  private:
    double place_of(double value) const;

    scale divided_;
    double from_;
    double to_;
    double first_pixel_;
    double last_pixel_;
};

/// The widest range of some values, and of those above 0.
class value_range {
  public:
    void add(double value);
    bool empty() const noexcept { return !(least_ <= most_); }
    double least() const noexcept { return least_; }
    double most() const noexcept { return most_; }
    /// Of a logarithmic axis: down to and up to what is round.
    axis_scale on(scale divided, double first_pixel, double last_pixel, bool from_zero) const;

  private:
    double least_ = std::numeric_limits<double>::infinity();
    double most_ = -std::numeric_limits<double>::infinity();
    double least_positive_ = std::numeric_limits<double>::infinity();
};

/// Entries below a plot, in as many rows as they need.
struct legend_entry {
    std::string name;
    std::string classes;  ///< of the swatch
    bool dot = false;
};

/// A drawing that grows: its parts are escaped where they are text.
class svg {
  public:
    svg(double width, double height) : width_(width), height_(height) {}

    void line(double x1, double y1, double x2, double y2, std::string_view classes);
    void rectangle(double x, double y, double width, double height, std::string_view classes,
                   std::string_view title = {});
    void path(std::string_view d, std::string_view classes);
    void circle(double x, double y, double r, std::string_view classes, std::string_view title);
    /// \param anchor start, middle, end
    void text(double x, double y, std::string_view words, std::string_view classes,
              std::string_view anchor = "start");
    /// Rows of entries from `y` on; the drawing becomes as high as they need.
    void legend(double x, double y, const std::vector<legend_entry>& entries);

    double width() const noexcept { return width_; }
    void grow_to(double height) { height_ = height; }

    /// \param id of the chart, unique in the page
    std::string finish(std::string_view id, std::string_view title,
                       std::string_view description) const;

  private:
    double width_;
    double height_;
    std::string body_;
};

}  // namespace chopsticks::report
