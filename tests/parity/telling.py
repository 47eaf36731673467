# Copyright (c) 2026 kubephase contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubeadm is told, in the collection's words: documents, arguments and environment as variables."""

from __future__ import annotations

import argparse
from typing import Any

from lab.golden_cases import Case

INIT_ARGUMENTS: dict[str, dict[str, Any]] = {"--upload-certs": {"kubephase_upload_certs": True}}


class NotPlayed(Exception):
    """The collection has no counterpart, or the case needs something that is not done here."""


def variables(case: Case, config_file: str) -> dict[str, Any]:
    given: dict[str, Any] = {"kubephase_config_file": config_file}
    proxies = {name: value for name, value in case.environment.items() if name.lower().endswith("_proxy")}
    if proxies:
        given["kubephase_proxy_env"] = proxies
    if case.kind == "token":
        return {**given, **_token(case.arguments)}
    for argument in case.arguments:
        if argument not in INIT_ARGUMENTS:
            raise NotPlayed(f"argument {argument}")
        given.update(INIT_ARGUMENTS[argument])
    return given


def _token(arguments: list[str]) -> dict[str, Any]:
    """kubeadm token create: a given token is declared, else a new one is made."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("command", choices=["create", "generate"])
    parser.add_argument("token", nargs="?")
    for name in ("--ttl", "--description", "--certificate-key"):
        parser.add_argument(name)
    for name in ("--usages", "--groups"):
        parser.add_argument(name, type=lambda text: text.split(","))
    parser.add_argument("--print-join-command", action="store_true")
    told = parser.parse_args(arguments)
    if told.command != "create":
        raise NotPlayed(f"no counterpart: kubeadm token {told.command}")
    said = {name: getattr(told, name) for name in ("ttl", "description", "usages", "groups")}
    fields = {name: value for name, value in said.items() if value is not None}
    if fields.get("ttl") == "0":
        fields["ttl"] = "0s"
    return {
        "parity_tokens": [{"token": told.token, **fields}] if told.token else [],
        "parity_generate": None if told.token else fields,
        "parity_join_command": told.print_join_command,
        "parity_certificate_key": told.certificate_key or "",
    }
