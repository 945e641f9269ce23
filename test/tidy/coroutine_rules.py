"""Finds the coroutine patterns that GCC 12 compiles to a double destruction.

In a full expression that contains co_await, GCC 12.2 destroys these temporaries twice: an
aggregate made with braces, a lambda with captures, and what a branch of ?: with co_await yields.
The cure is to name the thing in a statement of its own. Whether an aggregate is trivially
destructible (then nothing goes wrong) cannot be seen in the text: such a place says
`coroutine-safe: <why>` in a comment on its line or the line before.

By-reference captures are harmless and pass. The text is cut into full expressions by brackets and
semicolons, not parsed: macros that hide brackets would mislead it.
"""

import re

from source_tree import line_of, without_comments_and_literals

_allowance = re.compile(r"coroutine-safe:\s*\S")
_control = re.compile(r"\b(?:if|while|switch|for|if\s+constexpr)\s*$")
_block_words = re.compile(
    r"\b(?:else|do|try|const|noexcept|override|final|mutable|volatile)\s*$")
_trailing_return = re.compile(r"\)\s*(?:mutable|noexcept|const|\s)*->\s*[\w:<>,\s&*]+$")
_type_head = re.compile(r"\b(?:struct|class|namespace|enum|union|requires|extern)\b[^;=()]*$")


def _opens_block(text, brace):
    """Whether `{` at `brace` starts a body; otherwise it initialises something."""
    before = text[max(0, brace - 400):brace].rstrip()
    if not before or before[-1] in ";{}:":
        return True
    if before[-1] == ")" or _block_words.search(before):
        return True
    head = re.split(r"[;{}]", before)[-1]
    return bool(_trailing_return.search(before) or _type_head.search(head))


def _start_of_expression(text, position):
    """Goes left to where the full expression begins; also the braces it is initialised by."""
    depth = 0
    braces = []
    at = position - 1
    while at >= 0:
        c = text[at]
        if c in ")]":
            depth += 1
        elif c in "([":
            if depth == 0:
                if c == "(" and _control.search(text[max(0, at - 40):at]):
                    return at + 1, braces
            else:
                depth -= 1
        elif c == "}":
            # Jump over a closed group: an initialiser is part of this expression, a body is not.
            level = 0
            opened = at
            while opened >= 0:
                level += {"}": 1, "{": -1}.get(text[opened], 0)
                if level == 0:
                    break
                opened -= 1
            if opened < 0 or (_opens_block(text, opened) and depth == 0):
                return at + 1, braces
            at = opened
        elif c == "{":
            if _opens_block(text, at):
                return at + 1, braces
            braces.append(at)
        elif c == ";" and depth == 0:
            return at + 1, braces
        at -= 1
    return 0, braces


def _end_of_expression(text, position):
    depth = 0
    at = position
    while at < len(text):
        c = text[at]
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == ";" and depth <= 0:
            return at
        # Out of the brackets that were open at co_await: a control statement ends there.
        if depth < 0 and c == ")" and _is_control_close(text, at):
            return at
        if depth < 0 and c == "}":
            rest = text[at + 1:at + 3].lstrip()
            if not rest or rest[0] not in ",;).}":
                return at
        at += 1
    return len(text)


def _is_control_close(text, close):
    level = 0
    at = close
    while at >= 0:
        level += {")": 1, "(": -1}.get(text[at], 0)
        if level == 0:
            return bool(_control.search(text[max(0, at - 40):at]))
        at -= 1
    return False


def _lambdas(expression):
    """(position of `[`, whether it captures by value) of the lambdas in an expression."""
    for match in re.finditer(r"\[([^\[\]]*)\]", expression):
        before = expression[:match.start()].rstrip()
        if before and (before[-1].isalnum() or before[-1] in "_)]"):
            word = re.search(r"\w+$", before)
            if word is None or word.group(0) not in ("return", "co_return", "co_await", "co_yield"):
                continue  # a subscript, or the names of a structured binding
        if re.search(r"\bauto\s*(?:&|&&)?$", before) or before.endswith("["):
            continue
        captures = [part.strip() for part in match.group(1).split(",") if part.strip()]
        yield match.start(), not all(part.startswith("&") for part in captures)


def _without_lambda_bodies(expression):
    """A lambda's body is expressions of its own, looked at for themselves."""
    for start, _ in reversed(list(_lambdas(expression))):
        opened = expression.find("{", start)
        level = 0
        for at in range(opened, len(expression)) if opened >= 0 else ():
            level += {"{": 1, "}": -1}.get(expression[at], 0)
            if level == 0:
                expression = expression[:opened] + expression[at + 1:]
                break
    return expression


def _has_ternary_around(expression, await_at):
    """Whether co_await at `await_at` is an operand of a ?: that begins before it."""
    open_groups = [0]
    for c in expression[:await_at]:
        if c in "([{":
            open_groups.append(0)
        elif c in ")]}" and len(open_groups) > 1:
            open_groups.pop()
        elif c == "?":
            open_groups[-1] += 1
        elif c == ",":
            open_groups[-1] = 0
    return any(open_groups)


def _is_behind_and_or_or(expression, await_at):
    """Whether co_await at `await_at` is evaluated only after an && or || in the same group."""
    groups = [False]
    for at, c in enumerate(expression[:await_at]):
        if c in "([{":
            groups.append(False)
        elif c in ")]}" and len(groups) > 1:
            groups.pop()
        elif expression[at:at + 2] in ("&&", "||"):
            groups[-1] = True
        elif c in ",;=":
            groups[-1] = False
    return any(groups)


def violations(source):
    """[(line, message)] for the text of one C++ file."""
    text = without_comments_and_literals(source)
    lines = source.split("\n")
    found = set()
    for match in re.finditer(r"\bco_await\b", text):
        start, braces = _start_of_expression(text, match.start())
        end = _end_of_expression(text, match.start())
        expression = text[start:end]
        line = line_of(text, match.start())
        first = line_of(text, start + len(expression) - len(expression.lstrip()))
        last = line_of(text, end)
        if any(_allowance.search(l) for l in lines[max(0, first - 2):last]):
            continue
        if braces or "{" in _without_lambda_bodies(expression):
            found.add((line, "braces in an expression with co_await: name the value first"))
        if any(by_value for _, by_value in _lambdas(expression)):
            found.add((line, "capturing lambda in an expression with co_await: name it first"))
        if _has_ternary_around(expression, match.start() - start):
            found.add((line, "co_await in a branch of ?: write an if"))
        if _is_behind_and_or_or(expression, match.start() - start):
            found.add((line, "co_await behind && or ||: GCC 12 may drop the whole body; "
                             "write an if"))
    return sorted(found)
