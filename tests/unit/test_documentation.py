# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-test finds late: documentation that is no YAML or says a key twice, and lines that are too long."""

from __future__ import annotations

import ast
import pathlib

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = sorted(
    path
    for part in ("plugins", "extensions", "tests")
    for path in (ROOT / part).rglob("*.py")
    if "output" not in path.relative_to(ROOT).parts
)
PAGES = ("DOCUMENTATION", "EXAMPLES", "RETURN")
FOLDERS = ("plugins/modules", "plugins/connection", "plugins/doc_fragments", "extensions/eda/plugins/event_source")
DOCUMENTED = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.py"))
LONGEST = 160
"""Characters of a line, as ansible-test's pep8 counts them."""


class Strict(yaml.SafeLoader):
    """YAML as it is, but that a mapping has each of its keys once."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _value in node.value]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, "twice in a mapping: %s" % ", ".join(twice), node.start_mark
            )
        return super().construct_mapping(node, deep)


def pages(path):
    """The pages in a plugin, by name: its own variables, and those of the class of a documentation fragment."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for holder in (tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))):
        for node in holder.body:
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                for target in node.targets:
                    if isinstance(target, ast.Name) and (target.id in PAGES or path.parent.name == "doc_fragments"):
                        yield target.id, node.value.value


def problems(text):
    """What is wrong with a page; empty where nothing is."""
    try:
        held = yaml.load(text, Loader=Strict)
    except yaml.YAMLError as error:
        return " ".join(str(error).split())
    return "" if isinstance(held, (dict, list)) else "it holds nothing"


@pytest.mark.parametrize("path", DOCUMENTED, ids=lambda path: "/".join(path.parts[-2:]))
def test_each_page_is_yaml_and_says_each_key_once(path):
    found = dict(pages(path))
    assert found or path.name == "__init__.py"
    if path.parent.name == "modules":
        assert set(found) == set(PAGES)
    assert {name: problems(text) for name, text in found.items() if problems(text)} == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "twice in a mapping: c"),
        ("- {a: 1, b: {a: 1}, a: 2}\n", "twice in a mapping: a"),
        ("a: [1\n", "while parsing a flow sequence"),
        ("a: b: c\n", "mapping values are not allowed here"),
        ("", "it holds nothing"),
        ("a: 1\nb: {a: 1}\n", ""),
    ],
)
def test_what_is_wrong_is_said(text, said):
    assert said in problems(text) and bool(said) == bool(problems(text))


def test_no_line_is_too_long():
    long = [
        "%s:%d" % (path.relative_to(ROOT), number)
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > LONGEST
    ]
    assert long == []
