"""Write the page's copy of what it and Python must agree on: `make contract`.

The facts stand in `onthefly_studio/contract.py`, the structures of files in `project/format/schema.py` there,
and that of `site.json` in `site/description.py`.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from onthefly_studio import contract
from onthefly_studio.config import HeadConfig
from onthefly_studio.contract import Setting
from onthefly_studio.places import TEMPLATE_ROOT
from onthefly_studio.project.format.schema import AboutModel, Described, HeadEntry, Settings
from onthefly_studio.site import description

_HEADER = """\
// Written by `make contract` from contract.py and project/format/schema.py in builder/onthefly_studio.

"""
_SITE_HEADER = """\
// Written by `make contract` from site/description.py and config.py in builder/onthefly_studio.

"""
SCHEMAS: tuple[tuple[str, str, type[BaseModel]], ...] = (
    ("projectSchema", "the object in `project.json`", Described),
    ("headSchema", "the object in `head.json`", HeadEntry),
    ("settingsSchema", "the settings of a training", Settings),
    ("modelSchema", "the object in an exported model's `onthefly.json`", AboutModel),
)
SITE: dict[type[BaseModel], str] = {
    HeadConfig: "HeadSettings",
    description.Asset: "Asset",
    description.Preprocess: "Preprocess",
    description.Backbone: "Backbone",
    description.Model: "Model",
    description.Golden: "Golden",
    description.Wasm: "Wasm",
    description.Site: "Site",
}
"""The models of `site.json`, and what the page calls each."""
_WORDS = ("list", "number", "oneOf", "optional", "record", "table", "text", "whole")
"""Of `project/schema.ts`."""


def text() -> str:
    """The module of facts."""
    facts: dict[str, tuple[str, Any]] = {
        "BACKENDS": ("In the order in which they are tried.", contract.BACKENDS),
        "TENSORFLOW_JS": ("The version that the page is built with.", contract.TENSORFLOW_JS),
        "CLASS_TONES": ("How many colours classes have.", contract.CLASS_TONES),
        "PICTURE_PIXELS": ("What a photo in a file may have at most.", contract.PICTURE_PIXELS),
        "HEAD_SETTINGS": (
            "What a visitor may set for training, by name.",
            {name: _setting(setting) for name, setting in contract.HEAD.items()},
        ),
        "HELD_OUT_PERCENT": ("Of every class's photos.", _setting(contract.HELD_OUT_PERCENT)),
        "TENSORS": ("Of the head, in their order in files.", contract.TENSORS),
        "PROJECT_FORMAT": ("A reader refuses a higher one.", contract.PROJECT_FORMAT),
        "PROJECT_KIND": ("What `project.json` says it is.", contract.PROJECT_KIND),
        "PROJECT_FILES": ("Names in a `project.zip`.", contract.PROJECT_FILES),
        "PROJECT_LIMITS": (
            "How much a `project.zip` may hold; bytes, pixels and counts.",
            {_camel(name): value for name, value in asdict(contract.PROJECT_LIMITS).items()},
        ),
        "MODEL_FORMAT": ("A reader refuses a higher one.", contract.MODEL_FORMAT),
        "MODEL_KIND": ("What `onthefly.json` says it is.", contract.MODEL_KIND),
    }
    parts = [
        f"/** {comment} */\nexport const {name} = {_literal(value)};\n"
        for name, (comment, value) in facts.items()
    ]
    return _HEADER + "\n".join(parts)


def schemas() -> str:
    """The module of checks: each JSON Schema in the words of `project/schema.ts`."""
    names: list[str] = []
    shared: list[str] = []
    exported: list[str] = []
    for name, comment, model in SCHEMAS:
        whole = model.model_json_schema(by_alias=True)
        for each, definition in whole.pop("$defs", {}).items():  # before those that use it
            if each not in names:
                names.append(each)
                shared.append(f"const {_constant(each)} = {_check(definition)};\n")
        made = _constant(model.__name__) if model.__name__ in names else _check(whole)
        exported.append(f"/** Of {comment}. */\nexport const {name} = {made};\n")
    code = "\n".join([*shared, *exported])
    used = [word for word in _WORDS if re.search(rf"\b{word}\(", code)]
    return f"{_HEADER}import {{ {', '.join(used)} }} from './schema.ts';\n\n{code}"


def _check(node: dict[str, Any]) -> str:
    """A JSON Schema as the call that makes its check.

    Raises:
        ValueError: nothing on the page checks such a schema.
    """
    kind, low, high = node.get("type"), node.get("minimum"), node.get("maximum")
    if "$ref" in node:
        return _constant(node["$ref"].rsplit("/", 1)[1])
    if "const" in node or "enum" in node:
        return f"oneOf({', '.join(map(json.dumps, node.get('enum', [node.get('const')])))})"
    if kind == "boolean":
        return "oneOf(true, false)"
    if kind == "integer" and low is not None and high is not None:
        return f"oneOf({low})" if low == high else f"whole({low}, {high})"
    if kind == "number":
        return f"number({_options(min=low, above=node.get('exclusiveMinimum'), max=high)})"
    if kind == "string":
        pattern = f"/{node['pattern']}/" if "pattern" in node else None
        return f"text({_options(min=node.get('minLength'), max=node.get('maxLength'), pattern=pattern)})"
    if kind == "array" and "maxItems" in node:
        return f"list({_check(node['items'])}, {node.get('minItems', 0)}, {node['maxItems']})"
    if kind == "object" and "properties" in node and node.get("additionalProperties") is False:
        required = node.get("required", [])
        checks = {name: _check(value) for name, value in node["properties"].items()}
        fields = [
            f"{name}: {check if name in required else f'optional({check})'}" for name, check in checks.items()
        ]
        return f"record({{ {', '.join(fields)} }})"
    if kind == "object" and "maxProperties" in node:
        names = _check({"type": "string", **node["propertyNames"]})
        return f"table({names}, {_check(node['additionalProperties'])}, {node['maxProperties']})"
    raise ValueError(f"no check for {node}")


def site_types() -> str:
    """The module with the types of what the page is told of its site."""
    backends = f"/** What may compute. */\nexport type BackendName = {_union(contract.BACKENDS)};\n"
    return _SITE_HEADER + "\n".join([backends, *(_interface(model) for model in SITE)])


def _interface(model: type[BaseModel]) -> str:
    """A model as TypeScript, without what only builds need."""
    schema = model.model_json_schema(by_alias=True, mode="serialization")
    comments = _comments(model)
    lines = []
    for name, field in model.model_fields.items():
        if model is description.Site and name in description.FOR_BUILDS:
            continue
        key = field.serialization_alias or name
        kind = schema["properties"][key]
        choices = [each for each in kind.get("anyOf", [kind]) if each.get("type") != "null"]
        mark = "?" if len(choices) < len(kind.get("anyOf", [kind])) else ""
        if comment := comments.get(name) or field.description:
            lines.append(f"  /** {comment[0].upper()}{comment[1:].rstrip('.')}. */")
        lines.append(f"  {key}{mark}: {' | '.join(map(_type, choices))};")
    head = f"/** {inspect.cleandoc(model.__doc__ or '')} */\nexport interface {SITE[model]} {{"
    return "\n".join([head, *lines, "}\n"])


def _comments(model: type[BaseModel]) -> dict[str, str]:
    """The text below each field of a model."""
    (tree,) = ast.parse(inspect.getsource(model)).body
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for field, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
            assert isinstance(field.target, ast.Name)
            found[field.target.id] = " ".join(str(ast.literal_eval(below.value)).split())
    return found


def _type(node: dict[str, Any]) -> str:
    """A JSON Schema as a type of TypeScript.

    Raises:
        ValueError: none is known for it.
    """
    kind = node.get("type")
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[1]
        return next(called for model, called in SITE.items() if model.__name__ == name)
    if "enum" in node:
        return "BackendName" if node["enum"] == list(contract.BACKENDS) else _union(node["enum"])
    if kind in ("integer", "number"):
        return "number"
    if kind == "string":
        return "string"
    if kind == "array":
        return f"{_type(node['items'])}[]"
    if kind == "object" and "propertyNames" in node:
        return f"Record<{_type(node['propertyNames'])}, {_type(node['additionalProperties'])}>"
    raise ValueError(f"no type for {node}")


def _union(values: Iterable[str]) -> str:
    return " | ".join(f"'{value}'" for value in values)


def _options(**given: object) -> str:
    named = [f"{name}: {value}" for name, value in given.items() if value is not None]
    return f"{{ {', '.join(named)} }}" if named else ""


def _constant(name: str) -> str:
    return name[0].lower() + name[1:]


def _setting(setting: Setting) -> dict[str, Any]:
    return {
        "default": setting.default,
        "min": setting.minimum,
        "max": setting.maximum,
        "whole": setting.whole,
        "above": setting.exclusive,
    }


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


def _literal(value: Any) -> str:
    if isinstance(value, tuple):
        return f"{json.dumps(value)} as const"
    return json.dumps(value, indent=2 if isinstance(value, dict) else None)


def files() -> dict[Path, str]:
    """What is written, by its place."""
    source = TEMPLATE_ROOT / "src"
    return {
        source / "contract.ts": text(),
        source / "site.ts": site_types(),
        source / "project" / "schemas.ts": schemas(),
    }


def main() -> None:
    """Write them."""
    for path, contents in files().items():
        path.write_text(contents, "utf-8")


if __name__ == "__main__":
    main()
