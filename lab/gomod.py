"""A go.mod of our own around another project's commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def render(
    module: str,
    version: str,
    go: str,
    packages: Sequence[str],
    *,
    replace: Mapping[str, str] | None = None,
    godebug: Mapping[str, str] | None = None,
) -> str:
    """One required module; its commands as tools, so that `go mod tidy` keeps all they need."""
    lines = ["module kubephase.example/build", "", f"go {go}", ""]
    lines += [f"godebug {key}={value}" for key, value in (godebug or {}).items()]
    lines += [f"require {module} {version}", ""]
    if replace:
        lines += ["replace (", *(f"\t{path} => {path} {to}" for path, to in replace.items()), ")", ""]
    if packages:
        lines += ["tool (", *(f"\t{package}" for package in packages), ")", ""]
    return "\n".join(lines)


def staging_replacements(go_mod: Mapping[str, object], version: str) -> dict[str, str]:
    """k8s.io/kubernetes 1.Y.Z requires its staging modules as v0.0.0; they are published as v0.Y.Z.

    go_mod is what `go mod edit -json` prints of it.
    """
    _major, minor, patch = version.split(".")
    required = go_mod.get("Require")
    return {
        str(item["Path"]): f"v0.{minor}.{patch}"
        for item in (required if isinstance(required, list) else [])
        if item["Version"] == "v0.0.0"
    }
