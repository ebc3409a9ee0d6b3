"""The command line. A command is a file in this folder, found by its name and loaded when it is called."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from passel.core.errors import PasselError, UsageError
from passel.core.registry import find, names

__all__ = ["main"]

EXIT_ERROR, EXIT_USAGE, EXIT_BUDGET, EXIT_INTERRUPTED = 1, 2, 3, 130


class _Commands(click.Group):
    """The files of this folder as commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return names("cli")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        try:
            command = find("cli", cmd_name, "command")
        except UsageError as error:
            raise click.UsageError(str(error)) from None
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands with their first sentences; no command is loaded for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _summary(name)) for name in self.list_commands(ctx)])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Completes the name of a command; no command is loaded for it."""
        commands = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        return [CompletionItem(name, help=_summary(name)) for name in commands] + click.Command.shell_complete(
            self, ctx, incomplete
        )


def _summary(name: str) -> str:
    """The first sentence of a command's docstring, read from its file without loading it."""
    file = Path(__file__).parent / f"{name}.py"
    if not file.is_file():
        return find("cli", name).__doc__ or ""
    functions = [node for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]
    docstring = next((ast.get_docstring(node) or "" for node in functions if node.name == name), "")
    return " ".join(docstring.split("\n\n")[0].split()).partition(". ")[0].rstrip(".")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="passel", message="%(prog)s %(version)s")
def commands() -> None:
    """Passel: many passes, one answer. Runs inference-time methods over any language model and measures what each
    pass bought."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code.

    0: done. 1: a failure of a model, file or network. 2: a usage error, reported in one line. 3: the budget ended the
    run. 130: interrupted.
    """
    try:
        return commands.main(arguments, prog_name="passel", standalone_mode=False) or 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        return _say(_one_line(error.format_message()), EXIT_USAGE)
    except UsageError as error:
        return _say(str(error), EXIT_USAGE)
    except (click.ClickException, PasselError) as error:
        return _say(_one_line(str(error)), EXIT_ERROR)
    except (click.Abort, KeyboardInterrupt):
        return _say("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # the program that read our output has ended
        return EXIT_ERROR
    except OSError as error:  # a folder that cannot be written, a disk that is full
        return _say(_one_line(str(error)), EXIT_ERROR)


def _say(message: str, code: int) -> int:
    click.echo(f"passel: {message}", err=True)
    return code


def _one_line(text: str) -> str:
    return " ".join(text.split())
