#!/usr/bin/env python
"""Management commands; finds the running local services by itself."""

import os
import sys


def main() -> None:
    """Run the command of the command line. What an operator has to put right is said in one line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "csplatform.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import connection
    from django.db.utils import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, OperationalError) as error:
        # A connection that broke while at work is a fault to look into, not a setting to correct.
        broken = isinstance(error, OperationalError) and connection.connection is not None
        if broken or "--traceback" in sys.argv:
            raise
        sys.exit(" ".join(str(error).split()))


if __name__ == "__main__":
    main()
