#include <algorithm>
#include <chopsticks/search/evidence.hpp>
#include <cmath>

namespace chopsticks::search {

namespace {

double ratio(const std::vector<batch>& batches) {
    double part = 0;
    double whole = 0;
    for (const batch& b : batches) {
        part += b.part;
        whole += b.whole;
    }
    return whole > 0 ? part / whole : 0;
}

/// Lag-1 autocorrelation of what each batch has beyond its share.
double correlation(const std::vector<batch>& batches) {
    const double r = ratio(batches);
    double variance = 0;
    double product = 0;
    double before = 0;
    for (const batch& b : batches) {
        const double z = b.part - r * b.whole;
        variance += z * z;
        product += z * before;
        before = z;
    }
    return variance > 0 ? product / variance : 0;
}

/// Continued fraction of the incomplete beta function, by Lentz's method.
/// Source: Press et al., "Numerical Recipes", 3rd edition, section 6.4.
double beta_fraction(double a, double b, double x) {
    constexpr double tiny = 1e-300;
    double c = 1;
    double d = 1 - (a + b) * x / (a + 1);
    d = 1 / (std::abs(d) < tiny ? tiny : d);
    double h = d;
    for (int m = 1; m < 300; ++m) {
        const double m2 = 2.0 * m;
        for (const double k : {m * (b - m) * x / ((a + m2 - 1) * (a + m2)),
                               -(a + m) * (a + b + m) * x / ((a + m2) * (a + m2 + 1))}) {
            d = 1 + k * d;
            d = 1 / (std::abs(d) < tiny ? tiny : d);
            c = 1 + k / c;
            c = std::abs(c) < tiny ? tiny : c;
            h *= d * c;
        }
        if (std::abs(d * c - 1) < 1e-14) break;
    }
    return h;
}

double incomplete_beta(double a, double b, double x) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                  a * std::log(x) + b * std::log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a
                                     : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double t_distribution(double t, double degrees) {
    return 1 - 0.5 * incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t));
}

}  // namespace

std::vector<batch> merged(const std::vector<batch>& batches, std::size_t most) {
    if (batches.size() <= most || most == 0) return batches;
    const std::size_t per = (batches.size() + most - 1) / most;
    std::vector<batch> out(batches.size() / per);
    for (std::size_t i = 0; i < batches.size(); ++i) {
        // What is left over goes to the last.
        batch& b = out[std::min(i / per, out.size() - 1)];
        b.part += batches[i].part;
        b.whole += batches[i].whole;
    }
    return out;
}

double t_of(const std::vector<batch>& batches, const objective& o) {
    if (batches.size() < 2) return 0;
    const auto n = static_cast<double>(batches.size());
    double mean = 0;
    double whole = 0;
    double second = 0;
    double third = 0;
    // Batches may be of different lengths: they vary around the ratio as it was found.
    const double r = ratio(batches);
    for (const batch& b : batches) {
        mean += (b.part - o.limit * b.whole) / n;
        whole += b.whole / n;
        const double z = b.part - r * b.whole;
        second += z * z;
        third += z * z * z;
    }
    const double seen = second / (n - 1);
    const double floor = o.share ? o.limit * (1 - o.limit) * whole : 0;
    const double variance = std::max(seen, floor);
    if (variance <= 0) return mean < 0 ? -INFINITY : mean > 0 ? INFINITY : 0;
    const double s = std::sqrt(variance);
    // Hall's transformation, which is monotone in t.
    const double t = mean * std::sqrt(n) / s;
    const double skew = third / n / (variance * s) / std::sqrt(n);
    return t + skew * t * t / 3 + skew * skew * t * t * t / 27 + skew / 6;
}

double t_quantile(double p, double degrees) {
    double low = 0;
    double high = 1;
    while (t_distribution(high, degrees) < p && high < 1e12)
        high *= 2;
    for (int i = 0; i < 80; ++i) {
        const double middle = (low + high) / 2;
        (t_distribution(middle, degrees) < p ? low : high) = middle;
    }
    return high;
}

verdict judge(const std::vector<batch>& all, const objective& o, double confidence, care how) {
    double part = 0;
    double whole = 0;
    for (const batch& b : all) {
        part += b.part;
        whole += b.whole;
    }
    if (whole <= 0) return verdict::open;
    // Where nothing is allowed, one is too many, and nothing more can be asked for than none.
    if (o.limit <= 0) return part > 0 ? verdict::missed : verdict::met;
    std::vector<batch> batches = merged(all, batches_most);
    while (batches.size() >= 2 * batches_least && correlation(batches) > 0.2)
        batches = merged(batches, batches.size() / 2);
    if (batches.size() < batches_least) return verdict::open;
    const double t = t_of(batches, o);
    const double needed = t_quantile(confidence, static_cast<double>(batches.size()) - 1);
    if (t >= needed) return verdict::missed;
    const double least =
        how == care::first_look && part <= 0 ? shares_least_at_first : shares_least;
    if (o.share && whole * o.limit < least) return verdict::open;
    // Batches that hang together even so are too short to show the bad times: good ones prove
    // little. Twice the standard error of a correlation that is none.
    const double chance = 2 / std::sqrt(static_cast<double>(batches.size()));
    return t <= -needed && correlation(batches) < chance ? verdict::met : verdict::open;
}

bool grows(const std::vector<double>& outstanding, double due) {
    if (outstanding.size() < 8) return false;
    const std::size_t quarter = outstanding.size() / 4;
    double means[4];
    double within = 0;
    // What does not divide is left out at the start.
    const double* at = outstanding.data() + outstanding.size() % 4;
    for (double& mean : means) {
        mean = 0;
        for (std::size_t i = 0; i < quarter; ++i)
            mean += at[i] / static_cast<double>(quarter);
        for (std::size_t i = 0; i < quarter; ++i)
            within += (at[i] - mean) * (at[i] - mean);
        at += quarter;
    }
    const double spread = std::sqrt(within / (4.0 * static_cast<double>(quarter)));
    const double rise = means[3] - means[0];
    // Even users that know nothing of each other are a Poisson number at any time.
    const double chance = std::sqrt(std::max(0.0, means[0]));
    return means[0] < means[1] && means[1] < means[2] && means[2] < means[3] &&
           rise > 0.005 * due && rise > 3 * spread && rise > 4 * chance;
}

double persistence(const std::vector<double>& outstanding) {
    constexpr std::size_t spans = 40;
    const std::size_t step = std::max<std::size_t>(1, outstanding.size() / spans);
    // As shares of a whole that is the same for all: they vary around their mean.
    std::vector<batch> values;
    for (std::size_t i = step; i <= outstanding.size(); i += step)
        values.push_back({outstanding[i - 1], 1});
    return values.size() < 8 ? 0 : correlation(values);
}

}  // namespace chopsticks::search
