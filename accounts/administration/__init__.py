"""Django admin inside one workspace: the one the session has chosen."""
