#include <chopsticks/report/assets.hpp>
#include <span>
#include <vector>

#include "answer.hpp"

namespace chopsticks::live {

namespace {

constexpr std::string_view styles[] = {"dygraph.min.css", "page.css"};

/// Two charts beside each other where there is room.
constexpr std::string_view own_style =
    "#charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), "
    "1fr)); gap: 0 1.5rem; } #charts figure { min-width: 0; } #trouble { color: var(--bad); } "
    "#stop:disabled { opacity: .4; cursor: default; } #series progress { width: min(30rem, 100%); "
    "accent-color: var(--s1); } #series .scroll { max-height: 17rem; overflow: auto; } #series "
    "tr.now "
    "> * { background: var(--phase); }";

constexpr std::string_view body = R"(<header>
<h1 id="title">A run of chopsticks</h1>
<p class="facts" id="facts"></p>
<p><button type="button" id="stop">Stop the run</button> <span id="trouble" role="alert"></span></p>
<ul class="verdicts" id="verdicts" aria-live="off"></ul>
</header>
<main>
<section id="series" aria-labelledby="series-title" hidden>
<h2 id="series-title">Trials</h2>
<p id="series-said" role="status"></p>
<p><progress id="series-bar" aria-labelledby="series-title"></progress></p>
<div class="scroll" role="region" aria-label="Trials, the latest first" tabindex="0"><table>
<thead><tr><th scope="col">trial</th><th scope="col" class="text">what</th>
<th scope="col">ok/s</th><th scope="col">p50</th><th scope="col">p99</th>
<th scope="col">failed</th><th scope="col">unanswered</th>
<th scope="col" class="text">outcome</th></tr></thead>
<tbody id="trials"></tbody></table></div>
<h2 id="charts-of"></h2>
</section>
<section id="charts" data-charts></section>
<section id="events-part" hidden><h2>Events</h2><ol id="events"></ol></section>
</main>
<p class="facts">Intervals: <span id="points">0</span>. The page has the last hour; all of them
are in the interval stream.</p>
<noscript>This page needs JavaScript.</noscript>
)";

/// Those that draw charts, and the page's own.
std::vector<std::string_view> scripts() {
    const std::span<const std::string_view> theirs = report::chart_scripts();
    std::vector<std::string_view> out(theirs.begin(), theirs.end());
    out.push_back("live.js");
    return out;
}

std::string_view text_of(std::string_view name) {
    const report::asset* const one = report::find_asset(name);
    return one == nullptr ? std::string_view() : one->text;
}

}  // namespace

std::string page_html() {
    std::string out =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>Chopsticks</title>\n<link rel=\"icon\" href=\"data:,\">\n<style id=\"drawing\">";
    out += text_of("drawing.css");
    out += "</style>\n";
    for (const std::string_view name : styles)
        out += "<style>" + std::string(text_of(name)) + "</style>\n";
    out += "<style>" + std::string(own_style) + "</style>\n</head>\n<body>\n";
    out += body;
    for (const std::string_view name : scripts())
        out += "<script>" + std::string(text_of(name)) + "</script>\n";
    return out + "</body>\n</html>\n";
}

std::string page_policy() {
    std::string out =
        "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; "
        "img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
        "script-src";
    for (const std::string_view name : scripts()) {
        if (const report::asset* const one = report::find_asset(name))
            out += " 'sha256-" + std::string(one->sha256) + "'";
    }
    return out;
}

}  // namespace chopsticks::live
