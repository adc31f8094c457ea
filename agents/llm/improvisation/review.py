"""A reviewer's remarks on a piece of code, for the scripted model: mistakes that can be seen without understanding."""

import re

REMARKS: dict[str, str] = {
    r"except\s*:|except (?:Base)?Exception\s*:\s*pass": "this catches everything, also what matters; name the error",
    r"\b(?:eval|exec)\(": "this runs whatever text it is given; when it comes from people, so do its orders",
    r"execute\(\s*f[\"']|(?i:\bselect\b).*[\"']\s*[+%]": "values are pasted into SQL; pass them as parameters",
    r"def \w+\([^)]*=\s*(?:\[\]|\{\})": "all calls share this default; use `None` and make a new one inside",
    r"[=!]=\s*None": "compare with `is None`: `==` asks the other side what it thinks",
    r"(?<!with )\bopen\(": "the file is opened without `with`, so nobody is sure to close it",
    r"\brange\(len\(": "loop over the thing itself, or `enumerate` it, instead of over its indexes",
    r"(?i:select \*)": "name the columns: `SELECT *` changes its meaning with the table",
    r"time\.sleep\(": "a fixed sleep is too long or too short; wait for the thing itself",
    r"\bprint\(": "`print` is for trying out; a logger can be silenced and found again",
}


def remarks_on(code: str) -> str:
    """Numbered, the most serious first, each with its line."""
    found = [
        (remark, line_of(code, match)) for pattern, remark in REMARKS.items() if (match := re.search(pattern, code))
    ]
    if not found:
        lines = len(code.strip().splitlines())
        return f"Nothing to remark on these {lines} lines that can be seen by reading alone. A test would tell more."
    return "\n".join(f"{number}. Line {line}: {remark}." for number, (remark, line) in enumerate(found[:4], start=1))


def line_of(code: str, match: re.Match[str]) -> int:
    return code.count("\n", 0, match.start()) + 1
