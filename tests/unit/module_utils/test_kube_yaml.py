# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table is what sigs.k8s.io/yaml 1.6.0 wrote for a list with just this string."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kubephase.cluster.plugins.module_utils._errors import KubephaseError
from ansible_collections.kubephase.cluster.plugins.module_utils._kube_yaml import dump, load, load_all

# fmt: off
GO = {
    '': '""',
    '0': '"0"',
    '-1': '"-1"',
    '017': '"017"',
    '08': '"08"',
    '0o17': '"0o17"',
    '0x1F': '"0x1F"',
    '0b1': '"0b1"',
    '1_000': '"1_000"',
    '1.0': '"1.0"',
    '1e3': '"1e3"',
    '.5': '".5"',
    '.inf': '".inf"',
    'nan': 'nan',
    '.nan': '".nan"',
    'true': '"true"',
    'True': '"True"',
    'yes': '"yes"',
    'no': '"no"',
    'on': '"on"',
    'off': '"off"',
    'y': '"y"',
    'n': '"n"',
    'Y': '"Y"',
    'null': '"null"',
    '~': '"~"',
    'Null': '"Null"',
    'NO': '"NO"',
    '2026-01-02': '"2026-01-02"',
    '2026-1-2': '"2026-1-2"',
    '2026-13-01': '2026-13-01',
    '2026-01-02T03:04:05Z': '"2026-01-02T03:04:05Z"',
    '2026-01-02 03:04:05': '"2026-01-02 03:04:05"',
    '1:30': '"1:30"',
    '12:30:45': '"12:30:45"',
    '1:70': '1:70',
    '::': "'::'",
    '::1': '::1',
    'fd00::/108': 'fd00::/108',
    '[2001:db8::1]:6443': "'[2001:db8::1]:6443'",
    '10.96.0.10': '10.96.0.10',
    '--flag=*,y': '--flag=*,y',
    '--flag=': '--flag=',
    '*,x': "'*,x'",
    '*': "'*'",
    '&a': "'&a'",
    '!x': "'!x'",
    '|': "'|'",
    '> x': "'> x'",
    'a: b': "'a: b'",
    'a:b': 'a:b',
    'a:': "'a:'",
    'a #b': "'a #b'",
    'a#b': 'a#b',
    '#a': "'#a'",
    '- a': "'- a'",
    '-a': '-a',
    '-': "'-'",
    '?': "'?'",
    '? a': "'? a'",
    '?a': '?a',
    ':a': ':a',
    ': a': "': a'",
    "'a'": "'''a'''",
    "it's": "it's",
    '"a"': '\'"a"\'',
    'say "a"': 'say "a"',
    '%a': "'%a'",
    '@a': "'@a'",
    '`a': "'`a'",
    '{a': "'{a'",
    '}a': "'}a'",
    '[a': "'[a'",
    ']a': "']a'",
    ',a': "',a'",
    'a,b': 'a,b',
    'a{b': 'a{b',
    '---': "'---'",
    '--- a': "'--- a'",
    '---a': "'---a'",
    '...': "'...'",
    'a ---': 'a ---',
    ' a': "' a'",
    'a ': "'a '",
    'a  b': 'a  b',
    '\ta': '"\\ta"',
    'a\tb': '"a\\tb"',
    'é': 'é',
    'ü x': 'ü x',
    '😀': '"\\U0001F600"',
    '\xa0': '\xa0',
    '\x85': '"\\N"',
    '\x7f': '"\\x7F"',
    '\x00': '"\\0"',
    '\x1b[0m': '"\\e[0m"',
    'a\nb': '|-\n  a\n  b',
    'a\nb\n': '|\n  a\n  b',
    'a\n\n': '|+\n  a\n',
    '\n': '|2+\n',
    '\n\n': '|2+\n\n',
    ' a\nb': '|2-\n   a\n  b',
    '\na': '|2-\n\n  a',
    'a \nb': '"a \\nb"',
    'a\n b': '|-\n  a\n   b',
    'a\nb ': '"a\\nb "',
    'a\tb\nc': '"a\\tb\\nc"',
    'a\r\nb': '"a\\r\\nb"',
    '<<': '<<',
    '=': '=',
    'v1.37.2': 'v1.37.2',
    '8760h0m0s': '8760h0m0s',
    '0s': '0s',
    '100m': '100m',
    '1e': '1e',
    '1e+': '1e+',
    '+1': '"+1"',
    '+': '+',
    '-0x1F': '"-0x1F"',
    '0x': '0x',
    '0b2': '0b2',
    '9223372036854775807': '"9223372036854775807"',
    '18446744073709551615': '"18446744073709551615"',
    '18446744073709551616': '"18446744073709551616"',
    '99999999999999999999': '"99999999999999999999"',
    '1.': '"1."',
    '_1': '_1',
    '1_': '"1_"',
    "x: 'y'": "'x: ''y'''",
    'sha256:abc': 'sha256:abc',
    'http://a:80/b': 'http://a:80/b',
    'C:\\x': 'C:\\x',
    'a\\b': 'a\\b',
}
# fmt: on


@pytest.mark.parametrize("text", GO, ids=repr)
def test_strings_are_written_as_go_writes_them(text: str) -> None:
    assert dump([text]) == f"- {GO[text]}\n"
    assert load(dump([text])) == [text]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (-5, "-5"), (2**63, "9223372036854775808"), (0.5, "0.5"), (3.0, "3"), (1e-7, "1e-07"), (1234567.5, "1.2345675e+06"),
     (123456.75, "123456.75"), (-0.001, "-0.001"), (1e21, "1e+21"), (0.00001, "1e-05"), (True, "true"), (None, "null")],
)  # fmt: skip
def test_numbers_and_words(number: Any, text: str) -> None:
    assert dump({"v": number}) == f"v: {text}\n"
    assert load(dump({"v": number})) == {"v": number}


def test_layout_is_that_of_kubernetes() -> None:
    value = {"b": [{"y": 1, "x": [[1, {"z": None}], []]}], "a": {"c": {}}, "A": "line 1\nline 2\n"}
    assert dump(value) == 'A: |\n  line 1\n  line 2\na:\n  c: {}\nb:\n- x:\n  - - 1\n    - z: null\n  - []\n  "y": 1\n'


def test_keys_are_in_gos_order() -> None:
    keys = ["b", "a10", "a9", "a-b", "a", "B", "a_c", "10", "9", ".x", "aB", "ab"]
    assert [line[:-4] for line in dump(dict.fromkeys(keys, 10)).splitlines()] == [
        ".x", '"9"', '"10"', "B", "a", "a-b", "a_c", "a9", "a10", "aB", "ab", "b",
    ]  # fmt: skip


def test_long_text_is_broken_where_go_breaks_it() -> None:
    words = "word " * 20 + "end"
    assert dump({"k": words}) == "k: " + "word " * 15 + "word\n  word word word word end\n"
    assert dump({"k": [f"'{words}"]}).splitlines()[2].startswith("  word")
    assert load(dump({"k": words, "l": [f"'{words}", f"\t{words}"]})) == {"k": words, "l": [f"'{words}", f"\t{words}"]}


def test_long_keys_are_written_as_go_writes_them() -> None:
    assert dump({"k" * 129: {"a": 1}, "a\nb": []}) == "? |-\n  a\n  b\n: []\n? " + "k" * 129 + "\n: a: 1\n"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert load(dump(value)) == value


@pytest.mark.parametrize(
    "value", [object(), {1, 2}, b"x", float("nan"), [float("inf")]], ids=lambda value: type(value).__name__
)
def test_what_json_cannot_hold_is_an_error(value: Any) -> None:
    with pytest.raises(KubephaseError, match="cannot be written as YAML"):
        dump(value)


def test_scalars_are_read_as_kubernetes_reads_them() -> None:
    text = "a: y\nb: 2026-01-02\nc: 0o17\nd: 017\ne: 1_000\nf: 1:30\n1: x\ntrue: z\ng: !!str 5\nh: ~\ni: '5'\nj: =\n"
    assert load(text) == {
        "a": True, "b": "2026-01-02", "c": 15, "d": 15, "e": 1000, "f": "1:30", "1": "x", "true": "z", "g": "5", "h": None,
        "i": "5", "j": "=",
    }  # fmt: skip


def test_aliases_and_merge_keys_are_followed() -> None:
    assert load("a: &x {b: 1, c: 2}\nd: *x\ne: {<<: *x, b: 3}\n") == {
        "a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 2}, "e": {"b": 3, "c": 2},
    }  # fmt: skip


def test_several_documents() -> None:
    assert load_all("a: 1\n---\n---\n- 2\n") == [{"a": 1}, None, [2]]
    with pytest.raises(KubephaseError, match="more than one YAML document"):
        load("a: 1\n---\nb: 2\n")


BOMB = "a: &a0 [x, x]\n" + "".join(f"b{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\na: 2", "line 2: key 'a' appears twice"),
        (BOMB, "more than 50000 nodes"),
        ("a: &a [*a]", "refers to nothing"),
        ("[" * 900_000, "nested too deeply"),
        ("- " * 300_000 + "x", "nested too deeply"),
        ("x" * 2_000_000, "too long"),
        ("a: !!python/object/apply:os.system [id]", "is not accepted"),
        ("a: !!int x", "is not accepted"),
        ("a: .inf", "is not a number"),
        ("[a]: b", "a key must be a string"),
        ("a: [", "not valid YAML"),
        (b"\xff\xfe\x00", "not"),
        ("a: \x01", "not valid YAML"),
        ("{<<: [1]}", "needs mappings"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_bad_documents_are_refused_quickly(text: Any, problem: str) -> None:
    begun = time.monotonic()
    with pytest.raises(KubephaseError, match="f: .*|f line .*") as caught:
        load(text, "f")
    assert problem in str(caught.value)
    assert time.monotonic() - begun < 5
