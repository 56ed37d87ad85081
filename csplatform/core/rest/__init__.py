"""What every REST resource shares and no app owns: problems, parsing, paging, filters, versions, idempotency, limits."""
