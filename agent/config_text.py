"""The text behind the configuration: reading and merging TOML files, and finding the line that is to blame."""

from __future__ import annotations

import enum
import re
import tomllib
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, Union, get_args, get_origin

import msgspec

KeyPath = tuple[str | int, ...]

_VALIDATION = re.compile(r"(?P<problem>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_FIELD = re.compile(r"Object (?:contains unknown|missing required) field `(?P<name>.*)`")
_SYNTAX_LINE = re.compile(r"\(at line (\d+)")
_SHOWN = 60  # characters of a wrong value

OVERRIDES: Final = Path("command line")  # how an error names the file that is none


class ConfigError(Exception):
    """The configuration cannot be used. `line` is None where no single line is to blame."""

    def __init__(self, file: Path, line: int | None, key: str, problem: str) -> None:
        place = f"{file}:{line}" if line else str(file)
        super().__init__(f"{place}: {key}: {problem}" if key else f"{place}: {problem}")
        self.file = file
        self.line = line
        self.key = key
        self.problem = problem


class Document:
    """The merged content of several TOML files. A later file's value replaces an earlier one's, tables are merged."""

    def __init__(self, files: dict[Path, str]) -> None:
        """Parse and merge texts in this order. Raises `ConfigError` for what is no TOML."""
        self._files = files
        self.merged: dict[str, Any] = {}
        for file, text in files.items():
            try:
                _merge(self.merged, tomllib.loads(text))
            except tomllib.TOMLDecodeError as error:
                found = _SYNTAX_LINE.search(str(error))
                raise ConfigError(file, int(found[1]) if found else None, "", f"no valid TOML: {error}") from error

    @classmethod
    def read(cls, path: Path, overrides: str = "") -> Self:
        """Read `evse.toml`, the drop-ins of `evse.d` in the order of their names, `overrides`. Raises `ConfigError`."""
        files = {}
        for file in [path, *sorted(path.with_suffix(".d").glob("*.toml"))]:
            try:
                files[file] = file.read_text("utf-8")
            except OSError as error:
                raise ConfigError(file, None, "", f"cannot be read: {error.strerror}") from error
            except UnicodeDecodeError as error:
                raise ConfigError(file, None, "", f"is no UTF-8 text: {error}") from error
        return cls(files | {OVERRIDES: overrides})

    def error(self, key: KeyPath, problem: str) -> ConfigError:
        """The problem with its place: the last file that has the key or, when none has, its table."""
        for length in range(len(key), 0, -1):
            for file, text in reversed(self._files.items()):
                line = _line_of(key[:length], text)
                if line is not None:
                    return ConfigError(file, line, _spelled(key), problem)
        return ConfigError(next(iter(self._files)), None, _spelled(key), problem)

    def translate(self, error: msgspec.ValidationError, model: type[msgspec.Struct]) -> ConfigError:
        """A validation error of `model` in the words of the file."""
        match = _VALIDATION.fullmatch(str(error))
        problem, path_text = (match["problem"], match["path"] or "") if match else (str(error), "")
        key: KeyPath = tuple(name or int(index) for name, index in _STEP.findall(path_text))
        field = _FIELD.fullmatch(problem)
        if field is not None and "unknown" in problem:
            names = [one.encode_name for one in msgspec.structs.fields(_type_at(model, key))]
            return self.error((*key, field["name"]), f"no such key here{did_you_mean(field['name'], names)}")
        if field is not None:
            return self.error((*key, field["name"]), "is missing")
        value = _at(self.merged, key)
        if problem.startswith("Invalid enum value"):
            choices = _choices(_type_at(model, key))
            problem = f"expected one of {', '.join(map(repr, choices))}"
            if isinstance(value, str):
                problem += did_you_mean(value, [one for one in choices if isinstance(one, str)])
        got = "" if isinstance(value, dict | list) or "got" in problem else f", got {str(value)[:_SHOWN]!r}"
        return self.error(key, f"{problem[0].lower()}{problem[1:]}{got}".replace("`", ""))


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A hint at the most similar word, if one is similar."""
    import difflib  # only a mistake needs it

    similar = difflib.get_close_matches(word, words, n=1)
    return f"; did you mean {similar[0]!r}?" if similar else ""


def _merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value


def _line_of(key: KeyPath, text: str) -> int | None:
    """The line on which the statement begins that first gives the key a value.

    Found by parsing ever more of the text: exact for every way in which TOML can write a key, and only done on errors.
    """
    lines = text.splitlines(keepends=True)
    begin = 1
    for end in range(1, len(lines) + 1):
        try:
            data = tomllib.loads("".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue  # in the middle of a value
        try:
            _at(data, key)
        except (KeyError, IndexError, TypeError):
            begin = end + 1
        else:
            return begin
    return None


def _at(data: Any, key: KeyPath) -> Any:
    for step in key:
        data = data[step]
    return data


def _spelled(key: KeyPath) -> str:
    """`("evse", 0, "id")` as a person writes it: "evse[1].id", counted from 1 as EVSEs are."""
    text = ""
    for step in key:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def _type_at(model: Any, key: KeyPath) -> Any:
    """The type of a key within nested structs and sequences of them."""
    kind = _bare(model)
    for step in key:
        if isinstance(step, int):
            kind = _bare(get_args(kind)[0])
        else:
            kind = _bare({one.encode_name: one.type for one in msgspec.structs.fields(kind)}[step])
    return kind


def _bare(kind: Any) -> Any:
    """A type without its constraints and without None."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in {Union, types.UnionType}:
        return _bare(next(one for one in get_args(kind) if one is not type(None)))
    return kind


def _choices(kind: Any) -> list[Any]:
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    return [one.value for one in kind] if isinstance(kind, type) and issubclass(kind, enum.Enum) else []
