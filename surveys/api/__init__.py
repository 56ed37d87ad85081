"""REST resources of surveys."""
