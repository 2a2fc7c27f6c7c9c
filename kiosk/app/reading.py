"""One pass over a settings file: section after section is checked, and problems are collected.

It remembers where each value came from, so that a message can name the line and `config show` the
origin. What is wrong with one section does not hide what is wrong with the next.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from kiosk.app import environment
from kiosk.app.config_file import Document, Key
from kiosk.app.config_problems import LAST, Problem, in_words, raise_all
from kiosk.app.nearest import did_you_mean, nearest

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an effective value comes from: a line of the file, a variable, or the default."""

    name: str
    line: int | None = None

    def __str__(self) -> str:
        """Return `FILE:LINE`, the variable's name, or `default`."""
        return self.name if self.line is None else f"{self.name}:{self.line}"


DEFAULT = Origin("default")


@dataclass(slots=True)
class Reading:
    """The state of one pass; used by one thread and then dropped.

    `unread` are the beginnings of keys that nobody checks this time: the settings of an adapter
    that is not in use, or that could not be loaded. `left_out` are adapters that a list can do
    without here, and why. `above` is what onboarding left, over the file and under the environment;
    where the kiosk `waits_for_code`, what it will leave.
    """

    document: Document
    environ: Mapping[str, str]
    above: Document | None = None
    waits_for_code: bool = False
    problems: list[Problem] = field(default_factory=list)
    origins: dict[Key, Origin] = field(default_factory=dict)
    checked: dict[Key, BaseModel] = field(default_factory=dict)
    known: set[Key] = field(default_factory=set)
    unread: set[Key] = field(default_factory=set)
    left_out: dict[str, str] = field(default_factory=dict)
    _meant: set[str] = field(default_factory=set)

    def check_sections(self, names: Collection[str]) -> None:
        """Find what stands at the top of the file and is no section."""
        for name, value in self.document.values.items():
            if name in names:
                continue
            if isinstance(value, Mapping):
                near = nearest(name, names)
                self._meant.update([near] if near else [])
                text = f"no such section{did_you_mean(name, names)}; known: {', '.join(names)}"
                self.complain((name,), text)
            else:
                self.complain((name,), "stands in no section; move it below its [section] line")

    def raw(self, section: Key) -> dict[str, Any] | None:
        """Return what the files say in a section; None where they have no such section.

        A value where the section should be is a problem, and an empty section.
        """
        below, over = self._in_file(section), self._above(section)
        return below if over is None or section in self.unread else {**(below or {}), **over}

    def _above(self, section: Key) -> Mapping[str, Any] | None:
        if self.above is None or len(section) != 1:
            return None
        return self.above.values.get(section[0])

    def _in_file(self, section: Key) -> dict[str, Any] | None:
        value: Any = self.document.values
        for end, name in enumerate(section, 1):
            if name not in value:
                return None
            value = value[name]
            if not isinstance(value, Mapping):
                if end == len(section):
                    dotted = ".".join(section)
                    self.complain(section, f"is a section: write [{dotted}] on a line of its own")
                self.unread.add(section)
                return None if end < len(section) else {}
        return dict(value)

    def is_missing(self, section: str, add: str) -> bool:
        """Tell whether a required section is missing, and say so, once, with what to add."""
        if section in self.document.values or self._above((section,)) is not None:
            return False
        if any(key[0] == section for key in environment.variables(self.environ)):
            return False
        self.unread.add((section,))
        if section not in self._meant:
            text = f"this section is missing; add the line [{section}] and below it {add}"
            self.complain((section,), text, line=self.document.length_lines)
        return True

    def check(
        self,
        section: Key,
        model: type[BaseModel],
        *,
        values: Mapping[str, Any] | None = None,
        beside: Collection[str] = (),
    ) -> None:
        """Check one section against its model; `take` hands out the result.

        `values` replaces what the file says; `beside` are names that the section holds besides
        the model's own keys, and that are checked elsewhere.
        """
        if section in self.unread:
            return
        given = (self.raw(section) or {}) if values is None else values
        if section in self.unread:
            return
        overrides = environment.overrides(section, model, self.environ)
        merged = {name: value for name, value in given.items() if name not in beside} | overrides
        self.known.update((*section, name) for name in model.model_fields)
        for name in model.model_fields:
            self.origins[(*section, name)] = self.origin((*section, name), found=name in merged)
        try:
            self.checked[section] = model.model_validate(merged)
        except ValidationError as error:
            self._explain(section, model, error, beside)

    def take(self, section: Key, model: type[Model]) -> Model:
        """Return a section that was checked and found right."""
        value = self.checked[section]
        if not isinstance(value, model):
            raise TypeError(f"{'.'.join(section)} is a {type(value).__name__}")
        return value

    def origin(self, key: Key, *, found: bool = True) -> Origin:
        """Return where a key's value comes from; not `found`: the default."""
        name = environment.variables(self.environ).get(key)
        if name is not None:
            return Origin(name)
        if not found:
            return DEFAULT
        if self.above is not None and key in self.above.lines:
            return Origin(str(self.above.path), self.above.line_of(key))
        return Origin(str(self.document.path), self.document.line_of(key))

    def is_overridden(self, key: Key) -> bool:
        """Tell whether the environment gives a key its value."""
        return key in environment.variables(self.environ)

    def complain(
        self, key: Key, text: str, value: str | None = None, *, line: int | None = None
    ) -> None:
        """Remember a problem with a key, where that key stands."""
        origin = self.origin(key)
        if line is not None:
            origin = Origin(str(self.document.path), line)
        order = LAST if origin.line is None else origin.line
        self.problems.append(Problem(str(origin), ".".join(key), text, value, order))

    def finish(self) -> None:
        """Check what can be checked only at the end, and raise what was found.

        Raises:
            SettingsError: A line for each problem.
        """
        unread = tuple(self.unread)
        environ = {
            name: value
            for name, value in self.environ.items()
            if not any(environment.key_of(name)[: len(key)] == key for key in unread)
        }
        self.problems += environment.unknown(environ, self.known)
        raise_all(self.problems)

    def _explain(
        self,
        section: Key,
        model: type[BaseModel],
        error: ValidationError,
        beside: Iterable[str],
    ) -> None:
        found = error.errors(include_url=False)
        misspelt = [str(e["loc"][0]) for e in found if e["type"] == "extra_forbidden"]
        meant = {nearest(name, model.model_fields) for name in misspelt}
        told: set[Key] = set()
        for each in found:
            wrong = in_words(each, model, beside)
            if wrong.key in told or (each["type"] == "missing" and wrong.key[0] in meant):
                continue  # one line for one mistake
            told.add(wrong.key)
            self.complain((*section, *wrong.key), wrong.text, wrong.value)
