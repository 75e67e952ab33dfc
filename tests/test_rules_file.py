"""Show that a rules file which cannot be read whole enrols nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from afk.core.config import Config, ConfigError
from afk.settings import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOME = {"HOME": "/home/me"}


def refused(environ: dict[str, str], cwd: Path) -> str:
    with pytest.raises(ConfigError) as error:
        load(environ, cwd)
    return str(error.value)


def folder_of_rules(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def dangling_link(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def latin(path: Path) -> None:
    path.write_bytes(b"# caf\xe9\n")


def large(path: Path) -> None:
    path.write_bytes(b"#" * (1 << 20) + b"\n")


def broken(path: Path) -> None:
    path.write_text("[limits\n", encoding="utf-8")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(folder_of_rules, " is no regular file: point AFK_CONFIG to the rules file.", id="folder"),
        pytest.param(pipe, " is no regular file: point AFK_CONFIG to the rules file.", id="pipe"),
        pytest.param(
            dangling_link,
            " cannot be read (No such file or directory): correct AFK_CONFIG, or put the rules file there.",
            id="link to nowhere",
        ),
        pytest.param(
            link_to_itself,
            " cannot be read (Too many levels of symbolic links): correct AFK_CONFIG, or put the rules file there.",
            id="link to itself",
        ),
        pytest.param(latin, " is not UTF-8 (byte 5): save the rules file as UTF-8.", id="another encoding"),
        pytest.param(large, " is larger than 1 MiB: point AFK_CONFIG to the rules file.", id="large"),
        pytest.param(
            broken,
            " is not TOML: Expected ']' at the end of a table declaration (at line 1, column 8). "
            "Correct the file, then run `afk doctor`.",
            id="broken",
        ),
    ],
)
def test_a_rules_file_that_cannot_be_read_enrols_nothing(tmp_path, make: Callable[[Path], None], said):
    make(tmp_path / "afk.toml")

    assert refused(HOME, tmp_path) == f"{tmp_path}/afk.toml{said}"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gone.toml", "gone.toml cannot be read (No such file or directory)"),
        ("x" * 300, f"{'x' * 300} cannot be read (File name too long)"),
    ],
    ids=["missing", "long name"],
)
def test_a_named_rules_file_must_be_there(tmp_path, name, said):
    line = refused({**HOME, "AFK_CONFIG": name}, tmp_path)

    assert line == f"{tmp_path}/{said}: correct AFK_CONFIG, or put the rules file there."


def test_a_file_as_large_as_allowed_is_read(tmp_path):
    (tmp_path / "afk.toml").write_bytes(b"#" * ((1 << 20) - 1) + b"\n")

    assert load(HOME, tmp_path).config == Config()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a\x00b", "'ab'"),
        ("https://me:sesame@git.example/afk.toml", "a value that looks like a credential (not shown)"),
    ],
    ids=["no name", "URL"],
)
def test_what_is_no_path_does_not_fall_back_to_the_working_directory(tmp_path, name, said):
    (tmp_path / "afk.toml").write_text("", encoding="utf-8")

    assert refused({**HOME, "AFK_CONFIG": name}, tmp_path) == (
        f"AFK_CONFIG is {said}, but must be the path of a file, absolute or from the working directory. "
        "Correct it, then run `afk doctor`."
    )
