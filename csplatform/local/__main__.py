"""`python -m csplatform.local`: run, stop, reset, services, exec."""

from __future__ import annotations

import argparse
import os
import sys

from csplatform.local import commands
from csplatform.local.errors import LocalError, StopRequested
from csplatform.local.state import state_path
from csplatform.local.terminal import say


def main() -> int:
    """Parse the command line and run the command; a failure is one line on stderr and code 1."""
    parser = argparse.ArgumentParser(prog="python -m csplatform.local", description=__doc__)
    parser.add_argument("--state", help="state folder (default: LOCAL_STATE, else .local)")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("run", help="services, web, worker and scheduler in the foreground")
    actions.add_parser("services", help="PostgreSQL and Valkey only, in the foreground")
    actions.add_parser("stop", help="stop what runs on the state, or what a killed run left")
    reset = actions.add_parser("reset", help="delete the state after asking")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    execute = actions.add_parser("exec", help="run a command with the services, started for it when none run")
    execute.add_argument("--state", dest="exec_state", help=argparse.SUPPRESS)
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND ...")
    given = parser.parse_args()
    path = state_path(getattr(given, "exec_state", None) or given.state)
    try:
        match given.action:
            case "run":
                return commands.run(path, os.environ)
            case "services":
                return commands.services(path, os.environ)
            case "stop":
                return commands.stop(path)
            case "reset":
                return commands.reset(path, ask=not given.yes)
            case _:
                command = given.command[1:] if given.command[:1] == ["--"] else given.command
                return commands.execute(path, os.environ, command)
    except LocalError as error:
        say(str(error))
        return 1
    except (StopRequested, KeyboardInterrupt):
        return 130


if __name__ == "__main__":
    sys.exit(main())
