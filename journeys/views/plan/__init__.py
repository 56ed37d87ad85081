"""Pages of the success plan."""
