"""What REST resources share and no app owns: problems, parsing, paging, filters, versions, idempotency, limits."""
