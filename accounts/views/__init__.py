"""Pages: thin functions from a request to a rendered answer, one module per subject."""
