#!/usr/bin/env python3
"""GCC 12's coroutine traps: none in the tree; and the finder itself, on snippets."""

import unittest

from coroutine_rules import violations
from source_tree import cpp_files, text_of

good = {
    "plain": "task f() { co_await g(); }",
    "named aggregate": "task f() { options o{1, 2}; co_await g(o); }",
    "named lambda": "task f() { auto h = [x] { return x; }; co_await g(h); }",
    "binding": "task f() { auto [ec, n] = co_await s.read(b); use(ec, n); }",
    "reference binding": "task f() { auto& [ec, n] = co_await s.read(b); }",
    "subscript": "task f() { co_await g(table[i], t()[j]); }",
    "attribute": "task f() { [[maybe_unused]] auto n = co_await g(); }",
    "condition": "task f() { if (co_await g()) { h(); } else { k(); } }",
    "condition with init": "task f() { if (auto r = co_await g(); r) { h({1, 2}); } }",
    "loop": "task f() { while (co_await g()) { x = y{1}; } }",
    "range loop": "task f() { for (auto& x : co_await g()) { h([x] {}); } }",
    "switch": "task f() { switch (co_await g()) { case 1: break; } }",
    "two statements": "task f() { h(options{1}); co_await g(); h([x] {}); }",
    "spawned, not awaited": "void f() { co_spawn(ex, [self] { return self->run(); }, detached); }",
    "body of a lambda": "void f() { spawn(ex, []() -> task<void> { co_await g(); }); }",
    "body of a capturing lambda": "void f() { auto r = [x]() -> task<int> { co_await g(x); }; }",
    "after an initialiser": "task f() { auto o = options{1}; int n{3}; co_await g(o, n); }",
    "reference captures": "task f() { co_await g([&] { return 1; }, [&a, &b](int) { h(); }); }",
    "empty capture": "task f() { co_await co_spawn(ex, []() -> task<void> { g({1}); }, token); }",
    "ternary in an argument": "task f() { co_await g(a ? 1 : 2); }",
    "ternary in another argument": "task f() { h(a ? 1 : 2, co_await g()); }",
    "comment": "task f() { co_await g(); /* {1} [x] ? */ // { [x] ?\n }",
    "literal": 'task f() { co_await g("{ [x] ? :", \'{\'); }',
    "raw literal": 'task f() { co_await g(R"({[x]})"); }',
    "allowed": "task f() {\n  // coroutine-safe: span is trivially destructible\n"
               "  co_await g(span{p, n});\n}",
    "constructor body": "struct s { s() : a(1) { } task f() { co_await g(); } };",
    "before and": "task f() { if (co_await g() && b) { h(); } }",
    "rvalue reference": "task f() { auto&& r = co_await g(); }",
    "digit separators": "task f() { int a = 1'000; co_await g(2'000, a); }",
}

bad = {
    "aggregate argument": ("task f() { co_await g(options{1, 2}); }", "braces"),
    "designated": ("task f() { co_await g({.a = 1}); }", "braces"),
    "empty braces": ("task f() { co_await g({}); }", "braces"),
    "lambda by value": ("task f() { co_await g([x] { return x; }); }", "capturing lambda"),
    "lambda with this": ("task f() { co_await g([this] { h(); }); }", "capturing lambda"),
    "lambda by =": ("task f() { co_await g([=] { h(); }); }", "capturing lambda"),
    "mixed captures": ("task f() { co_await g([&a, b] { h(); }); }", "capturing lambda"),
    "awaited closure": ("task f() { co_await [x]() -> task<void> { co_return; }(); }",
                        "capturing lambda"),
    "co_spawn awaited": ("task f() { co_await co_spawn(ex, [s] { return s->r(); }, token); }",
                         "capturing lambda"),
    "over lines": ("task f() {\n  co_await g(\n      1,\n      options{1});\n}", "braces"),
    "initialised by": ("task f() { pair p{co_await g(), 2}; }", "braces"),
    "returned": ("task f() { co_return result{co_await g(), 2}; }", "braces"),
    "list of two": ("task f() { std::vector<int> v{co_await g(), co_await h()}; }", "braces"),
    "before": ("task f() { h(options{1}, co_await g()); }", "braces"),
    "in a condition": ("task f() { if (co_await g(options{1})) { h(); } }", "braces"),
    "aggregate beside a lambda": ("task f() { co_await g([&] { h(); }, s{1}); }", "braces"),
    "ternary": ("task f() { auto r = c ? co_await a() : co_await b(); }", "?:"),
    "ternary, else only": ("task f() { auto r = c ? x : co_await b(); }", "?:"),
    "behind and": ("task f() { if (a && !co_await b()) co_return false; }", "&&"),
    "behind or": ("task f() { bool r = a || co_await b(); }", "||"),
    "ternary in brackets": ("task f() { h(c ? co_await a() : x); }", "?:"),
}


class finder_test(unittest.TestCase):
    def test_good_snippets_pass(self):
        for name, snippet in good.items():
            with self.subTest(name):
                self.assertEqual(violations(snippet), [])

    def test_bad_snippets_are_found(self):
        for name, (snippet, part) in bad.items():
            with self.subTest(name):
                found = violations(snippet)
                self.assertTrue(found)
                self.assertTrue(any(part in message for _, message in found), found)

    def test_line_is_that_of_the_co_await(self):
        self.assertEqual(violations(bad["over lines"][0])[0][0], 2)

    def test_allowance_without_a_reason_does_not_count(self):
        self.assertTrue(violations("task f() {\n  // coroutine-safe:\n  co_await g(s{p});\n}"))


class tree_test(unittest.TestCase):
    def test_no_file_has_a_pattern_that_gcc_12_miscompiles(self):
        found = [f"{path}:{line}: {message}"
                 for path in cpp_files("src", "include", "test", "bench")
                 for line, message in violations(text_of(path))]
        self.assertFalse(found, "\n" + "\n".join(found))


if __name__ == "__main__":
    unittest.main(verbosity=2)
