"""Nothing that opens a door leaves a host: tokens and credentials in what is stored or compared."""

from __future__ import annotations

import re
from typing import Any

_KUBECONFIG = re.compile(r"((?:certificate-authority|client-certificate|client-key)-data|token): \S+")
_TOKEN = re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b")

TOKEN_ID = "tokenid"


def mask_token(text: str) -> str:
    """Bootstrap tokens in a text."""
    return _TOKEN.sub("MASKED", text)


def mask_object(item: dict[str, Any]) -> dict[str, Any]:
    """An API object with its credentials, and names that are random, replaced."""
    if item["kind"] == "Secret":
        name = re.sub(r"^bootstrap-token-.*", f"bootstrap-token-{TOKEN_ID}", item["metadata"]["name"])
        secret = ("token-id", "token-secret", "expiration")
        data = {key: "MASKED" if key in secret else value for key, value in item["data"].items()}
        return {**item, "metadata": {**item["metadata"], "name": name}, "data": data}
    if item["kind"] == "ConfigMap":
        data = {}
        for key, value in item.get("data", {}).items():
            if key.startswith("jws-kubeconfig-"):
                data[f"jws-kubeconfig-{TOKEN_ID}"] = "MASKED"
            else:
                data[key] = _KUBECONFIG.sub(r"\1: MASKED", mask_token(value))
        return {**item, "data": data}
    return item
