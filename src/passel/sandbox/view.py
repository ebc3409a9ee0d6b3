"""The files that code in the sandbox can see: the interpreter, the system's libraries and programs, the packages."""

from __future__ import annotations

import os
import site
import stat
import sys
import sysconfig
from dataclasses import dataclass

__all__ = ["View", "view"]

_PACKAGES = "/packages"  # the folders of site-packages are below it, numbered
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/ld.so.cache", "/etc/alternatives")
_STORES = ("/nix/store", "/gnu/store")  # some systems keep all libraries there
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


@dataclass(frozen=True, slots=True)
class View:
    """Files and folders to show, read-only.

    Args:
        binds: pairs of a path outside and its path inside.
        links: pairs of a target and the link that leads to it.
        devices: character devices, at the same path inside.
        python: the interpreter, as a path inside.
        packages: folders inside, for the import path.
    """

    binds: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    devices: tuple[str, ...]
    python: str
    packages: tuple[str, ...]


def view(*, packages: bool) -> View:
    """The view for this interpreter. `packages`: whether it includes the site-packages of the environment."""
    binds: dict[str, str] = {}
    links = [("../tmp", "/dev/shm")]
    for path in _SYSTEM:
        if os.path.islink(path):
            links.append((os.readlink(path), path))
        elif os.path.exists(path):
            binds[path] = path
    base = os.path.realpath(sys.base_prefix)
    python = os.path.realpath(str(getattr(sys, "_base_executable", None) or sys.executable))
    for path in (base, sys.base_prefix, os.path.dirname(python), *_STORES):
        if os.path.isdir(path) and not _within(path, binds):
            binds[path] = path
    places = _site_packages() if packages else []
    shown = [f"{_PACKAGES}/{index}" for index in range(len(places))]
    binds |= dict(zip(places, shown, strict=True))
    return View(tuple(binds.items()), tuple(links), tuple(filter(_is_device, _DEVICES)), python, tuple(shown))


def _within(path: str, folders: dict[str, str]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def _site_packages() -> list[str]:
    places = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages())
    return [path for path in dict.fromkeys(map(os.path.realpath, places)) if os.path.isdir(path)]


def _is_device(path: str) -> bool:
    try:
        return stat.S_ISCHR(os.stat(path).st_mode)
    except OSError:
        return False
