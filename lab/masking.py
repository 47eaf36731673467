"""Nothing that opens a door leaves a host: tokens and credentials in what is stored or compared."""

from __future__ import annotations

import re
from typing import Any

_KUBECONFIG = re.compile(r"((?:certificate-authority|client-certificate|client-key)-data|token): \S+")
_TOKEN_NAME = re.compile(r"^bootstrap-token-.*")
_TOKEN = re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b")

TOKEN_ID = "tokenid"
TOKEN_NAME = f"bootstrap-token-{TOKEN_ID}"


def mask_token(text: str) -> str:
    """Bootstrap tokens in a text."""
    return _TOKEN.sub("MASKED", text)


def mask_object(item: dict[str, Any]) -> dict[str, Any]:
    """An API object with its credentials, and names that are random, replaced."""
    if item["kind"] == "Secret":
        return _secret(item)
    if item["kind"] == "ConfigMap":
        data = {}
        for key, value in item.get("data", {}).items():
            if key.startswith("jws-kubeconfig-"):
                data[f"jws-kubeconfig-{TOKEN_ID}"] = "MASKED"
            else:
                data[key] = _KUBECONFIG.sub(r"\1: MASKED", mask_token(value))
        return {**item, "data": data}
    return item


def _secret(item: dict[str, Any]) -> dict[str, Any]:
    """Of a token, what opens the door; of any other Secret, every value."""
    name = item["metadata"]["name"]
    hidden = ("token-id", "token-secret", "expiration") if _TOKEN_NAME.match(name) else tuple(item.get("data") or {})
    metadata = {**item["metadata"], "name": _TOKEN_NAME.sub(TOKEN_NAME, name)}
    if "ownerReferences" in metadata:
        owners = metadata["ownerReferences"]
        metadata["ownerReferences"] = [
            {**each, "name": _TOKEN_NAME.sub(TOKEN_NAME, each["name"]), "uid": ""} for each in owners
        ]
    data = {key: "MASKED" if key in hidden else value for key, value in (item.get("data") or {}).items()}
    return {**item, "metadata": metadata, "data": data}
