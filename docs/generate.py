"""Write the parts of the documents that follow from the code: settings, decision table, codes, the map of modules."""

from __future__ import annotations

import ast
import re
from functools import partial
from pathlib import Path

from afk.core import wording
from afk.core.dispatch_policy import Code
from afk.core.run_state_machine import TABLE, Action
from afk.variables import VARIABLES

HERE = Path(__file__).parent
ROOT = HERE.parent
ENDS = {
    Action.STOP: "Stopped",
    Action.CLOSE_SUCCESS: "Done",
    Action.FREEZE_ESCALATE: "Frozen",
    Action.ESCALATE_PREPUSH: "NeedsHuman",
}


def variables() -> str:
    lines = ["| variable | meaning | legal values | without it |", "|---|---|---|---|"]
    for each in VARIABLES:
        without = f"`{each.default}`" if each.default else each.unset
        secret = " (a secret)" if each.secret else ""
        lines.append(f"| `{each.name}` | {each.meaning}{secret} | {_cell(each.legal)} | {without} |")
    return "\n".join(lines)


def decision_table() -> str:
    lines = ["| row | when |", "|---|---|"]
    lines += [f"| {row.number} | {row.when} |" for row in TABLE]
    return "\n".join(lines)


def diagram() -> str:
    """The states people see, and which action leads from one to the next."""
    lines = [
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> Claimed: poll",
        "    Claimed --> Running: thread, label, checklist",
        f"    Running --> Running: {', '.join(sorted(action.value for action in Action if action not in ENDS))}",
        *(f"    Running --> {state}: {action.value}" for action, state in ENDS.items()),
        "    Claimed --> NeedsHuman: ESCALATE_PREPUSH",
        "    Claimed --> Stopped: STOP",
        *(f"    {state} --> [*]" for state in ENDS.values()),
        "```",
    ]
    return "\n".join(lines)


def codes() -> str:
    lines = ["| code | what `why` says |", "|---|---|"]
    lines += [f"| `{code.value}` | {_cell(wording.CODES[code].format(detail='…'))} |" for code in Code]
    return "\n".join(lines)


def reasons() -> str:
    lines = ["| reason | what it means |", "|---|---|"]
    lines += [f"| `{reason.value}` | {_cell(re.sub('{[^}]*}', '…', text))} |" for reason, text in wording.ENDED.items()]
    lines += [
        f"| `{reason.value}` | {_cell(text)} |" for reason, text in wording.WAITS.items() if reason not in wording.ENDED
    ]
    return "\n".join(lines)


def modules(folder: str) -> str:
    """The modules and packages of a folder, each with the first sentence of its docstring."""
    lines = ["| module | what it does |", "|---|---|"]
    for path in sorted((ROOT / folder).iterdir(), key=lambda path: path.stem):
        source = path / "__init__.py" if path.is_dir() else path
        if path.name.startswith("__") or source.suffix != ".py" or not source.exists():
            continue
        name = f"{path.relative_to(ROOT)}{'/' if path.is_dir() else ''}"
        lines.append(f"| `{name}` | {_cell(_sentence(source))} |")
    return "\n".join(lines)


def _sentence(source: Path) -> str:
    told = ast.get_docstring(ast.parse(source.read_text()))
    if not told:
        raise SystemExit(f"docs: {source.relative_to(ROOT)} does not say what it does. Give it a docstring")
    return re.split(r"(?<=\.)\s", told, maxsplit=1)[0]


FOLDERS = {
    "product": "afk",
    "core": "afk/core",
    "adapters": "afk/adapters",
    "sandbox": "afk/sandbox",
    "flows": "flows",
    "slackbot": "slackbot",
}
PARTS = {
    "architecture.md": {name: partial(modules, folder) for name, folder in FOLDERS.items()},
    "configuration.md": {"variables": variables},
    "design.md": {"decision table": decision_table, "diagram": diagram},
    "operating.md": {"codes": codes, "reasons": reasons},
}


def filled(text: str, parts: dict[str, str]) -> str:
    """The document with each generated part between its two marks."""
    for name, part in parts.items():
        begin, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise SystemExit(f"docs: the marks of '{name}' are missing. Put {begin} and {end} where it belongs")
        text = f"{before}{begin}\n{part}\n{end}{after}"
    return text


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    for document, parts in PARTS.items():
        path = HERE / document
        path.write_text(filled(path.read_text(), {name: part() for name, part in parts.items()}))


if __name__ == "__main__":
    main()
