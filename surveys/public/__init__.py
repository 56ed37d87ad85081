"""Pages for everybody: answering, receipts, and what surrounds them. No account, no session, nothing from elsewhere."""
